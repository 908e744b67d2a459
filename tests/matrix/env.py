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
"""Retries almost immediately; its deadline is only reached where something is wrong.

On uvloop time is real, and a hundred cases share a loop: on a busy machine they take long."""

LIMIT = 100.0
"""Seconds for one attempt where no time-out is expected."""


@attrs.frozen
class Trust:
    """TLS contexts of a server, and of a client that trusts it."""

    server: ssl.SSLContext
    client: ssl.SSLContext


@attrs.frozen
class MatrixEnv:
    """Where cases are played: a loop, a kind of connection, and whether it was used before."""

    loop: str
    tls: bool
    reused: bool
    in_batch: bool
    """Whether creates are made by ``create_many``."""
    shared: bool
    """Whether the session is the caller's, in which aiohttp writes requests in its own way."""
    trust: Trust | None = None

    def run(self, *cases: Coroutine[Any, Any, None]) -> None:
        """Play cases, all at the same time; see `run_cases`."""
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
        """Serve with a plan of faults, and check at the end that the client left nothing behind.

        Args:
            plan: The faults, which begin when the case does.
            resolver: Leads the client's connections to the sandbox, or elsewhere.
            rooms: Created beforehand by another client.
            used: How the request before the case is disturbed, on a connection to be reused.
            trace: Given to the client, or its session.
            leaves_nothing: Whether the client can make a room at the end, which is checked.
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
        """The address, and a session where that has to be told something; else it is the client's.

        Its limit is one connection, whatever the client's is: what waits, waits for its pool.
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
        # A resolver is only asked about names.
        return url.replace("127.0.0.1", "localhost") if resolver else url, session


class Detour(AbstractResolver):
    """Leads connection after connection elsewhere, and when that is over to the sandbox.

    Args:
        ports: Ports of 127.0.0.1; 0 is the one that was asked for, None the failure to find it.
    """

    def __init__(self, *ports: int | None) -> None:
        self.asked = 0
        """How often a connection was requested."""
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
        """Lead to the sandbox from now on."""
        self._ports = ()

    async def close(self) -> None:
        """Nothing is open."""


def run_cases(loop: str, *cases: Coroutine[Any, Any, None]) -> None:
    """Play cases in a loop of this kind, all at the same time, after which no task is left."""

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
