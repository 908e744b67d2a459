"""Makes calls, and makes them again where that is harmless and may help."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from random import random
from typing import TYPE_CHECKING, TypeVar

import attrs

from telnyx_video import _wire
from telnyx_video._base.http import HttpReply, HttpRequest
from telnyx_video._execution.attempt import Exchange
from telnyx_video._execution.create import CreateRunner
from telnyx_video._execution.instrument import Reporter
from telnyx_video._execution.reconcile import CreateResult, IfExists, Reconciler
from telnyx_video._execution.retry import (
    UNLIMITED,
    RetryBudget,
    RetryPolicy,
    RetryState,
    is_transient,
)
from telnyx_video._transport import SENT, Transport
from telnyx_video.errors import (
    ConfigurationError,
    NotFoundError,
    Outcome,
    OutcomeUnknownError,
    TelnyxVideoError,
)
from telnyx_video.models import CreateRoomRequest, Room
from telnyx_video.models.base import Answered

if TYPE_CHECKING:
    from aiohttp import ClientTimeout

    from telnyx_video.observing import Operation

R = TypeVar("R")
T = TypeVar("T", bound=Answered | None)

Settled = Callable[[OutcomeUnknownError], Awaitable[bool]]
"""Finds out whether what a call was to bring about is so, though no answer told."""

REPEAT = "read the object to see, or repeat the call: it leads to the same result"
"""What to do after most calls of unknown outcome."""


@attrs.frozen
class CallOptions:
    """How long and how often one call may try."""

    policy: RetryPolicy
    timeout: ClientTimeout | None = None
    """For one attempt; the transport's own if None."""


@attrs.frozen
class Calls:
    """The ways of making a call, by what repeating it would do."""

    exchange: Exchange
    quota: RetryBudget

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
        return Calls(exchange, RetryBudget(UNLIMITED))

    async def create(
        self,
        request: CreateRoomRequest,
        if_exists: IfExists,
        limits: CallOptions,
        *,
        began_ago: float | None = None,
        settings: bytes | None = None,
    ) -> CreateResult:
        """Make a room: exactly one if it has a name, at most one if it has none.

        Args:
            began_ago: Seconds since an earlier run sent this very create, if one may have.
            settings: What is asked for, as JSON, if that is at hand.
        """
        http_request = _wire.create_room(request, settings)
        attempts = RetryState(limits.policy, self.quota, self.transport.time())
        if began_ago is not None:
            delivery = Reconciler(request, if_exists, attempts, attempts.started - began_ago)
            return await CreateRunner(self, delivery, http_request, limits).run(delivery.resumed())
        try:
            room = await self.post(http_request, attempts, attempts.started, limits)
        except TelnyxVideoError as error:
            failure = error
        else:
            self.quota.give_back()
            return CreateResult(room)
        self.excuse(attempts)
        delivery = Reconciler(request, if_exists, attempts, attempts.begun)
        step = delivery.failed(failure, self.transport.time(), random())
        return await CreateRunner(self, delivery, http_request, limits).run(step)

    async def call(
        self,
        request: HttpRequest,
        read: Callable[[HttpReply], T],
        limits: CallOptions,
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
        limits: CallOptions,
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

    async def delete(self, request: HttpRequest, limits: CallOptions) -> None:
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
        limits: CallOptions,
        *,
        repeatable: bool,
        advice: str,
    ) -> T:
        attempts = RetryState(limits.policy, self.quota, self.transport.time())
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
        attempts: RetryState,
        limits: CallOptions,
        *,
        repeatable: bool,
        advice: str,
    ) -> T:
        while True:
            try:
                result = await self.make(request, read, attempts, limits)
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

    def post(
        self, request: HttpRequest, attempts: RetryState, now: float, limits: CallOptions
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

    def make(
        self,
        request: HttpRequest,
        read: Callable[[HttpReply], T],
        attempts: RetryState,
        limits: CallOptions,
    ) -> Coroutine[None, None, T]:
        """Try anything else once."""
        now = self.transport.time()
        within = limits.policy.deadline
        return self.exchange.make(request, read, attempts, now, within, limits.timeout)

    def excuse(self, attempts: RetryState) -> None:
        """During an outage a create that failed does not count."""
        if self.exchange.outage is not None and self.exchange.outage.down:
            attempts.uncounted += 1

    async def _again(
        self, request: HttpRequest, attempts: RetryState, error: TelnyxVideoError
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


async def _gone(unknown: OutcomeUnknownError) -> bool:
    return isinstance(unknown.last_error, NotFoundError)
