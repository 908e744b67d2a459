"""One run: a fresh server, one client, all creates, and a comparison with the existing rooms."""

import asyncio
import time
from collections.abc import Coroutine, Generator, Mapping, Sequence
from contextlib import contextmanager
from threading import Timer
from typing import Any, Protocol

from chaos.judging import Answer, Ask, Breach, Count, judge
from chaos.serving import Server, serving
from telnyx_video.sandbox import FaultPlan

Notes = Mapping[str, Sequence[tuple[float, str]]]


class CreateAll(Protocol):
    """Creates all rooms with a client and returns the reported results."""

    def __call__(
        self, url: str, asked: Sequence[Ask], *, timeout: float, concurrency: int
    ) -> Coroutine[Any, Any, Mapping[str, Answer]]: ...


def run(
    create_all: CreateAll,
    asked: Sequence[Ask],
    plan: FaultPlan,
    *,
    timeout: float = 2.0,
    concurrency: int = 100,
    latest_commit: float = 0.0,
    outage_after: float | None = None,
    normalising: bool = False,
) -> tuple[Count, list[str]]:
    """Return the figures, and the story of each breach.

    Args:
        timeout: Seconds for one attempt.
        latest_commit: Seconds after the last answer at which rooms may still come to be.
        outage_after: Seconds after the start at which the whole server goes away for one.
        normalising: Whether the server keeps names and URLs in a form of its own.
    """
    with serving(plan, normalising=normalising) as server, _outage(server, outage_after):
        began = time.monotonic()
        answers = asyncio.run(
            create_all(server.url, asked, timeout=timeout, concurrency=concurrency)
        )
        seconds = time.monotonic() - began
        # The server does not say which commits it still has to make. By then it is also back, if
        # it went away just now.
        time.sleep(latest_commit)
        posts = server.posts()
        count = judge(asked, answers, server.rooms())
        count.posts, count.seconds = posts, seconds
        return count, _stories(count.breaches, server)


@contextmanager
def _outage(server: Server, after: float | None) -> Generator[None]:
    timer = Timer(after or 0.0, server.pause)
    if after is not None:
        timer.start()
    try:
        yield
    finally:
        timer.cancel()
        if after is not None:
            timer.join()


def _stories(breaches: Sequence[Breach], server: Server) -> list[str]:
    notes: Notes = server.notes() if breaches else {}
    return [_story(breach, notes.get(breach.key, ())) for breach in breaches]


def _story(breach: Breach, events: Sequence[tuple[float, str]]) -> str:
    lines = [f"{breach.kind}: {breach.key}: {breach.why}"]
    return "\n".join(lines + [f"    {at:7.3f} s  {event}" for at, event in events])
