"""Outages of the server as a whole: nobody can connect, or every answer is 503."""

import asyncio
from functools import partial
from typing import Literal

from telnyx_video.sandbox.faults.conduct import Faults
from telnyx_video.sandbox.gate import Gate

Kind = Literal["refuse", "503"]
"""Refused and cut connections, or an answer that tells of it."""

KINDS: tuple[Kind, ...] = ("refuse", "503")


class Outage:
    """Begins and ends outages. For use on the loop that serves only.

    Args:
        faults: Says 503 while it is told to.
        gate: Refuses connections while it is closed.
    """

    def __init__(self, faults: Faults, gate: Gate) -> None:
        self._faults = faults
        self._gate = gate
        self._timer: asyncio.TimerHandle | None = None

    @property
    def is_on(self) -> bool:
        """Whether there is an outage of either kind."""
        return self._faults.is_out or not self._gate.is_open

    def begin(self, kind: Kind, seconds: float | None = None) -> None:
        """Begin an outage, in place of any other, that ends by itself after these seconds."""
        self._change(kind)
        if seconds is not None:
            self._timer = asyncio.get_running_loop().call_later(
                seconds, partial(self._change, None)
            )

    def end(self) -> None:
        """End the outage, if there is one."""
        self._change(None)

    def close(self) -> None:
        """Stop the clock."""
        if self._timer is not None:
            self._timer.cancel()

    def _change(self, kind: Kind | None) -> None:
        self.close()
        self._faults.is_out = kind == "503"
        if kind == "refuse":
            self._gate.close()
        else:
            self._gate.open()
