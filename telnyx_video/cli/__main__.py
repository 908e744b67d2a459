"""The command line as a program."""

import sys

from telnyx_video.cli import main

sys.exit(main())
