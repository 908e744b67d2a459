"""The command line: ``telnyx-video create``, ``batch``, ``list`` and the rest.

Built on Typer and Rich from the extra ``cli``. This module imports neither, so that a missing
extra ends in a sentence.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence

from telnyx_video.cli.streams import show_loading

__all__ = ["main"]


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command.

    Args:
        argv: The arguments without the program's name; by default those of the process.

    Returns:
        The exit code: 0 all done, 1 failed, 2 bad usage or input and nothing sent, 3 unknown, 4
        created but the reply was unreadable, 130 after Ctrl-C, 143 after SIGTERM.
    """
    try:
        with show_loading():
            from telnyx_video.cli.app import run
        return run(sys.argv[1:] if argv is None else list(argv))
    except KeyboardInterrupt:  # before a command started, or after it ended
        return 130
    except ModuleNotFoundError as error:
        missing = (error.name or "").partition(".")[0]
        if missing not in ("rich", "typer"):
            raise
        sys.stderr.write(
            f"telnyx-video needs {missing}, which is not installed: "
            "pip install 'telnyx-video[cli]'\n"
        )
        return 2
