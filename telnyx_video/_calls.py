"""Carries out what the pure modules decide: sends, waits, looks up, until a call has its end."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from datetime import datetime
from random import random
from typing import TYPE_CHECKING, Final, TypeVar

import attrs

from telnyx_video import _wire
from telnyx_video._delivery import Delivered, Delivery, IfExists, LookUp, Send, Step, Update, Wait
from telnyx_video._exchange import Exchange
from telnyx_video._http import HttpReply, HttpRequest
from telnyx_video._observe import Reporter
from telnyx_video._paging import Reader
from telnyx_video._retry import UNLIMITED, Attempts, RetryPolicy, RetryQuota, is_transient
from telnyx_video._transport import SENT, Transport
from telnyx_video.errors import (
    ConfigurationError,
    NotFoundError,
    Outcome,
    OutcomeUnknownError,
    TelnyxVideoError,
)
from telnyx_video.models import CreateRoomRequest, Page, Room
from telnyx_video.models.base import Answered

if TYPE_CHECKING:
    from aiohttp import ClientTimeout

    from telnyx_video.observing import Next, Operation

R = TypeVar("R")
T = TypeVar("T", bound=Answered | None)

Settled = Callable[[OutcomeUnknownError], Awaitable[bool]]
"""Finds out whether what a call was to bring about is so, though no answer told."""

REPEAT = "read the object to see, or repeat the call: it leads to the same result"
"""What to do after most calls of unknown outcome."""


@attrs.frozen
class Limits:
    """How long and how often one call may try."""

    policy: RetryPolicy
    timeout: ClientTimeout | None = None
    """For one attempt; the transport's own if None."""


@attrs.frozen
class Calls:
    """The ways of making a call, by what repeating it would do."""

    exchange: Exchange
    quota: RetryQuota

    @property
    def transport(self) -> Transport:
        """What the calls are sent through."""
        return self.exchange.transport

    @property
    def reporter(self) -> Reporter:
        """Who is told of what does not go well at once."""
        return self.transport.reporter

    def for_batch(self, max_rate: float | None, give_up_after: float) -> Calls:
        """The same calls as a batch makes them: riding out outages, and spared the quota.

        The quota protects a server that is down; in a batch, waiting out the outage does.
        """
        exchange = self.exchange.for_batch(max_rate, give_up_after)
        return Calls(exchange, RetryQuota(UNLIMITED))

    async def create(
        self,
        request: CreateRoomRequest,
        if_exists: IfExists,
        limits: Limits,
        *,
        began_ago: float | None = None,
        settings: bytes | None = None,
    ) -> Delivered:
        """Make a room: exactly one if it has a name, at most one if it has none.

        Args:
            began_ago: Seconds since an earlier run sent this very create, if one may have.
            settings: What is asked for, as JSON, if that is at hand.
        """
        http_request = _wire.create_room(request, settings)
        attempts = Attempts(limits.policy, self.quota, self.transport.time())
        if began_ago is not None:
            delivery = Delivery(request, if_exists, attempts, attempts.started - began_ago)
            return await self._pursue(delivery, delivery.resumed(), http_request, limits)
        try:
            room = await self._post(http_request, attempts, attempts.started, limits)
        except TelnyxVideoError as error:
            failure = error
        else:
            self.quota.give_back()
            return Delivered(room)
        self._excuse(attempts)
        delivery = Delivery(request, if_exists, attempts, attempts.begun)
        step = delivery.failed(failure, self.transport.time(), random())
        return await self._pursue(delivery, step, http_request, limits)

    async def call(
        self,
        request: HttpRequest,
        read: Callable[[HttpReply], T],
        limits: Limits,
        *,
        repeatable: bool,
        advice: str = REPEAT,
    ) -> T:
        """Make any other call, trying again while that is harmless and may help.

        Args:
            repeatable: Whether it may be sent again though it may have been applied.
            advice: What to do if its outcome stays unknown.

        Raises:
            OutcomeUnknownError: it may have been applied, and no answer told.
        """
        try:
            return await self._call(request, read, limits, repeatable=repeatable, advice=advice)
        except OutcomeUnknownError as unknown:
            self.reporter.failed(request, None, unknown)
            raise

    async def settle(
        self,
        request: HttpRequest,
        read: Callable[[HttpReply], Answered | None],
        limits: Limits,
        settled: Settled,
    ) -> None:
        """Make a call that may be repeated, and that an earlier try without answer may have done.

        Args:
            settled: Asked if the outcome is unknown.
        """
        try:
            await self._call(request, read, limits, repeatable=True, advice=REPEAT)
        except OutcomeUnknownError as unknown:
            if not await settled(unknown):
                self.reporter.failed(request, None, unknown)
                raise

    async def delete(self, request: HttpRequest, limits: Limits) -> None:
        """Delete something; what an earlier try without an answer has deleted counts."""
        await self.settle(request, _wire.read_deleted, limits, _gone)

    def during(
        self, operation: Operation, work: Coroutine[object, object, R]
    ) -> Coroutine[object, object, R]:
        """What takes several calls and more, for those who watch it: one call, of this name."""
        return work

    async def _call(
        self,
        request: HttpRequest,
        read: Callable[[HttpReply], T],
        limits: Limits,
        *,
        repeatable: bool,
        advice: str,
    ) -> T:
        attempts = Attempts(limits.policy, self.quota, self.transport.time())
        try:
            return await self._try(
                request, read, attempts, limits, repeatable=repeatable, advice=advice
            )
        except asyncio.CancelledError as cancelled:
            if attempts.doubt is not None:
                cancelled.add_note(f"{request.method} {request.path} {SENT}")
            raise

    async def _try(
        self,
        request: HttpRequest,
        read: Callable[[HttpReply], T],
        attempts: Attempts,
        limits: Limits,
        *,
        repeatable: bool,
        advice: str,
    ) -> T:
        while True:
            try:
                result = await self._make(request, read, attempts, limits)
            except TelnyxVideoError as error:
                failure = error
            else:
                self.quota.give_back()
                return result
            attempts.failed(failure)
            if failure.outcome is Outcome.UNKNOWN:
                attempts.doubt = failure
            hopeless = attempts.doubt is not None and not repeatable
            if hopeless or not await self._again(request, attempts, failure):
                break
        if attempts.doubt is None:
            raise failure
        raise OutcomeUnknownError(
            f"{request.method} {request.path} may have been applied "
            f"({attempts.doubt.message.partition(' - ')[0]}) - {advice}",
            attempts=attempts.sent,
            last_error=failure,
        )

    def _post(
        self, request: HttpRequest, attempts: Attempts, now: float, limits: Limits
    ) -> Coroutine[None, None, Room]:
        """Try a create once."""
        return self.exchange.make(
            request,
            _wire.read_room_written,
            attempts,
            now,
            limits.policy.sending_time,
            limits.timeout,
        )

    def _make(
        self,
        request: HttpRequest,
        read: Callable[[HttpReply], T],
        attempts: Attempts,
        limits: Limits,
    ) -> Coroutine[None, None, T]:
        """Try anything else once."""
        now = self.transport.time()
        within = limits.policy.deadline
        return self.exchange.make(request, read, attempts, now, within, limits.timeout)

    def _excuse(self, attempts: Attempts) -> None:
        """During an outage a create that failed does not count."""
        if self.exchange.outage is not None and self.exchange.outage.down:
            attempts.uncounted += 1

    async def _again(
        self, request: HttpRequest, attempts: Attempts, error: TelnyxVideoError
    ) -> bool:
        """Wait for another try, if there is to be one."""
        if not is_transient(error) or not attempts.may_repeat(error):
            return False
        seconds = attempts.wait(error, self.transport.time(), random())
        if seconds is None:
            return False
        self.reporter.retried(request, None, error, seconds, "send")
        try:
            await self.transport.sleep(seconds)
        except ConfigurationError:  # closed meanwhile: what is known so far is the result
            return False
        return True

    async def _pursue(
        self, delivery: Delivery, step: Step, request: HttpRequest, limits: Limits
    ) -> Delivered:
        """Take step after step until the create has its end."""
        try:
            return await self._take_steps(delivery, step, request, limits)
        except asyncio.CancelledError as cancelled:
            if delivery.doubt is not None:
                cancelled.add_note(f"{request.method} {request.path} {SENT}")
            raise

    async def _take_steps(
        self, delivery: Delivery, step: Step, request: HttpRequest, limits: Limits
    ) -> Delivered:
        name = delivery.request.unique_name or None
        while not isinstance(step, Delivered):
            match step:
                case Wait():
                    then = _WORDS[type(step.then)]
                    self.reporter.retried(request, name, step.error, step.seconds, then)
                    try:
                        await self.transport.sleep(step.seconds)
                    except ConfigurationError as error:
                        step = delivery.interrupted(error)
                    else:
                        step = step.then
                case Send():
                    step = await self._send(delivery, request, limits)
                case LookUp():
                    step = await self._look_up(delivery, limits)
                case _:
                    step = await self._update(delivery, step, limits)
        if step.error is None:
            self.quota.give_back()
        self.reporter.delivered(request, name, step.error, recovered=step.recovered)
        return step

    async def _send(self, delivery: Delivery, request: HttpRequest, limits: Limits) -> Step:
        try:
            now = self.transport.time()
            room = await self._post(request, delivery.attempts, now, limits)
        except TelnyxVideoError as error:
            self._excuse(delivery.attempts)
            return delivery.failed(error, self.transport.time(), random())
        return delivery.created(room)

    async def _look_up(self, delivery: Delivery, limits: Limits) -> Step:
        """List the rooms of the name, on every page, and keep those that have exactly this name."""
        name = delivery.request.unique_name
        found: dict[str, Room] = {}
        answered: datetime | None = None

        async def fetch(number: int) -> Page[Room]:
            request = _wire.list_rooms(unique_name=name, page_number=number)
            return await self._make(request, read, delivery.attempts, limits)

        def read(reply: HttpReply) -> Page[Room]:
            nonlocal answered
            answered = _wire.server_time(reply.headers)
            return _wire.read_rooms(reply)

        try:
            pages = Reader(fetch)
            while (page := await pages.next()) is not None:
                found |= {room.id: room for room in page.items if room.unique_name == name}
        except TelnyxVideoError as error:
            return delivery.look_up_failed(error, self.transport.time(), random())
        self.reporter.looked_up(name or None, len(found))
        return delivery.looked_up([*found.values()], answered, self.transport.time(), random())

    async def _update(self, delivery: Delivery, step: Update, limits: Limits) -> Step:
        request = _wire.update_room(step.room.id, delivery.request)
        try:
            room = await self._make(request, _wire.read_room_written, delivery.attempts, limits)
        except TelnyxVideoError as error:
            return delivery.update_failed(error, step, self.transport.time(), random())
        return delivery.updated(room)


async def _gone(unknown: OutcomeUnknownError) -> bool:
    return isinstance(unknown.last_error, NotFoundError)


_WORDS: Final[dict[type[Send | LookUp | Update], Next]] = {
    Send: "send",
    LookUp: "look up",
    Update: "update",
}
