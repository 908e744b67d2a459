"""Rows 6, 7, 13 and 14: late replies, stalls and rate limits.

These are slow, so all cases of one loop run concurrently.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from itertools import product, starmap

import aiohttp
import pytest

from matrix.case import STALLED, on_create, on_look_up
from matrix.env import LIMIT, QUICK, MatrixEnv
from telnyx_video import Outcome, RateLimitError, RetryPolicy

NAMES = ("standup", None)


def test_row_06_late_commit(matrix_envs: list[MatrixEnv]) -> None:
    """A create applied up to 2 s after its connection was cut creates no second room."""

    async def run_case(matrix_env: MatrixEnv, name: str | None, reset: bool, late: float) -> None:
        plan = on_create({"cut": "reply", "reset": reset, "commit": late})
        async with matrix_env.case(plan) as case:
            ending = await case.create(name)
            # The sandbox shares this loop, whose timers fire in the order of their times.
            await asyncio.sleep(late)
            if name is None:
                case.is_unknown(ending, rooms=1)
            else:
                # The second create succeeds, or is refused because the first was applied.
                assert case.posts in (1, 2)
                case.is_made(ending, posts=case.posts, recovered=case.posts == 1 or None)

    delays = (0, 0.1, 2)
    matrix_envs[0].run(*starmap(run_case, product(matrix_envs, NAMES, (False, True), delays)))


@pytest.mark.parametrize("reset", [False, True], ids=["FIN", "RST"])
def test_row_06_refusal_after_a_late_commit(matrix_env: MatrixEnv, reset: bool) -> None:
    """A second create that is refused because the first was applied returns its room."""

    async def run_case() -> None:
        late = {"cut": "reply", "reset": reset, "commit": STALLED / 3}
        async with matrix_env.case(
            on_create(late, {"stall": "commit", "seconds": STALLED / 3}), on_look_up("list_empty")
        ) as case:
            ending = await case.create("standup")
            case.is_made(ending, posts=2, recovered=True)
            assert case.look_ups == 2

    matrix_env.run(run_case())


@pytest.mark.parametrize("limit", ["sock_read", "total"])
@pytest.mark.parametrize("commit", ["before", "never"], ids=["committed", "not committed"])
def test_row_07_stall(matrix_envs: list[MatrixEnv], commit: str, limit: str) -> None:
    """A server that stalls before or during its reply times the attempt out."""
    # Real time on uvloop: long enough for the following requests on a busy machine.
    stalled = 4 * STALLED
    timeout = (
        aiohttp.ClientTimeout(total=stalled)
        if limit == "total"
        else aiohttp.ClientTimeout(total=LIMIT, sock_read=stalled)
    )
    committed = commit == "before"
    points = ("reply", "status", "headers", "body")
    # Setup takes time, which must not count towards the attempts' time-outs.
    ready = asyncio.Barrier(len(matrix_envs) * len(NAMES) * len(points))

    async def run_case(matrix_env: MatrixEnv, name: str | None, point: str) -> None:
        plan = on_create({"stall": point, "commit": commit})
        async with matrix_env.case(plan, timeout=timeout) as case:
            await ready.wait()
            ending = await case.create(name)
            if name is None:
                case.is_unknown(ending, rooms=int(committed))
            else:
                case.is_made(ending, posts=1 if committed else 2, recovered=committed)

    matrix_envs[0].run(*starmap(run_case, product(matrix_envs, NAMES, points)))


WAITED_FOR: Mapping[str, tuple[Mapping[str, object], float]] = {
    "Retry-After in seconds": ({"Retry-After": "1"}, 1),
    "Retry-After as a date": ({"Retry-After": {"date_in": 1}}, 1),
    "Retry-After as a date, by a wrong clock": (
        {"Date": {"date_in": -3600}, "Retry-After": {"date_in": -3599}},
        1,
    ),
    "Retry-After in fractions": ({"Retry-After": "0.5"}, 0.5),
    "x-ratelimit-reset": ({"x-ratelimit-reset": "1"}, 1),
    "an exhausted window": (
        {"x-ratelimit-limit": "9", "x-ratelimit-remaining": "0", "x-ratelimit-reset": "1"},
        1,
    ),
    "the earlier of both": ({"Retry-After": "0", "x-ratelimit-reset": "1"}, 0),
    "absent": ({}, 0),
    "zero": ({"Retry-After": "0"}, 0),
    "negative": ({"Retry-After": "-5"}, 0),
    "negative reset": ({"x-ratelimit-reset": "-5"}, 0),
    "a date that has passed": ({"Retry-After": {"date_in": -60}}, 0),
    "not a time": ({"Retry-After": "soon"}, 0),
    "huge": ({"Retry-After": "999999999"}, 0),
    "endless": ({"Retry-After": "inf"}, 0),
    "a date in the next century": ({"Retry-After": {"date_in": 1e9}}, 0),
    "huge reset": ({"x-ratelimit-reset": "999999999"}, 0),
}
"""Headers of a 429, and the least number of seconds to wait."""


def test_row_13_rate_limited(matrix_envs: list[MatrixEnv]) -> None:
    """After a 429 the create waits for a plausible Retry-After, and is sent again."""

    async def run_case(matrix_env: MatrixEnv, name: str | None, reported: str) -> None:
        headers, seconds = WAITED_FOR[reported]
        async with matrix_env.case(on_create({"status": 429, "headers": headers})) as case:
            clock = asyncio.get_running_loop().time
            began = clock()
            ending = await case.create(name)
            assert clock() - began >= seconds, reported
            case.is_made(ending, posts=2)
            assert case.look_ups == 0

    matrix_envs[0].run(*starmap(run_case, product(matrix_envs, NAMES, WAITED_FOR)))


@pytest.mark.parametrize(
    "headers",
    [{"Retry-After": "200"}, {"Retry-After": {"date_in": 200}}, {"x-ratelimit-reset": "200"}],
    ids=["seconds", "date", "reset"],
)
def test_row_13_later_than_the_deadline(
    matrix_env: MatrixEnv, name: str | None, headers: Mapping[str, object]
) -> None:
    """A create whose Retry-After exceeds its deadline fails immediately."""

    async def run_case() -> None:
        async with matrix_env.case(on_create({"status": 429, "headers": headers})) as case:
            ending = await case.create(name)
            error = case.failed(ending, RateLimitError, posts=1, rooms=0)
            assert error.outcome is Outcome.NOT_APPLIED

    matrix_env.run(run_case())


def test_row_14_rate_limited_until_the_deadline(matrix_envs: list[MatrixEnv]) -> None:
    """A create refused until its deadline fails with the outcome "not applied"."""
    hurried = RetryPolicy(deadline=3, backoff=QUICK.backoff, backoff_max=0.2)

    async def run_case(matrix_env: MatrixEnv, name: str | None) -> None:
        async with matrix_env.case(on_create(429, repeat=True), retry=hurried) as case:
            ending = await case.create(name)
            error = case.failed(ending, RateLimitError, posts=case.posts, rooms=0)
            assert error.outcome is Outcome.NOT_APPLIED
            assert case.posts > 1
            assert ending.outcome is None or ending.outcome.attempts == case.posts
            assert case.look_ups == 0

    matrix_envs[0].run(*starmap(run_case, product(matrix_envs, NAMES)))


def test_row_14_no_attempt_without_time_for_its_reply(matrix_envs: list[MatrixEnv]) -> None:
    """A create that was not applied is not sent again if its reply would come too late."""
    hurried = RetryPolicy(deadline=1.5, backoff=QUICK.backoff)
    refused = {"status": 429, "headers": {"Retry-After": "1"}, "stall": "reply", "seconds": 0.15}

    ready = asyncio.Barrier(len(matrix_envs) * len(NAMES))

    async def run_case(matrix_env: MatrixEnv, name: str | None) -> None:
        async with matrix_env.case(on_create(refused, repeat=True), retry=hurried) as case:
            await ready.wait()
            ending = await case.create(name)
            case.failed(ending, RateLimitError, posts=case.posts, rooms=0)

    matrix_envs[0].run(*starmap(run_case, product(matrix_envs, NAMES)))
