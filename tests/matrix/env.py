"""Environments of the fault matrix: event loop, TLS, fresh or reused connection, batch, session."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncGenerator, Callable, Coroutine, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import aiohttp
import attrs
import uvloop
from aiohttp.abc import AbstractResolver, ResolveResult

from matrix.case import MatrixCase, Rule, has_idle_connection
from support.virtual_time import VirtualTimeLoop
from telnyx_video import AsyncRoomsClient, RetryPolicy
from telnyx_video._transport.payload import DirectRequest
from telnyx_video.sandbox import Sandbox

LOOPS: Mapping[str, Callable[[], asyncio.AbstractEventLoop]] = {
    "asyncio": VirtualTimeLoop,
    "uvloop": uvloop.new_event_loop,
}

QUICK = RetryPolicy(attempts=8, deadline=150, backoff=0.002, backoff_max=0.01)
"""Retries almost immediately; the deadline is only reached when a test fails.

On uvloop time is real, and a hundred cases share a loop, which takes long on a busy machine."""

LIMIT = 100.0
"""Time-out of an attempt that is not expected to time out, in seconds."""


@attrs.frozen
class Trust:
    """TLS contexts of a server and of a client that trusts it."""

    server: ssl.SSLContext
    client: ssl.SSLContext


@attrs.frozen
class MatrixEnv:
    """Where cases run: event loop, kind of connection, session, single calls or batches."""

    loop: str
    tls: bool
    reused: bool
    in_batch: bool
    """Whether rooms are created by ``create_many``."""
    shared: bool
    """Whether the session is the caller's, in which aiohttp writes the requests."""
    trust: Trust | None = None

    def run(self, *cases: Coroutine[Any, Any, None]) -> None:
        """Run cases concurrently; see `run_cases`."""
        run_cases(self.loop, *cases)

    def __str__(self) -> str:
        scheme = "tls" if self.tls else "plain"
        connection = "reused" if self.reused else "fresh"
        calls = "batch" if self.in_batch else "single"
        return f"{self.loop}-{scheme}-{connection}-{calls}-{'shared' if self.shared else 'own'}"

    @asynccontextmanager
    async def case(
        self,
        *plan: Rule,
        retry: RetryPolicy = QUICK,
        timeout: float | aiohttp.ClientTimeout = LIMIT,
        concurrency: int = 1,
        resolver: Detour | None = None,
        rooms: Sequence[Mapping[str, Any]] = (),
        used: Rule | None = None,
        trace: aiohttp.TraceConfig | None = None,
        leaves_nothing: bool = True,
    ) -> AsyncGenerator[MatrixCase]:
        """Start a sandbox with faults and its client; check at the end that nothing is left open.

        Args:
            plan: The faults, active from the start of the case.
            resolver: Directs the client's connections to the sandbox or elsewhere.
            rooms: Created beforehand by another client.
            used: The fault of the request before the case, on a connection to be reused.
            trace: Passed to the client or to its session.
            leaves_nothing: Check that the client can create a room at the end.
        """
        async with AsyncExitStack() as stack:
            sandbox = await stack.enter_async_context(Sandbox(ssl_context=self._serving))
            url, session = await self._session(stack, sandbox.url, resolver, trace)
            client = await stack.enter_async_context(
                AsyncRoomsClient(
                    base_url=url,
                    api_key=sandbox.api_key,
                    retry=retry,
                    timeout=timeout,
                    concurrency=concurrency,
                    session=session,
                    trace_configs=[trace] if trace and not session else [],
                )
            )
            await _make_rooms(sandbox, self.trust, rooms)
            if self.reused:
                sandbox.faults = [] if used is None else [used]
                async for _ in client.list(timeout=LIMIT, retry=QUICK).pages():
                    pass
            if used is None:
                assert has_idle_connection(client) == self.reused
            sandbox.faults = plan
            case = MatrixCase(sandbox, client, self.in_batch, sandbox.requests)
            yield case
            if leaves_nothing:
                await case.leaves_nothing()

    @property
    def _serving(self) -> ssl.SSLContext | None:
        return self.trust.server if self.trust and self.tls else None

    async def _session(
        self,
        stack: AsyncExitStack,
        url: str,
        resolver: Detour | None,
        trace: aiohttp.TraceConfig | None,
    ) -> tuple[str, aiohttp.ClientSession | None]:
        """Return the address, and a session if the environment needs one of its own.

        The session is limited to one connection, so that calls wait for its pool.
        """
        if not (self.tls or self.shared or resolver):
            return url, None
        connector = aiohttp.TCPConnector(
            limit=1,
            ssl=self.trust.client if self.trust else True,
            resolver=resolver,
            use_dns_cache=False,
        )
        session = aiohttp.ClientSession(
            connector=connector,
            trace_configs=[trace] if trace else [],
            request_class=aiohttp.ClientRequest if self.shared else DirectRequest,
        )
        await stack.enter_async_context(session)
        # A resolver is only used for host names.
        return url.replace("127.0.0.1", "localhost") if resolver else url, session


class Detour(AbstractResolver):
    """Directs the first connections elsewhere, and later ones to the sandbox.

    Args:
        ports: Ports of 127.0.0.1; 0 is the requested port, None a resolution failure.
    """

    def __init__(self, *ports: int | None) -> None:
        self.asked = 0
        """The number of connections requested."""
        self._ports: tuple[int | None, ...] = ports

    async def resolve(self, host: str, port: int = 0, family: int = 0) -> list[ResolveResult]:
        self.asked += 1
        to = self._ports[self.asked - 1] if self.asked <= len(self._ports) else 0
        if to is None:
            raise OSError("no such host")
        return [
            ResolveResult(
                hostname=host, host="127.0.0.1", port=to or port, family=2, proto=0, flags=0
            )
        ]

    def ends(self) -> None:
        """Direct all further connections to the sandbox."""
        self._ports = ()

    async def close(self) -> None:
        """Do nothing; no resource is open."""


def run_cases(loop: str, *cases: Coroutine[Any, Any, None]) -> None:
    """Run cases concurrently in a loop of this kind, and check that no task is left."""

    async def leave_nothing() -> None:
        async with asyncio.TaskGroup() as group:
            for case in cases:
                group.create_task(case)
        assert asyncio.all_tasks() == {asyncio.current_task()}

    with asyncio.Runner(loop_factory=LOOPS[loop]) as runner:
        try:
            runner.run(leave_nothing())
        except ExceptionGroup as failures:
            raise failures.exceptions[0] from None


async def _make_rooms(
    sandbox: Sandbox, trust: Trust | None, rooms: Sequence[Mapping[str, Any]]
) -> None:
    if not rooms:
        return
    connector = aiohttp.TCPConnector(ssl=trust.client if trust else True)
    async with (
        aiohttp.ClientSession(connector=connector) as session,
        AsyncRoomsClient(base_url=sandbox.url, api_key=sandbox.api_key, session=session) as other,
    ):
        for room in rooms:
            await other.create(**room)
