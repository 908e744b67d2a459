"""Carries out what the pure modules decide: sends, waits, looks up, until a call has its end."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from random import random
from typing import TYPE_CHECKING, TypeVar, assert_never

import attrs

from telnyx_video import _wire
from telnyx_video._delivery import Delivered, Delivery, IfExists, LookUp, Send, Step, Update, Wait
from telnyx_video._exchange import Exchange
from telnyx_video._http import HttpReply, HttpRequest
from telnyx_video._paging import AsyncPager
from telnyx_video._retry import Attempts, RetryPolicy, RetryQuota, is_transient
from telnyx_video._transport import Transport
from telnyx_video.errors import (
    ConfigurationError,
    NotFoundError,
    Outcome,
    OutcomeUnknownError,
    TelnyxVideoError,
)
from telnyx_video.models import CreateRoomRequest, Page, Room

if TYPE_CHECKING:
    from aiohttp import ClientTimeout

T = TypeVar("T", bound=Room | Page[Room] | None)


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

    def at_most(self, max_rate: float) -> Calls:
        """The same calls, at most so many requests a second."""
        return attrs.evolve(self, exchange=self.exchange.at_most(max_rate))

    async def create(
        self,
        request: CreateRoomRequest,
        if_exists: IfExists,
        limits: Limits,
        *,
        patient: bool = False,
    ) -> Delivered:
        """Make a room: exactly one if it has a name, at most one if it has none.

        Args:
            patient: Whether the deadline starts with the first sending, not with the wait for it.
        """
        http_request = _wire.create_room(request)
        if patient:
            await self.exchange.enter(deadline=None)
        started = self.transport.time()
        try:
            room = await self.exchange.make(
                http_request,
                _wire.read_room_written,
                limits.timeout,
                started + limits.policy.sending_time,
                entered=patient,
            )
        except TelnyxVideoError as error:
            failure = error
        else:
            self.quota.give_back()
            return Delivered(room)
        delivery = Delivery(request, if_exists, Attempts(limits.policy, self.quota, started))
        step = delivery.failed(failure, self.transport.time(), random())
        return await self._pursue(delivery, step, http_request, limits)

    async def call(
        self,
        request: HttpRequest,
        read: Callable[[HttpReply], T],
        limits: Limits,
        *,
        repeatable: bool,
    ) -> T:
        """Make any other call, trying again while that is harmless and may help.

        Args:
            repeatable: Whether it may be sent again though it may have been applied.

        Raises:
            OutcomeUnknownError: it may have been applied, and no answer told.
        """
        attempts = Attempts(limits.policy, self.quota, self.transport.time())
        doubt: TelnyxVideoError | None = None
        while True:
            try:
                result = await self.exchange.make(request, read, limits.timeout, attempts.deadline)
            except TelnyxVideoError as error:
                failure = error
            else:
                self.quota.give_back()
                return result
            if failure.outcome is Outcome.UNKNOWN:
                doubt = failure
            hopeless = doubt is not None and not repeatable
            if hopeless or not await self._again(attempts, failure):
                break
        if doubt is None:
            raise failure
        raise OutcomeUnknownError(
            f"{request.method} {request.path} may have been applied ({doubt.message}) - "
            "read the object to see, or repeat the call: it leads to the same result",
            attempts=attempts.sent,
            last_error=failure,
        )

    async def delete(self, request: HttpRequest, limits: Limits) -> None:
        """Delete something; what an earlier try without an answer has deleted counts."""
        try:
            await self.call(request, _wire.read_deleted, limits, repeatable=True)
        except OutcomeUnknownError as error:
            if not isinstance(error.last_error, NotFoundError):
                raise

    async def _again(self, attempts: Attempts, error: TelnyxVideoError) -> bool:
        """Wait for another try, if there is to be one."""
        attempts.failed(error)
        if not is_transient(error) or not attempts.may_repeat(error):
            return False
        seconds = attempts.wait(error, self.transport.time(), random())
        if seconds is None:
            return False
        await self.transport.sleep(seconds)
        return True

    async def _pursue(
        self, delivery: Delivery, step: Step, request: HttpRequest, limits: Limits
    ) -> Delivered:
        """Take step after step until the create has its end."""
        while not isinstance(step, Delivered):
            match step:
                case Wait():
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
                case Update():
                    step = await self._update(delivery, step, limits)
                case _:
                    assert_never(step)
        if step.error is None:
            self.quota.give_back()
        return step

    async def _send(self, delivery: Delivery, request: HttpRequest, limits: Limits) -> Step:
        until = delivery.attempts.started + limits.policy.sending_time
        try:
            room = await self.exchange.make(request, _wire.read_room_written, limits.timeout, until)
        except TelnyxVideoError as error:
            return delivery.failed(error, self.transport.time(), random())
        return delivery.created(room)

    async def _look_up(self, delivery: Delivery, limits: Limits) -> Step:
        """List the rooms of the name, on every page, and keep those that have exactly this name."""
        name = delivery.request.unique_name
        found: dict[str, Room] = {}
        answered: datetime | None = None

        async def fetch(number: int) -> Page[Room]:
            request = _wire.list_rooms(unique_name=name, page_number=number)
            return await self.exchange.make(
                request, read, limits.timeout, delivery.attempts.deadline
            )

        def read(reply: HttpReply) -> Page[Room]:
            nonlocal answered
            answered = _wire.server_time(reply.headers)
            return _wire.read_rooms(reply)

        try:
            async for page in AsyncPager(fetch).pages():
                found |= {room.id: room for room in page.items if room.unique_name == name}
        except TelnyxVideoError as error:
            return delivery.look_up_failed(error, self.transport.time(), random())
        return delivery.looked_up([*found.values()], answered, self.transport.time(), random())

    async def _update(self, delivery: Delivery, step: Update, limits: Limits) -> Step:
        request = _wire.update_room(step.room.id, delivery.request)
        try:
            room = await self.exchange.make(
                request, _wire.read_room_written, limits.timeout, delivery.attempts.deadline
            )
        except TelnyxVideoError as error:
            return delivery.update_failed(error, step, self.transport.time(), random())
        return delivery.updated(room)
