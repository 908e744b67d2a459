"""One attempt: waits for its turn and for a connection, sends, reads the reply.

``create`` and ``call`` both stand on it: they decide whether there is another attempt.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from random import random
from typing import TYPE_CHECKING, TypeVar

import attrs

from telnyx_video._base.errors import ConfigurationError, RateLimit, RequestTimeoutError
from telnyx_video._base.http import BEGIN_WITHIN, HttpReply, HttpRequest, Operation
from telnyx_video._execution.circuit_breaker import CircuitBreaker
from telnyx_video._execution.evidence import ServerProfile
from telnyx_video._execution.instrument import CallTrace, Instrumentation
from telnyx_video._execution.rate_limit import AdaptiveRateLimiter, GcraLimiter
from telnyx_video._execution.retry import UNLIMITED, RetryBudget, RetryPolicy, RetryState
from telnyx_video._transport.transport import Transport
from telnyx_video._wire.headers import read_rate_limit
from telnyx_video.errors import ApiError, AuthenticationError, hint_at_base_url
from telnyx_video.models.base import Answered

if TYPE_CHECKING:
    from aiohttp import ClientTimeout

    from telnyx_video.observing import Hook

T = TypeVar("T", bound=Answered | None)

POLL_INTERVAL = 0.1
"""Seconds after which a waiting request asks again: a reply may have shortened the wait."""


@attrs.frozen
class CallOptions:
    """How long and how often one call may try, and who observes it."""

    policy: RetryPolicy
    timeout: ClientTimeout | None = None
    """For one attempt; the client's own if None."""
    headers: Mapping[str, str] | None = attrs.field(default=None, repr=False)
    """Sent with each request, in addition to the client's own; they may hold secrets."""
    trace: CallTrace | None = None
    """The call in the hooks' view, if there are hooks; set when it starts."""
    on_reply: Callable[[HttpReply], None] | None = None
    """Called with each reply, before it is read."""


class Semaphore:
    """A FIFO semaphore: a free place is taken without a coroutine.

    A place that is released goes to the one that has waited longest: no place is free while
    others wait, so that none is overtaken.
    """

    def __init__(self, count: int) -> None:
        self.count = count
        self._free = count
        self._waiters: deque[asyncio.Future[None]] = deque()

    def try_acquire(self) -> bool:
        """Take a place if one is free."""
        if not self._free:
            return False
        self._free -= 1
        return True

    async def acquire(self) -> None:
        """Take a place that is released; only to be called when none is free.

        Raises:
            ConfigurationError: it was closed.
        """
        turn = asyncio.get_running_loop().create_future()
        self._waiters.append(turn)
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled() and turn.exception() is None:
                self.release()  # its turn came at the same time
            raise

    def release(self) -> None:
        """Hand a place on to the next, or make it free."""
        while self._waiters:
            turn = self._waiters.popleft()
            if not turn.done():  # else it was cancelled
                turn.set_result(None)
                return
        self._free += 1

    def close(self) -> None:
        """Let all that wait fail."""
        while self._waiters:
            turn = self._waiters.popleft()
            if not turn.done():
                turn.set_exception(ConfigurationError("this client is closed: make a new one"))


class FifoLock:
    """A lock that is handed on in the order of asking, and knows how many wait for it."""

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


class Limiter:
    """Lets requests pass when all pacers allow it at the same time, in the order of asking.

    It is one decision: a request that one pacer lets through and another holds back would count as
    sent for the first, and be sent at a time that the first does not know.

    Args:
        transport: Provides the clock and the sleeping.
        server_limit: The pacer that all limiters of a client share.
        shared: The lock under which they wait for it, one request of each limiter at a time.
        pacers: Those of this limiter alone.
    """

    def __init__(
        self,
        transport: Transport,
        server_limit: AdaptiveRateLimiter,
        shared: FifoLock,
        *pacers: GcraLimiter | CircuitBreaker,
    ) -> None:
        self.shared = shared
        self._transport = transport
        self._own = pacers
        self._pacers = (*pacers, server_limit)
        self._queue = FifoLock()

    def try_pass(self, now: float) -> bool:
        """Let a request pass if it need not wait."""
        if self._queue.waiting or self.shared.waiting:
            return False
        return self._try(now) <= 0

    async def wait(self, deadline: float | None) -> None:
        """Wait for the request's turn.

        Raises:
            RequestTimeoutError: the deadline comes first.
            TransportError: the server has been down for too long.
            ConfigurationError: the client is closed, or belongs to another loop.
        """
        self._transport.check()
        try:
            async with asyncio.timeout_at(deadline), self._queue:
                while (seconds := self._held_back()) > 0 or not await self._pass_shared():
                    await self._sleep(seconds)
        except TimeoutError:
            pass
        else:
            return
        raise RequestTimeoutError(
            "the rate limit left no room for this request in time - nothing was sent; "
            "ask less often, or raise the policy's deadline"
        )

    async def _pass_shared(self) -> bool:
        """Pass when the turn comes; or leave the queue, if our own pacers hold us back now."""
        async with self.shared:
            while (seconds := self._try(self._transport.time())) > 0 and self._held_back() <= 0:
                await self._sleep(seconds)
            return seconds <= 0

    def _try(self, now: float) -> float:
        """Pass if it is time, else return the seconds until it is."""
        for pacer in self._pacers:
            if (seconds := pacer.wait(now)) > 0:
                return seconds
        for pacer in self._pacers:
            pacer.sent(now)
        return 0.0

    def _held_back(self) -> float:
        """Seconds for which this limiter's own pacers allow nothing to be sent."""
        now = self._transport.time()
        return max((pacer.wait(now) for pacer in self._own), default=0.0)

    async def _sleep(self, seconds: float) -> None:
        await self._transport.sleep(min(seconds, POLL_INTERVAL))


@attrs.frozen
class AttemptRunner:
    """The state that the attempts of a client share, or those of one batch."""

    transport: Transport
    instrument: Instrumentation
    connections: Semaphore
    server_limit: AdaptiveRateLimiter
    limiter: Limiter
    budget: RetryBudget
    profile: ServerProfile
    breaker: CircuitBreaker | None = None
    """Holds requests back while the server is down. Only a batch has one. The deadline of a call
    does not run while the breaker holds it back."""
    max_rate: GcraLimiter = attrs.field(factory=lambda: GcraLimiter(None))
    """The rate limit that the caller has set for a batch; by default there is none."""

    @classmethod
    def for_client(
        cls, transport: Transport, policy: RetryPolicy, concurrency: int, hooks: tuple[Hook, ...]
    ) -> AttemptRunner:
        """Paced by the limit that the server's replies report."""
        server_limit = AdaptiveRateLimiter()
        runner_class = RefreshingRunner if transport.key_changes else cls
        return runner_class(
            transport,
            Instrumentation(hooks, transport.time),
            Semaphore(concurrency),
            server_limit,
            Limiter(transport, server_limit, FifoLock()),
            RetryBudget(policy.quota),
            ServerProfile(),
        )

    def for_batch(self, max_rate: float | None, give_up_after: float) -> AttemptRunner:
        """Return a runner with its own rate, which rides out outages and has no retry budget.

        The budget protects a server that is down; in a batch, waiting out the outage does.
        """
        breaker = CircuitBreaker(give_up_after)
        rate = GcraLimiter(max_rate)
        limiter = Limiter(self.transport, self.server_limit, self.limiter.shared, breaker, rate)
        return attrs.evolve(
            self, limiter=limiter, breaker=breaker, max_rate=rate, budget=RetryBudget(UNLIMITED)
        )

    @contextmanager
    def traced(
        self, options: CallOptions, operation: Operation, method: str
    ) -> Generator[CallOptions]:
        """Report a call to the hooks, if there are any, unless it is part of another call."""
        if not self.instrument.hooks or options.trace is not None:
            yield options
            return
        with self.instrument.tracing(operation, method) as trace:
            yield attrs.evolve(options, trace=trace)

    async def run(
        self,
        request: HttpRequest,
        read: Callable[[HttpReply], T],
        state: RetryState,
        options: CallOptions,
        within: float,
        now: float,
    ) -> T:
        """Send once, when it is this request's turn, and read the reply.

        Args:
            request: The request.
            read: Reads the reply; raises if it is an error.
            state: The attempts of the call.
            options: The call's options.
            within: Seconds from the call's start by which the attempt ends, waiting included.
            now: The time.

        Raises:
            TelnyxVideoError: there was no reply, an unreadable one, or an error.
        """
        transport = self.transport
        sent_at = (
            now if self.limiter.try_pass(now) else await self._wait_for_turn(state, options, within)
        )
        reply: HttpReply | None = None
        result: T | None = None
        try:
            deadline = state.started + state.paused + within
            if not self.connections.try_acquire():
                now = await self._wait_for_connection(options, deadline)
            try:
                sending = transport.send(
                    request, options.timeout, max(now, sent_at), deadline, options.headers
                )
                if options.trace is not None:
                    url = transport.base_url + request.path
                    sending = options.trace.send(request, url, sending)
                reply = await sending
            finally:
                self.connections.release()
            if options.on_reply is not None:
                options.on_reply(reply)
            result = read(reply)
        except BaseException as error:
            if isinstance(error, ApiError):
                hint_at_base_url(error, transport.base_url)
            if self.breaker is not None:
                self.breaker.failed(error, sent_at, transport.time(), random())
            raise
        else:
            if self.breaker is not None:
                self.breaker.succeeded(transport.time())
            return result
        finally:
            rate_limit: RateLimit | None = None
            status: int | None = None
            if reply is not None:
                status = reply.status
                # An error, and a reply without content, has nothing that was read from its headers.
                known = None if result is None else result.reply
                rate_limit = known.rate_limit if known else read_rate_limit(reply.headers)
            self.server_limit.answered(rate_limit, status, sent_at, transport.time())

    async def aclose(self) -> None:
        """End all waiting and all requests in flight, and close the connections."""
        self.connections.close()
        await self.transport.aclose()

    async def _wait_for_turn(self, state: RetryState, options: CallOptions, within: float) -> float:
        """Wait for the request's turn; return when it came."""
        asked_at = self.transport.time()
        down = self.breaker is not None and self.breaker.open
        begin_by = state.begun + BEGIN_WITHIN * within
        await self.limiter.wait(begin_by if self.breaker is None else None)
        now = self.transport.time()
        self.instrument.throttled(options.trace, now - asked_at, "outage" if down else "rate limit")
        if self.breaker is not None:
            state.paused += now - asked_at
        return now

    async def _wait_for_connection(self, options: CallOptions, deadline: float) -> float:
        """Wait for one of the pool's connections, in the order of asking; return when it came."""
        self.transport.check()
        asked_at = self.transport.time()
        begin_by = asked_at + BEGIN_WITHIN * (deadline - asked_at)
        try:
            async with asyncio.timeout_at(begin_by):
                await self.connections.acquire()
        except TimeoutError:
            failure = RequestTimeoutError(
                f"no connection became free in time, {self.connections.count} being in use - "
                "nothing was sent; raise the client's concurrency or the policy's deadline"
            )
        else:
            now = self.transport.time()
            self.instrument.throttled(options.trace, now - asked_at, "connection")
            return now
        raise failure


@attrs.frozen
class RefreshingRunner(AttemptRunner):
    """Resends a request after a 401, with the key that the client's provider then returns.

    The API applies nothing that it refuses with a 401.
    """

    async def run(
        self,
        request: HttpRequest,
        read: Callable[[HttpReply], T],
        state: RetryState,
        options: CallOptions,
        within: float,
        now: float,
    ) -> T:
        """Send once, or twice if the key was refused."""
        try:
            return await super().run(request, read, state, options, within, now)
        except AuthenticationError:
            pass
        now = self.transport.time()
        return await super().run(request, read, state, options, within, now)
