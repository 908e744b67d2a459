"""``python -m telnyx_video``: the command line where no script is installed."""

import runpy

runpy.run_module("telnyx_video.cli", run_name="__main__", alter_sys=True)
