"""Rows 4, 5, 8 to 12, 19 and 29: the reply is lost, garbled, wrong or endless.

With a name the room is found, or created if it does not exist; without a name the outcome is
unknown, and nothing is sent again.
"""

from __future__ import annotations

import asyncio

import pytest

from matrix.case import Ending, Fault, on_create
from matrix.env import MatrixEnv
from support.scripted_server import created, serve
from telnyx_video import BadRequestError
from telnyx_video._transport.transport import MAX_BODY

NEVER: Fault = {"commit": "never"}


def faults(**by_name: Fault) -> pytest.MarkDecorator:
    """Run the test with each fault."""
    return pytest.mark.parametrize("fault", by_name.values(), ids=by_name)


async def lose_an_answer(matrix_env: MatrixEnv, name: str | None, fault: Fault) -> Ending:
    """Apply the fault to the first create, and check the result of a lost reply.

    Args:
        fault: The create is committed unless the fault has ``"commit": "never"``.
    """
    committed = fault.get("commit") != "never"
    async with matrix_env.case(on_create({"commit": "before", **fault})) as case:
        ending = await case.create(name)
        if name is None:
            case.is_unknown(ending, rooms=int(committed))
        else:
            case.is_made(ending, posts=1 if committed else 2, recovered=committed)
        assert (case.look_ups == 0) == (name is None)
        assert sum(case.sandbox.faults_done.values()) == 1
        return ending


@faults(
    fin_before_reading={"cut": "read"},
    rst_before_reading={"cut": "read", "reset": True},
    fin_while_reading={"cut": "reading"},
    rst_while_reading={"cut": "reading", "reset": True},
)
def test_row_04_cut_before_the_request_is_read(
    matrix_env: MatrixEnv, name: str | None, fault: Fault
) -> None:
    """A connection closed before the request is read does not count as a refusal."""

    async def run_case() -> None:
        await lose_an_answer(matrix_env, name, {**fault, **NEVER})

    matrix_env.run(run_case())


@faults(fin={"cut": "reply"}, rst={"cut": "reply", "reset": True})
def test_row_05_commit_then_cut(matrix_env: MatrixEnv, name: str | None, fault: Fault) -> None:
    """A room whose reply is cut off is found by name, and never created twice."""

    async def run_case() -> None:
        await lose_an_answer(matrix_env, name, fault)

    matrix_env.run(run_case())


@faults(
    half_a_status_line={"cut": "status"},
    half_the_headers={"cut": "headers"},
    half_the_headers_uncommitted={"cut": "headers", **NEVER},
    reset_in_the_headers={"cut": "headers", "reset": True},
    continue_then_fin={"interim": 100, "cut": "reply"},
    early_hints_then_fin={"interim": 103, "cut": "reply", **NEVER},
)
def test_row_08_partial_status_or_headers(
    matrix_env: MatrixEnv, name: str | None, fault: Fault
) -> None:
    """A reply that ends before its body counts as lost."""

    async def run_case() -> None:
        await lose_an_answer(matrix_env, name, fault)

    matrix_env.run(run_case())


@faults(
    by_length={"cut": "body"},
    by_length_uncommitted={"cut": "body", **NEVER},
    chunked={"cut": "body", "framing": "chunked"},
    end_of_connection={"cut": "body", "framing": "close"},
    reset={"cut": "body", "reset": True},
)
def test_row_09_truncated_body(matrix_env: MatrixEnv, name: str | None, fault: Fault) -> None:
    """A truncated body counts as lost, even if no framing reveals the truncation."""

    async def run_case() -> None:
        await lose_an_answer(matrix_env, name, fault)

    matrix_env.run(run_case())


@faults(
    bad_gzip={"body": "bad_gzip"},
    html={"status": 200, "body": "html"},
    html_uncommitted={"status": 200, "body": "html", **NEVER},
    bad_json={"body": "bad_json"},
    empty={"body": "empty"},
    no_id={"body": "no_id"},
)
def test_row_10_unreadable_success(matrix_env: MatrixEnv, name: str | None, fault: Fault) -> None:
    """A success without a readable room counts as neither success nor failure."""

    async def run_case() -> None:
        await lose_an_answer(matrix_env, name, fault)

    matrix_env.run(run_case())


@faults(
    garbage={"raw": "\x16\x03\x01\x02 this is not HTTP\r\n\r\n"},
    garbage_uncommitted={"raw": "\x16\x03\x01\x02 this is not HTTP\r\n\r\n", **NEVER},
    huge_header={"headers": {"x-huge": {"size": 1_000_000}}},
    bad_chunk={"framing": "bad_chunk"},
    two_lengths={"framing": "two_lengths"},
)
def test_row_11_bytes_that_are_not_http(
    matrix_env: MatrixEnv, name: str | None, fault: Fault
) -> None:
    """Bytes that are not HTTP are never reported as a bad request."""

    async def run_case() -> None:
        seen: object = (await lose_an_answer(matrix_env, name, fault)).error
        while seen is not None:
            assert not isinstance(seen, BadRequestError)
            seen = getattr(seen, "last_error", None)

    matrix_env.run(run_case())


@pytest.mark.parametrize("commit", ["before", "never"], ids=["committed", "not committed"])
@pytest.mark.parametrize("status", [408, 409, 500, 502, 503, 504])
def test_row_12_inconclusive_status(
    matrix_env: MatrixEnv, name: str | None, status: int, commit: str
) -> None:
    """A gateway error may follow a committed create, so the outcome is unknown."""

    async def run_case() -> None:
        await lose_an_answer(matrix_env, name, {"status": status, "commit": commit})

    matrix_env.run(run_case())


@pytest.mark.parametrize(
    ("status", "to", "commit"),
    [
        (301, "same host", "before"),
        (302, "same host", "before"),
        (303, "other host", "never"),
        (307, "same host", "never"),
        (307, "other host", "before"),
        (308, "other host", "before"),
    ],
)
def test_row_19_redirect(
    matrix_env: MatrixEnv, name: str | None, status: int, to: str, commit: str
) -> None:
    """No redirect is followed: nothing is posted twice, and no other host gets the key."""

    async def run_case() -> None:
        async with serve(created()) as other:
            location = f"{other.url}/rooms" if to == "other host" else "/v2/rooms"
            fault = {"status": status, "headers": {"Location": location}, "commit": commit}
            await lose_an_answer(matrix_env, name, fault)
            assert other.connections == 0

    matrix_env.run(run_case())


@faults(
    bomb={"body": "bomb"},
    endless={"body": "endless"},
    endless_uncommitted={"body": "endless", **NEVER},
)
def test_row_29_bomb_and_endless_body(
    matrix_env: MatrixEnv, name: str | None, fault: Fault
) -> None:
    """A reply larger than the limit counts as lost."""

    async def run_case() -> None:
        ending = await lose_an_answer(matrix_env, name, fault)
        if ending.error is not None:
            assert str(MAX_BODY) in str(ending.error)

    if matrix_env.loop == "asyncio":  # in real time: large bodies are decompressed in a thread
        asyncio.run(run_case())
    else:
        matrix_env.run(run_case())
