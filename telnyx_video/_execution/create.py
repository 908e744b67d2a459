"""A create that did not go well at once: carries out its steps, one after the other, to its end."""

from __future__ import annotations

import asyncio
from datetime import datetime
from random import random
from typing import TYPE_CHECKING, Final

import attrs

from telnyx_video import _wire
from telnyx_video._base.http import HttpReply, HttpRequest
from telnyx_video._execution.instrument import Reporter
from telnyx_video._execution.paging import Reader
from telnyx_video._execution.reconcile import (
    CreateResult,
    LookUp,
    Reconciler,
    Send,
    Step,
    Update,
    Wait,
)
from telnyx_video._transport import SENT
from telnyx_video.errors import ConfigurationError, TelnyxVideoError
from telnyx_video.models import Page, Room

if TYPE_CHECKING:
    from telnyx_video._execution.call import CallOptions, Calls
    from telnyx_video.observing import Next


@attrs.frozen
class CreateRunner:
    """One create from its first failure on, and what its steps are taken with."""

    calls: Calls
    delivery: Reconciler
    request: HttpRequest
    limits: CallOptions

    async def run(self, step: Step) -> CreateResult:
        """Take step after step until the create has its end."""
        try:
            while not isinstance(step, CreateResult):
                step = await self._take(step)
        except asyncio.CancelledError as cancelled:
            if self.delivery.doubt is not None:
                cancelled.add_note(f"{self.request.method} {self.request.path} {SENT}")
            raise
        if step.error is None:
            self.calls.quota.give_back()
        self._reporter.delivered(self.request, self._name, step.error, recovered=step.recovered)
        return step

    @property
    def _name(self) -> str | None:
        return self.delivery.request.unique_name or None

    @property
    def _reporter(self) -> Reporter:
        return self.calls.transport.reporter

    async def _take(self, step: Send | LookUp | Update | Wait) -> Step:
        match step:
            case Wait():
                return await self._wait(step)
            case Send():
                return await self._send()
            case LookUp():
                return await self._look_up()
            case _:
                return await self._update(step)

    async def _wait(self, step: Wait) -> Step:
        then = _WORDS[type(step.then)]
        self._reporter.retried(self.request, self._name, step.error, step.seconds, then)
        try:
            await self.calls.transport.sleep(step.seconds)
        except ConfigurationError as error:
            return self.delivery.interrupted(error)
        return step.then

    async def _send(self) -> Step:
        attempts = self.delivery.attempts
        try:
            room = await self.calls.post(self.request, attempts, self._now(), self.limits)
        except TelnyxVideoError as error:
            self.calls.excuse(attempts)
            return self.delivery.failed(error, self._now(), random())
        return self.delivery.created(room)

    async def _look_up(self) -> Step:
        """List the rooms of the name, on every page, and keep those that have exactly this name."""
        name = self.delivery.request.unique_name
        found: dict[str, Room] = {}
        answered: datetime | None = None

        async def fetch(number: int) -> Page[Room]:
            request = _wire.list_rooms(unique_name=name, page_number=number)
            return await self.calls.make(request, read, self.delivery.attempts, self.limits)

        def read(reply: HttpReply) -> Page[Room]:
            nonlocal answered
            answered = _wire.server_time(reply.headers)
            return _wire.read_rooms(reply)

        try:
            pages = Reader(fetch)
            while (page := await pages.next()) is not None:
                found |= {room.id: room for room in page.items if room.unique_name == name}
        except TelnyxVideoError as error:
            return self.delivery.look_up_failed(error, self._now(), random())
        self._reporter.looked_up(self._name, len(found))
        return self.delivery.looked_up([*found.values()], answered, self._now(), random())

    async def _update(self, step: Update) -> Step:
        request = _wire.update_room(step.room.id, self.delivery.request)
        attempts = self.delivery.attempts
        try:
            room = await self.calls.make(request, _wire.read_room_written, attempts, self.limits)
        except TelnyxVideoError as error:
            return self.delivery.update_failed(error, step, self._now(), random())
        return self.delivery.updated(room)

    def _now(self) -> float:
        return self.calls.transport.time()


_WORDS: Final[dict[type[Send | LookUp | Update], Next]] = {
    Send: "send",
    LookUp: "look up",
    Update: "update",
}
