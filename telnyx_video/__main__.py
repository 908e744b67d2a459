"""``python -m telnyx_video``: the command line."""

import sys
from importlib import import_module

sys.exit(import_module("telnyx_video.cli").main())
