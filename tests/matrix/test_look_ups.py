"""Rows 21 and 22: the answer of a create is lost, and the look-up meets faults as well."""

from __future__ import annotations

from itertools import product, starmap

import pytest

from matrix.case import Fault, on_create, on_look_up
from matrix.env import MatrixEnv
from telnyx_video import RetryPolicy

FAULTS: dict[str, Fault] = {
    "429": {"status": 429},
    "503": {"status": 503},
    "cut": {"cut": "reply"},
    "reset": {"cut": "reply", "reset": True},
    "half the headers": {"cut": "headers"},
    "truncated": {"cut": "body"},
    "truncated at the end of the connection": {"cut": "body", "framing": "close"},
    "garbage": {"raw": "no HTTP at all\r\n\r\n"},
    "bad gzip": {"body": "bad_gzip"},
    "HTML": {"status": 200, "body": "html"},
    "empty body": {"body": "empty"},
    "no ids": {"body": "no_id"},
}
"""After each of these a look-up is to be made again."""

FIRST_OF_TWO: Fault = {
    "body": {
        "json": {
            "data": [{"id": "another", "unique_name": "standup-2"}],
            "meta": {"page_number": 1, "page_size": 1, "total_pages": 2, "total_results": 2},
        }
    }
}
"""The first page of a list, on which the room is not."""


@pytest.mark.parametrize("fault", FAULTS)
def test_row_21_look_up_is_lost(matrix_env: MatrixEnv, fault: str) -> None:
    """A look-up that fails is made again, until it finds the room."""

    async def run_case() -> None:
        faults = FAULTS[fault], FAULTS[fault]
        async with matrix_env.case(on_create("lost"), on_look_up(*faults)) as case:
            ending = await case.create("standup")
            case.is_made(ending, posts=1, recovered=True)
            assert case.look_ups == 3

    matrix_env.run(run_case())


@pytest.mark.parametrize("fault", ["429", "503", "cut", "truncated", "HTML"])
def test_row_21_second_page_is_lost(matrix_env: MatrixEnv, fault: str) -> None:
    """A room that is on the second page is found there, also if that page fails at first."""

    async def run_case() -> None:
        async with matrix_env.case(
            on_create("lost"),
            on_look_up(FIRST_OF_TWO, page=1, repeat=True),
            on_look_up(FAULTS[fault], "list_first_page", page=2),
        ) as case:
            ending = await case.create("standup")
            case.is_made(ending, posts=1, recovered=True)
            # aiohttp itself repeats a GET whose connection broke, and then only the second page.
            assert case.look_ups in (3, 4)

    matrix_env.run(run_case())


def test_row_21_empty_though_it_exists(matrix_env: MatrixEnv) -> None:
    """An empty list proves nothing: the create that follows it is refused, and the room found."""

    async def run_case() -> None:
        plan = on_create("lost"), on_look_up("list_stale", "list_stale", "list_empty")
        async with matrix_env.case(*plan) as case:
            ending = await case.create("standup")
            case.is_made(ending, posts=2, recovered=True)
            assert case.look_ups == 4

    matrix_env.run(run_case())


def test_row_21_until_the_deadline(matrix_envs: list[MatrixEnv]) -> None:
    """When no look-up tells anything until the deadline, the error says that nobody knows."""
    hurried = RetryPolicy(deadline=1, backoff=0.01, backoff_max=0.05)

    async def run_case(matrix_env: MatrixEnv, fault: str) -> None:
        plan = on_create("lost"), on_look_up(FAULTS[fault], repeat=True)
        async with matrix_env.case(*plan, retry=hurried) as case:
            ending = await case.create("standup", give_up_after=1)
            case.is_unknown(ending, posts=1, rooms=1)
            assert case.look_ups > 1

    matrix_envs[0].run(
        *starmap(run_case, product(matrix_envs, ("429", "503", "truncated", "HTML")))
    )


@pytest.mark.parametrize("commit", ["before", "never"], ids=["committed", "not committed"])
def test_row_22_names_that_are_only_alike(matrix_env: MatrixEnv, commit: str) -> None:
    """Rooms whose names differ in case, or only begin alike, are of others: none is taken."""
    others = [{"unique_name": name} for name in ("Standup", "STANDUP", "standup-2", "stand")]

    async def run_case() -> None:
        async with matrix_env.case(
            on_create({"cut": "reply", "commit": commit}),
            on_look_up("list_inexact", repeat=True),
            rooms=others,
        ) as case:
            ending = await case.create("standup")
            committed = commit == "before"
            case.is_made(ending, posts=1 if committed else 2, recovered=committed, others=4)
            assert ending.room is not None
            assert ending.room.unique_name == "standup"

    matrix_env.run(run_case())
