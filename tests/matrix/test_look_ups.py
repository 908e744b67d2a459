"""Rows 21 and 22: the reply of a create is lost, and the look-up fails as well."""

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
    "garbage": {"raw": "this is not HTTP\r\n\r\n"},
    "bad gzip": {"body": "bad_gzip"},
    "HTML": {"status": 200, "body": "html"},
    "empty body": {"body": "empty"},
    "no ids": {"body": "no_id"},
}
"""Faults after which a look-up is repeated."""

FIRST_OF_TWO: Fault = {
    "body": {
        "json": {
            "data": [{"id": "another", "unique_name": "standup-2"}],
            "meta": {"page_number": 1, "page_size": 1, "total_pages": 2, "total_results": 2},
        }
    }
}
"""The first page of a list, without the room."""


@pytest.mark.parametrize("fault", FAULTS)
def test_row_21_failed_look_up_is_repeated(matrix_env: MatrixEnv, fault: str) -> None:
    """A failed look-up is repeated until it finds the room."""

    async def run_case() -> None:
        faults = FAULTS[fault], FAULTS[fault]
        async with matrix_env.case(on_create("lost"), on_look_up(*faults)) as case:
            ending = await case.create("standup")
            case.is_made(ending, posts=1, recovered=True)
            assert case.look_ups == 3

    matrix_env.run(run_case())


@pytest.mark.parametrize("fault", ["429", "503", "cut", "truncated", "HTML"])
def test_row_21_failed_second_page_is_repeated(matrix_env: MatrixEnv, fault: str) -> None:
    """A room on the second page is found, even if that page fails at first."""

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


def test_row_21_empty_list_is_no_proof(matrix_env: MatrixEnv) -> None:
    """After an empty list the create is sent again, refused, and the room is found."""

    async def run_case() -> None:
        plan = on_create("lost"), on_look_up("list_stale", "list_stale", "list_empty")
        async with matrix_env.case(*plan) as case:
            ending = await case.create("standup")
            case.is_made(ending, posts=2, recovered=True)
            assert case.look_ups == 4

    matrix_env.run(run_case())


def test_row_21_look_ups_fail_until_the_deadline(matrix_envs: list[MatrixEnv]) -> None:
    """If every look-up fails until the deadline, the outcome is unknown."""
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
def test_row_22_similar_names_do_not_match(matrix_env: MatrixEnv, commit: str) -> None:
    """Rooms whose names differ in case or share a prefix are not returned."""
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
