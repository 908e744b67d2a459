"""How a batch makes one room with a client: what ties ``batch`` and ``_calls`` together."""

from __future__ import annotations

from collections.abc import Callable

import attrs

from telnyx_video._execution.attempt import AttemptRunner, CallOptions
from telnyx_video._execution.create import create_room
from telnyx_video._execution.reconcile import CreateResult, IfExists
from telnyx_video.models import CreateRoomRequest


@attrs.frozen
class Creator:
    """The client's way of making a room, with the choices of one batch."""

    runner: AttemptRunner
    options: CallOptions
    if_exists: IfExists
    prepare: Callable[[CreateRoomRequest], CreateRoomRequest]

    @property
    def gave_up(self) -> bool:
        """Whether the server has been down for too long."""
        breaker = self.runner.breaker
        return breaker is not None and breaker.expired

    async def create(
        self,
        request: CreateRoomRequest,
        seconds_since_intent: float | None,
        encoded_request: bytes | None,
    ) -> CreateResult:
        """Make it."""
        return await create_room(
            self.runner,
            request,
            self.if_exists,
            self.options,
            seconds_since_intent=seconds_since_intent,
            encoded_request=encoded_request,
        )
