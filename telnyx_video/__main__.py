"""``python -m telnyx_video``: the command line where no script is installed."""

from __future__ import annotations

import sys

from telnyx_video.cli import main

sys.exit(main())
