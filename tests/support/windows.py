"""Simulates clients of a rate-limited server on a virtual clock: thousands of requests a second.

The server counts requests in fixed windows and reports its limit, as Telnyx's replies do. Each
client is an `AdaptiveRateLimiter`, used as the client uses it: one request at a time, with late
timers.
"""

import heapq
import itertools
import math
from collections import Counter
from collections.abc import Callable
from functools import partial
from random import Random

import attrs

from telnyx_video._execution.attempt import POLL_INTERVAL
from telnyx_video._execution.rate_limit import AdaptiveRateLimiter
from telnyx_video.errors import RateLimit


def exactly(seconds: float) -> float:
    """Return the seconds without rounding."""
    return seconds


@attrs.frozen
class Setup:
    """The limit, the clients and the network; times are in seconds."""

    limit: int = 200
    window: float = 1.0
    windows: int = 8
    """The number of windows."""
    clients: int = 1
    concurrency: int = 50
    """The most requests in flight per client, which always has another one to send."""
    round_trip: float = 0.005
    jitter: float = 0.5
    """The share by which either way may take longer, so that replies overtake each other."""
    start: float = 0.0
    """The part of the first window that has passed when the clients start."""
    rounding: Callable[[float], float] = math.ceil
    """How the server rounds the seconds that it reports."""
    others: float = 0.0
    """Requests a second of another client, which ignores replies."""
    timers: float = 0.001
    """The most by which a timer is late."""
    only_refusals_report: bool = False
    """Whether only refusals report the limit."""
    claim: RateLimit | None = None
    """The limit that the refusal of the first request reports; nothing else is refused."""
    claim_again: bool = False
    """Whether replies to accepted requests repeat the claim."""
    seed: int = 0


@attrs.define
class Client:
    """A rate limiter, its idle workers, and whether a request waits."""

    limiter: AdaptiveRateLimiter = attrs.field(factory=AdaptiveRateLimiter)
    idle: int = 0
    waits: bool = False


class Simulation:
    """Runs a simulation to its end."""

    def __init__(self, setup: Setup) -> None:
        self.setup = setup
        self.taken = Counter[int]()
        """Accepted requests of the clients, by window."""
        self.refused = 0
        self._used = Counter[int]()
        self._random = Random(setup.seed)
        self._events: list[tuple[float, int, Callable[[], None]]] = []
        self._numbers = itertools.count()
        self.now = setup.start
        for _ in range(setup.clients):
            self._after(0, partial(self._send, Client(idle=setup.concurrency)))
        if setup.others:
            self._after(0, self._somebody_else)
        while self.now < setup.window * setup.windows:
            self.now, _, happen = heapq.heappop(self._events)
            happen()

    @property
    def use(self) -> float:
        """The share of the limit that the clients used, in whole windows."""
        whole = range(2, self.setup.windows - 1)
        return sum(self.taken[window] for window in whole) / (self.setup.limit * len(whole))

    @property
    def refusals(self) -> float:
        """The share of the clients' requests that were refused."""
        return self.refused / (self.refused + self.taken.total())

    def _after(self, seconds: float, happen: Callable[[], None]) -> None:
        heapq.heappush(self._events, (self.now + seconds, next(self._numbers), happen))

    def _one_way(self) -> float:
        return self.setup.round_trip / 2 * (1 + self._random.random() * self.setup.jitter)

    def _send(self, client: Client) -> None:
        """Send what the limiter allows, and try again after the wait that it returns."""
        client.waits = False
        while client.idle and not client.waits:
            seconds = client.limiter.wait(self.now)
            if seconds > 0:
                client.waits = True
                late = self._random.random() * self.setup.timers
                self._after(min(seconds, POLL_INTERVAL) + late, partial(self._send, client))
            else:
                client.limiter.sent(self.now)
                client.idle -= 1
                self._after(self._one_way(), partial(self._arrive, client, self.now))

    def _arrive(self, client: Client, sent_at: float) -> None:
        window = self._window
        if self.setup.claim is not None:
            taken = self.refused > 0
            self.taken[window] += taken
            self.refused += not taken
            claim = None if taken and not self.setup.claim_again else self.setup.claim
            self._after(self._one_way(), partial(self._hear, client, sent_at, claim, taken))
            return
        taken = self._take()
        self.taken[window] += taken
        self.refused += not taken
        state = RateLimit(
            self.setup.limit,
            self.setup.limit - self._used[window],
            float(self.setup.rounding((window + 1) * self.setup.window - self.now)),
        )
        self._after(self._one_way(), partial(self._hear, client, sent_at, state, taken))

    def _hear(self, client: Client, sent_at: float, state: RateLimit | None, taken: bool) -> None:
        reported = None if taken and self.setup.only_refusals_report else state
        client.limiter.answered(reported, 201 if taken else 429, sent_at, self.now)
        # A refused worker waits for the reported reset.
        pause = 0.0
        if not taken and state is not None:
            pause = (state.reset or 0.0) + self._random.random() * POLL_INTERVAL
        self._after(pause, partial(self._free, client))

    def _free(self, client: Client) -> None:
        client.idle += 1
        if not client.waits:
            self._send(client)

    def _somebody_else(self) -> None:
        self._take()
        self._after(1 / self.setup.others, self._somebody_else)

    def _take(self) -> bool:
        if self._used[self._window] == self.setup.limit:
            return False
        self._used[self._window] += 1
        return True

    @property
    def _window(self) -> int:
        return int(self.now // self.setup.window)
