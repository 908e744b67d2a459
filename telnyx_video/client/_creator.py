"""How a batch makes one room with a client: what ties ``batch`` and ``_calls`` together."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import attrs

from telnyx_video._execution.call import CallOptions, Calls
from telnyx_video._execution.reconcile import CreateResult, IfExists
from telnyx_video.models import CreateRoomRequest

if TYPE_CHECKING:
    from telnyx_video._execution._watched import WatchedCalls


@attrs.frozen
class Creator:
    """The client's way of making a room, with the choices of one batch."""

    calls: Calls | WatchedCalls
    limits: CallOptions
    if_exists: IfExists
    prepare: Callable[[CreateRoomRequest], CreateRoomRequest]

    @property
    def gave_up(self) -> bool:
        """Whether the server has been down for too long."""
        outage = self.calls.exchange.outage
        return outage is not None and outage.gave_up

    async def create(
        self, request: CreateRoomRequest, began_ago: float | None, settings: bytes | None
    ) -> CreateResult:
        """Make it."""
        return await self.calls.create(
            request, self.if_exists, self.limits, began_ago=began_ago, settings=settings
        )
