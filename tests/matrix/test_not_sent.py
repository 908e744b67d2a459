"""Rows 1, 2 and 3: not one byte of the create was sent.

It is sent again, with or without a name, if a retry can succeed; the error says that no room was
created.
"""

from __future__ import annotations

import asyncio
import ssl
from itertools import product, starmap
from types import SimpleNamespace

import aiohttp
import attrs
import pytest

from matrix.case import STALLED, Rule, on_create
from matrix.conftest import MATRIX_ENVS
from matrix.env import LIMIT, QUICK, Detour, MatrixEnv, Trust
from support.scripted_server import closed_port, reset, serve, unreachable
from telnyx_video import (
    AsyncRoomsClient,
    ConfigurationError,
    Outcome,
    RequestTimeoutError,
    RetryPolicy,
    TransportError,
)

CLOSING: Rule = {"on": "GET /rooms", "faults": ["close"]}
"""Closes the connection, so that the next request needs a new one."""

SOON = aiohttp.ClientTimeout(total=10, sock_connect=1)
"""Long enough for a handshake on a busy machine, short where no server answers."""

over_tls = pytest.mark.parametrize(
    "matrix_env", [env for env in MATRIX_ENVS if env.tls], indirect=True, ids=str
)
over_fresh_tls = pytest.mark.parametrize(
    "matrix_env",
    [env for env in MATRIX_ENVS if env.tls and not env.reused],
    indirect=True,
    ids=str,
)


async def fail_connections(
    matrix_env: MatrixEnv,
    name: str | None,
    *ports: int | None,
    timeout: float | aiohttp.ClientTimeout = LIMIT,
) -> None:
    """Let the first connections of a create fail; it succeeds on the next one."""
    start = [0] if matrix_env.reused else []
    detour = Detour(*start, *ports)
    async with matrix_env.case(resolver=detour, used=CLOSING, timeout=timeout) as case:
        ending = await case.create(name)
        case.is_made(ending, posts=1, attempts=1 + len(ports))
        assert detour.asked >= len(start) + len(ports) + 1


@pytest.mark.parametrize("fault", ["no such host", "refused", "connect timed out"])
def test_row_01_no_connection(matrix_env: MatrixEnv, name: str | None, fault: str) -> None:
    """The create is retried until the server can be reached."""

    async def run_case() -> None:
        if fault == "no such host":
            await fail_connections(matrix_env, name, None, None)
        elif fault == "refused":
            await fail_connections(matrix_env, name, closed_port(), closed_port())
        else:
            with unreachable() as address:
                await fail_connections(
                    matrix_env, name, int(address.partition(":")[2]), timeout=SOON
                )

    matrix_env.run(run_case())


@over_tls
def test_row_01_tls_reset(matrix_env: MatrixEnv, name: str | None) -> None:
    """A handshake that fails has sent nothing, so the create is sent again."""

    async def run_case() -> None:
        async with serve(first=reset) as rude:
            await fail_connections(matrix_env, name, rude.port, rude.port)
            assert rude.connections == 2

    matrix_env.run(run_case())


def test_row_01_pool_full(matrix_envs: list[MatrixEnv], name: str | None) -> None:
    """A create waits for a free connection, and retries if a wait times out."""

    async def run_case(matrix_env: MatrixEnv) -> None:
        # Over TLS the session's pool limits connections; otherwise the client's does.
        impatient = aiohttp.ClientTimeout(total=10, connect=STALLED / 4)
        patient = attrs.evolve(QUICK, attempts=100, quota=10_000)
        async with matrix_env.case(
            on_create({"stall": "reply", "seconds": STALLED}),
            concurrency=2 if matrix_env.tls else 1,
            timeout=impatient,
            retry=patient,
        ) as case:
            first = asyncio.create_task(case.rooms.create())
            await case.until(lambda: case.posts)
            second = await case.create(name)
            await first
            assert second.room is not None
            case.sent(posts=2, rooms=2)
            if second.outcome is not None and matrix_env.tls:
                assert second.outcome.attempts > 1

    matrix_envs[0].run(*map(run_case, matrix_envs))


HURRIED = RetryPolicy(attempts=10_000, deadline=STALLED, backoff=0.01, quota=100_000)


def test_row_02_no_connection_until_the_deadline(matrix_envs: list[MatrixEnv]) -> None:
    """Without a connection until the deadline, the outcome is "not applied"."""

    async def run_case(matrix_env: MatrixEnv, name: str | None, port: int) -> None:
        detour = Detour(*([0] if matrix_env.reused else []), *[port] * 1000)
        async with matrix_env.case(resolver=detour, used=CLOSING, retry=HURRIED) as case:
            ending = await case.create(name, give_up_after=STALLED)
            assert isinstance(ending.error, TransportError)
            assert ending.error.outcome is Outcome.NOT_APPLIED
            case.sent(posts=0, rooms=0)
            detour.ends()

    with unreachable() as address:
        ports = closed_port(), int(address.partition(":")[2])
        matrix_envs[0].run(*starmap(run_case, product(matrix_envs, ("standup", None), ports)))


def test_row_02_no_slot_until_the_deadline(matrix_envs: list[MatrixEnv]) -> None:
    """A create that waits for a slot until its deadline was not applied."""

    async def run_case(matrix_env: MatrixEnv, name: str | None) -> None:
        async with matrix_env.case(on_create("hang"), retry=HURRIED) as case:
            busy = asyncio.create_task(case.rooms.create(retry=QUICK))
            await case.until(lambda: case.posts)
            ending = await case.create(name)
            error = case.failed(ending, RequestTimeoutError, posts=1, rooms=1)
            assert error.outcome is Outcome.NOT_APPLIED
            busy.cancel()
            await asyncio.wait([busy])

    matrix_envs[0].run(*starmap(run_case, product(matrix_envs, ("standup", None))))


@over_fresh_tls
def test_row_03_bad_certificate(matrix_env: MatrixEnv, name: str | None, trust: Trust) -> None:
    """An untrusted server gets no request, and the create is not retried."""

    async def run_case() -> None:
        untrusting = attrs.evolve(
            matrix_env, trust=attrs.evolve(trust, client=ssl.create_default_context())
        )
        async with untrusting.case(leaves_nothing=False) as case:
            ending = await case.create(name)
            error = case.failed(ending, TransportError, posts=0, rooms=0)
            assert error.outcome is Outcome.NOT_APPLIED
            assert not error.retryable
            assert ending.outcome is None or ending.outcome.attempts == 1

    matrix_env.run(run_case())


def test_row_03_line_break_in_a_header(matrix_env: MatrixEnv, name: str | None) -> None:
    """A header with a line break is a configuration error, and is not sent."""
    broken = True

    async def inject(
        session: aiohttp.ClientSession,
        context: SimpleNamespace,
        start: aiohttp.TraceRequestStartParams,
    ) -> None:
        if broken and start.method == "POST":
            start.headers["X-Team"] = "video\r\nX-Injected: yes"

    async def run_case() -> None:
        nonlocal broken
        tracing = aiohttp.TraceConfig()
        tracing.on_request_start.append(inject)
        async with matrix_env.case(trace=tracing) as case:
            ending = await case.create(name)
            error = case.failed(ending, ConfigurationError, posts=0, rooms=0)
            assert error.outcome is Outcome.NOT_APPLIED
            broken = False

    matrix_env.run(run_case())


@pytest.mark.parametrize("url", ["ftp://127.0.0.1/v2", "https://", "127.0.0.1", "https://a:b/v2"])
def test_row_03_bad_url(url: str) -> None:
    """An invalid base URL is refused when the client is made."""
    with pytest.raises(ConfigurationError) as raised:
        AsyncRoomsClient(base_url=url, api_key="key")
    assert raised.value.outcome is Outcome.NOT_APPLIED
