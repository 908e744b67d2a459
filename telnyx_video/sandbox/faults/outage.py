"""Outages of the whole server: connections are refused, or every answer is 503."""

import asyncio
from functools import partial
from typing import Literal

from telnyx_video.sandbox.faults.inject import Faults
from telnyx_video.sandbox.port import Port

Kind = Literal["refuse", "503"]
"""Connections are refused and cut, or every answer is 503."""

KINDS: tuple[Kind, ...] = ("refuse", "503")


class Outage:
    """Starts and ends outages. Must be used on the loop that serves.

    Args:
        faults: Answers 503.
        port: Refuses connections.
    """

    def __init__(self, faults: Faults, port: Port) -> None:
        self._faults = faults
        self._port = port
        self._timer: asyncio.TimerHandle | None = None

    @property
    def kind(self) -> Kind | None:
        """The outage, or None."""
        if self._faults.is_out:
            return "503"
        return None if self._port.is_open else "refuse"

    def begin(self, kind: Kind, seconds: float | None = None) -> None:
        """Start an outage, in place of any other; after these seconds it ends by itself."""
        self._change(kind)
        if seconds is not None:
            self._timer = asyncio.get_running_loop().call_later(
                seconds, partial(self._change, None)
            )

    def end(self) -> None:
        """End the outage, if any."""
        self._change(None)

    def close(self) -> None:
        """Stop the timer."""
        if self._timer is not None:
            self._timer.cancel()

    def _change(self, kind: Kind | None) -> None:
        self.close()
        self._faults.is_out = kind == "503"
        if kind == "refuse":
            self._port.close()
        else:
            self._port.open()
