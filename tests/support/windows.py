"""Clients that keep a rate-limited server busy, on a made-up clock: thousands of requests a second.

The server counts requests in fixed windows and tells how it stands, as Telnyx's replies do. Each
client is an `AdaptiveRateLimiter`, asked as the client asks it: one request at a time, by timers
that are late.
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
    """Tell the seconds as they are."""
    return seconds


@attrs.frozen
class Setup:
    """A limit, and who sends to it, how; all times are in seconds."""

    limit: int = 200
    window: float = 1.0
    windows: int = 8
    """How many windows go by."""
    clients: int = 1
    concurrency: int = 50
    """Requests that each client has under way at the most; it always has another one to send."""
    round_trip: float = 0.005
    jitter: float = 0.5
    """By which share of itself either way may take longer: replies overtake each other."""
    start: float = 0.0
    """How much of the first window has gone when the clients start."""
    rounding: Callable[[float], float] = math.ceil
    """How the server rounds the seconds that it tells."""
    others: float = 0.0
    """Requests a second of somebody who looks at no replies."""
    timers: float = 0.001
    """How late a timer may be."""
    only_refusals_report: bool = False
    """Whether replies to accepted requests say nothing of the limit."""
    claim: RateLimit | None = None
    """What the refusal of the first request reports, though nothing else is ever refused."""
    claim_again: bool = False
    """Whether replies to accepted requests repeat the claim."""
    seed: int = 0


@attrs.define
class Client:
    """One pacer, its free workers, and whether a request of it waits for its turn."""

    pacer: AdaptiveRateLimiter = attrs.field(factory=AdaptiveRateLimiter)
    idle: int = 0
    waits: bool = False


class Simulation:
    """Runs a setup to its end."""

    def __init__(self, setup: Setup) -> None:
        self.setup = setup
        self.taken = Counter[int]()
        """Requests of the clients that were taken, by window."""
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
        """The share of the limit that the clients got, in whole windows."""
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
        """Send as much as the pacer lets through, and ask again when it says so."""
        client.waits = False
        while client.idle and not client.waits:
            seconds = client.pacer.wait(self.now)
            if seconds > 0:
                client.waits = True
                late = self._random.random() * self.setup.timers
                self._after(min(seconds, POLL_INTERVAL) + late, partial(self._send, client))
            else:
                client.pacer.sent(self.now)
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
        told = RateLimit(
            self.setup.limit,
            self.setup.limit - self._used[window],
            float(self.setup.rounding((window + 1) * self.setup.window - self.now)),
        )
        self._after(self._one_way(), partial(self._hear, client, sent_at, told, taken))

    def _hear(self, client: Client, sent_at: float, told: RateLimit | None, taken: bool) -> None:
        reported = None if taken and self.setup.only_refusals_report else told
        client.pacer.answered(reported, 201 if taken else 429, sent_at, self.now)
        # Whoever was refused comes back when it was told to.
        pause = 0.0
        if not taken and told is not None:
            pause = (told.reset or 0.0) + self._random.random() * POLL_INTERVAL
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
