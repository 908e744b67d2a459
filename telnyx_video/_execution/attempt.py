"""One exchange with the API: paced, sent once, read, and what the reply says of the limit noted."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from random import random
from typing import TYPE_CHECKING, TypeVar

import attrs

from telnyx_video import _wire
from telnyx_video._base.http import BEGIN_WITHIN, HttpReply, HttpRequest
from telnyx_video._execution.circuit_breaker import CircuitBreaker
from telnyx_video._execution.rate_limit import AdaptiveRateLimiter, GcraLimiter
from telnyx_video._execution.retry import RetryState
from telnyx_video._transport import Transport
from telnyx_video.errors import RateLimit, RequestTimeoutError
from telnyx_video.models.base import Answered

if TYPE_CHECKING:
    from aiohttp import ClientTimeout

T = TypeVar("T", bound=Answered | None)

LOOK_AGAIN = 0.1
"""Seconds after which whoever waits for its turn asks again: a reply may have brought it nearer."""


class Line:
    """Whoever waits for the same thing: one after the other, in the order of asking."""

    def __init__(self) -> None:
        self.waiting: int = 0
        self._lock = asyncio.Lock()

    async def __aenter__(self) -> None:
        self.waiting += 1
        try:
            await self._lock.acquire()
        except BaseException:
            self.waiting -= 1
            raise

    async def __aexit__(self, *_: object) -> None:
        self.waiting -= 1
        self._lock.release()


class Gate:
    """Lets requests through when all pacers say so at the same time, in the order of asking.

    It is one decision: a request that one pacer has let through and another holds back would count
    as sent for the first, and be sent at a time that the first knows nothing of.

    Args:
        transport: Tells the time, and sleeps.
        server_limit: The pacer that all gates of a client share.
        line: Where they wait for it, one of each gate, so that they take turns.
        pacers: Those of this gate alone.
    """

    def __init__(
        self,
        transport: Transport,
        server_limit: AdaptiveRateLimiter,
        line: Line,
        *pacers: GcraLimiter | CircuitBreaker,
    ) -> None:
        self.line = line
        self._transport = transport
        self._own = pacers
        self._pacers = (*pacers, server_limit)
        self._queue = Line()

    def passes(self, now: float) -> bool:
        """Let a request through if it is its turn at once."""
        return not self._queue.waiting and not self.line.waiting and self._try(now) <= 0

    async def enter(self, deadline: float | None) -> None:
        """Wait for a turn.

        Raises:
            RequestTimeoutError: the deadline comes first.
            TransportError: the server has been down for too long.
            ConfigurationError: the client is closed, or belongs to another loop.
        """
        self._transport.check()
        try:
            async with asyncio.timeout_at(deadline), self._queue:
                while (seconds := self._held_back()) > 0 or not await self._pass_in_line():
                    await self._sleep(seconds)
        except TimeoutError:
            pass
        else:
            return
        raise RequestTimeoutError(
            "the rate limit left no room for this request in time - nothing was sent; "
            "ask less often, or raise the policy's deadline"
        )

    async def _pass_in_line(self) -> bool:
        """Pass when the turn comes; or leave the line, since our own pacers hold us back now."""
        async with self.line:
            while (seconds := self._try(self._transport.time())) > 0 and self._held_back() <= 0:
                await self._sleep(seconds)
            return seconds <= 0

    def _try(self, now: float) -> float:
        """Pass if it is time, else tell for how many seconds it is not."""
        for pacer in self._pacers:
            if (seconds := pacer.wait(now)) > 0:
                return seconds
        for pacer in self._pacers:
            pacer.sent(now)
        return 0.0

    def _held_back(self) -> float:
        """For how many seconds this gate's own pacers want nothing to be sent."""
        now = self._transport.time()
        return max((pacer.wait(now) for pacer in self._own), default=0.0)

    async def _sleep(self, seconds: float) -> None:
        await self._transport.sleep(min(seconds, LOOK_AGAIN))


@attrs.frozen
class Exchange:
    """What all calls of a client go through, or those of one batch with a rate of its own."""

    transport: Transport
    server_limit: AdaptiveRateLimiter
    gate: Gate
    outage: CircuitBreaker | None = None
    """How the server is doing. Only a batch waits for it to come back, and for as long as that
    takes: a call's deadline stands still while it is held back here."""

    @classmethod
    def over(cls, transport: Transport) -> Exchange:
        """Throttled by what the server tells of its limit."""
        server_limit = AdaptiveRateLimiter()
        return cls(transport, server_limit, Gate(transport, server_limit, Line()))

    def for_batch(self, max_rate: float | None, give_up_after: float) -> Exchange:
        """The same, and besides at most so many requests a second, and riding out outages."""
        outage = CircuitBreaker(give_up_after)
        rates = [] if max_rate is None else [GcraLimiter(max_rate)]
        gate = Gate(self.transport, self.server_limit, self.gate.line, outage, *rates)
        return attrs.evolve(self, gate=gate, outage=outage)

    async def make(
        self,
        request: HttpRequest,
        read: Callable[[HttpReply], T],
        attempts: RetryState,
        now: float,
        within: float,
        timeout: ClientTimeout | None,
    ) -> T:
        """Send once, when it is this request's turn, and read the reply.

        Args:
            attempts: Those of the call that this exchange is part of.
            now: The time.
            within: Seconds from the call's start by which it ends, waiting included.
            timeout: Limits for this attempt; the transport's own if None.

        Raises:
            TelnyxVideoError: no reply, an unreadable one, or an error.
        """
        sent_at = now if self.gate.passes(now) else await self._enter(attempts, within)
        reply: HttpReply | None = None
        result: T | None = None
        try:
            reply = await self.transport.send(
                request, timeout, sent_at, attempts.begun + within - sent_at
            )
            result = read(reply)
        except BaseException as error:
            if self.outage is not None:
                self.outage.failed(error, sent_at, self.transport.time(), random())
            raise
        else:
            if self.outage is not None:
                self.outage.succeeded(self.transport.time())
            return result
        finally:
            told = None if reply is None else _told(reply, result)
            self.server_limit.answered(told, sent_at, self.transport.time())

    async def _enter(self, attempts: RetryState, within: float) -> float:
        """Wait for the request's turn; tells when it came."""
        asked_at = self.transport.time()
        down = self.outage is not None and self.outage.down
        begin_by = attempts.begun + BEGIN_WITHIN * within
        await self.gate.enter(begin_by if self.outage is None else None)
        now = self.transport.time()
        self.transport.reporter.paced(now - asked_at, "outage" if down else "rate limit")
        if self.outage is not None:
            attempts.paused += now - asked_at
        return now


def _told(reply: HttpReply, result: Answered | None) -> RateLimit | None:
    """What a reply says of the limit, be it a room, a refusal, no content or unreadable."""
    if result is not None and result.reply is not None:
        return result.reply.rate_limit
    return _wire.read_rate_limit(reply.headers)
