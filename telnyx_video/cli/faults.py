"""The plan of faults that a sandbox is to follow, from a file."""

from __future__ import annotations

from typing import TYPE_CHECKING

from telnyx_video.cli.failures import CommandError
from telnyx_video.cli.terminal import named

if TYPE_CHECKING:
    from telnyx_video.sandbox import FaultPlan


def read_faults(path: str | None) -> FaultPlan:
    """The plan in a file; without a file, no faults.

    Raises:
        CommandError: it cannot be read or followed; each flaw is named.
    """
    if path is None:
        return ()
    # Loaded with the sandbox that is to have the faults, and not for anybody else.
    from telnyx_video.sandbox import FaultPlanError, load_faults

    try:
        return load_faults(path)
    except FaultPlanError as error:
        raise CommandError([f"{named(path)}: {flaw}" for flaw in error.flaws]) from None
    except OSError as error:
        raise CommandError([f"{named(path)} cannot be read: {error.strerror}"]) from None
