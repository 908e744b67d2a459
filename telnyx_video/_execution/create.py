"""Creates one room: sends, then carries out the steps that ``reconcile`` decides on."""

from __future__ import annotations

import asyncio
from datetime import datetime
from random import random
from typing import TYPE_CHECKING, Final

import attrs

from telnyx_video._base.errors import ConfigurationError, TelnyxVideoError
from telnyx_video._base.http import HttpReply, HttpRequest, note_sent
from telnyx_video._base.validate import InvalidRequestError
from telnyx_video._execution.attempt import AttemptRunner, CallOptions
from telnyx_video._execution.paging import PageReader
from telnyx_video._execution.reconcile import (
    CreateResult,
    IfExists,
    LookUp,
    Reconciler,
    Send,
    Step,
    Update,
    Wait,
    unaddressable,
)
from telnyx_video._execution.retry import RetryState
from telnyx_video._wire import headers, replies, requests
from telnyx_video.models import UNSET, CreateRoomRequest, Page, Room

if TYPE_CHECKING:
    from telnyx_video.observing import Next

MAX_SEARCHED: Final = 10_000
"""Rooms of the account that are searched for a name in another form."""


async def create_room(
    runner: AttemptRunner,
    request: CreateRoomRequest,
    if_exists: IfExists,
    options: CallOptions,
    *,
    seconds_since_intent: float | None = None,
    http_request: HttpRequest | None = None,
) -> CreateResult:
    """Create a room: exactly one if it has a name, at most one if it has none.

    Args:
        runner: Makes the attempts.
        request: The room to create.
        if_exists: What to do if a room of the name was there before.
        options: Limits of the call.
        seconds_since_intent: Seconds since an earlier run began this very create, if one may have.
        http_request: The request to send, if it is at hand; its body is in no repr.
    """
    run = CreateRunner(
        runner,
        request,
        http_request or requests.create_room(request),
        if_exists,
        options,
        RetryState(options.policy, runner.budget, runner.transport.time()),
    )
    if not runner.instrument.hooks:
        return await run.run(seconds_since_intent)
    with runner.instrument.tracing("rooms.create", "POST", request.unique_name or None) as trace:
        run.options = attrs.evolve(options, trace=trace)
        result = await run.run(seconds_since_intent)
        trace.recovered, trace.existed = result.recovered, result.existed
        trace.error = result.error
        return result


@attrs.define
class CreateRunner:
    """One create: its first attempt and, if that fails, the reconciler's steps."""

    runner: AttemptRunner
    request: CreateRoomRequest
    http_request: HttpRequest
    if_exists: IfExists
    options: CallOptions
    state: RetryState

    async def run(self, seconds_since_intent: float | None) -> CreateResult:
        """Create the room; every failure of the create is in the result."""
        runner, state, options = self.runner, self.state, self.options
        if seconds_since_intent is not None:
            reconciler = self._reconciler(state.started - seconds_since_intent)
            return await self._reconcile(reconciler, reconciler.resumed())
        within = options.policy.sending_time
        try:
            room = await runner.run(
                self.http_request, self._read, state, options, within, state.started
            )
        except TelnyxVideoError as error:
            failure = error
        else:
            if runner.budget.spent:
                runner.budget.refund()
            return CreateResult(room)
        self._exempt_from_budget()
        reconciler = self._reconciler(state.begun)
        step = reconciler.failed(failure, runner.transport.time(), random())
        return await self._reconcile(reconciler, step)

    def _reconciler(self, began: float) -> Reconciler:
        return Reconciler(self.request, self.if_exists, self.state, began, self.runner.profile)

    def _read(self, reply: HttpReply) -> Room:
        """Read the room, and check that it is the one that was asked for."""
        room = replies.read_room_written(reply)
        self.runner.profile.check(self.request, room, reply)
        return room

    def _exempt_from_budget(self) -> None:
        """During an outage a create that failed does not count."""
        if self.runner.breaker is not None and self.runner.breaker.open:
            self.state.exempt += 1

    async def _reconcile(self, reconciler: Reconciler, step: Step) -> CreateResult:
        """Take step after step until the create has ended."""
        try:
            while not isinstance(step, CreateResult):
                step = await self._take(reconciler, step)
        except asyncio.CancelledError as cancelled:
            if self.state.unresolved_error is not None:
                note_sent(cancelled, self.http_request)
            raise
        instrument, name = self.runner.instrument, self.request.unique_name or None
        if step.error is not None:
            instrument.failed(self.http_request, name, step.error)
        else:
            self.runner.budget.refund()
            if step.recovered:
                instrument.recovered(self.http_request, name)
        return step

    async def _take(self, reconciler: Reconciler, step: Send | LookUp | Update | Wait) -> Step:
        match step:
            case Wait():
                return await self._wait(reconciler, step)
            case Send():
                return await self._send(reconciler)
            case LookUp():
                return await self._look_up(reconciler, step)
            case _:
                return await self._update(reconciler, step)

    async def _wait(self, reconciler: Reconciler, step: Wait) -> Step:
        then, name = _NEXT[type(step.then)], self.request.unique_name or None
        self.runner.instrument.retry_scheduled(
            self.options.trace, self.http_request, name, step.error, step.seconds, then
        )
        try:
            await self.runner.transport.sleep(step.seconds)
        except ConfigurationError as error:
            return reconciler.interrupted(error)
        return step.then

    async def _send(self, reconciler: Reconciler) -> Step:
        runner, options = self.runner, self.options
        within, now = options.policy.sending_time, runner.transport.time()
        try:
            room = await runner.run(self.http_request, self._read, self.state, options, within, now)
        except TelnyxVideoError as error:
            self._exempt_from_budget()
            return reconciler.failed(error, runner.transport.time(), random())
        return reconciler.created(room)

    async def _look_up(self, reconciler: Reconciler, step: LookUp) -> Step:
        """List the rooms of the name, on every page."""
        runner, options = self.runner, self.options
        found: dict[str, Room] = {}
        server_time: datetime | None = None

        async def fetch(number: int) -> Page[Room]:
            name = UNSET if step.name is None else step.name
            request = requests.list_rooms(unique_name=name, page_number=number)
            now = runner.transport.time()
            return await runner.run(
                request, read, self.state, options, options.policy.deadline, now
            )

        def read(reply: HttpReply) -> Page[Room]:
            nonlocal server_time
            server_time = headers.server_time(reply.headers)
            return replies.read_rooms(reply)

        try:
            pages = PageReader(fetch)
            while (page := await pages.next()) is not None:
                found |= {room.id: room for room in page.items}
                if step.name is None and len(found) >= MAX_SEARCHED:
                    break
        except TelnyxVideoError as error:
            return reconciler.look_up_failed(error, runner.transport.time(), random())
        exact = [room for room in found.values() if room.unique_name == self.request.unique_name]
        runner.instrument.lookup_finished(
            options.trace, self.request.unique_name or None, len(exact)
        )
        return reconciler.looked_up(
            [*found.values()], server_time, runner.transport.time(), random()
        )

    async def _update(self, reconciler: Reconciler, step: Update) -> Step:
        runner, options = self.runner, self.options
        try:
            request = requests.update_room(step.room.id, self.request)
        except InvalidRequestError:  # the id is the server's, and the create was sent
            return reconciler.interrupted(unaddressable(step.room))
        try:
            room = await runner.run(
                request,
                replies.read_room_written,
                self.state,
                options,
                options.policy.deadline,
                runner.transport.time(),
            )
        except TelnyxVideoError as error:
            return reconciler.update_failed(error, runner.transport.time(), random())
        return reconciler.updated(room)


_NEXT: Final[dict[type[Send | LookUp | Update], Next]] = {
    Send: "send",
    LookUp: "look up",
    Update: "update",
}
