"""Listens on a port, with aiohttp's low-level server.

The port can be closed for a while and opened again; its number stays bound, so that no other
process can take it. aiohttp answers bytes that are not HTTP with plain text, and leaves some
connections to time-outs and to the garbage collector: here they are refused in the API's format,
and shutdown returns once every connection is closed.
"""

import asyncio
import logging
import os
import socket
import ssl
from collections import deque
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from functools import partial
from typing import Any, cast

import attrs
from aiohttp import web

_BACKLOG = 100  # connections waiting to be accepted; asyncio's default


class _ListeningSocket(socket.socket):
    """A bound socket that tracks accepted connections which have no protocol yet.

    asyncio accepts a connection in one loop iteration and creates its protocol in the next. If the
    port closes between the two, the connection would be neither served nor closed.
    """

    def __init__(self, family: int, address: Any) -> None:
        super().__init__(family, socket.SOCK_STREAM)
        self._accepted = deque[socket.socket]()
        try:
            # On other systems than POSIX this option would let other processes take the port.
            self.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, os.name == "posix")
            self.bind(address)
        except OSError:
            self.close()
            raise

    def accept(self) -> tuple[socket.socket, Any]:
        connection, address = super().accept()
        self._accepted.append(connection)
        return connection, address

    def release_accepted(self) -> None:
        """Stop tracking the oldest accepted connection: it has a protocol now."""
        if self.fileno() < 0:
            raise ConnectionAbortedError("the port was closed")
        if self._accepted:  # uvloop accepts without calling `accept`
            self._accepted.popleft()

    def close(self) -> None:
        super().close()
        while self._accepted:
            self._accepted.popleft().close()


@attrs.define(eq=False)
class Port:
    """Opens and closes one TCP port. Must be used on the loop that serves it."""

    host: str
    """A name, resolved as IPv4, or an address."""
    number: int = 0
    """0 picks a free port; `start` returns which."""
    ssl_context: ssl.SSLContext | None = None
    """Serves TLS when given."""
    is_open: bool = attrs.field(init=False, default=False)
    """Whether new connections are accepted."""
    _server: asyncio.Server | None = attrs.field(init=False, default=None)
    _opening: asyncio.Task[None] | None = attrs.field(init=False, default=None)
    _accept: Callable[[], asyncio.BaseProtocol] = attrs.field(init=False)
    _cut: Callable[[], None] = attrs.field(init=False)
    _socket: _ListeningSocket = attrs.field(init=False)

    async def start(
        self, accept: Callable[[], asyncio.BaseProtocol], cut: Callable[[], None]
    ) -> int:
        """Open the port and return its number.

        Args:
            accept: Creates the protocol of a new connection.
            cut: Closes every connection that has a protocol.

        Raises:
            OSError: if the address cannot be listened on.
        """
        self._accept, self._cut = accept, cut
        # One family only: a port that is free in one family may be taken in the other.
        family = socket.AF_INET6 if ":" in self.host else socket.AF_INET
        found = await asyncio.get_running_loop().getaddrinfo(
            self.host, self.number, family=family, type=socket.SOCK_STREAM
        )
        self._socket = _ListeningSocket(family, found[0][4])
        self.is_open = True
        await self._serve()
        return int(self._socket.getsockname()[1])

    def open(self) -> None:
        """Accept connections again."""
        self.is_open = True
        self._apply()

    def close(self) -> None:
        """Close every connection and refuse new ones.

        If the port is still being opened, this takes effect once it is open.
        """
        self.is_open = False
        self._apply()

    async def stop(self) -> None:
        """Release the port."""
        self.close()
        if self._opening is not None:
            await self._opening
        self._socket.close()

    def _apply(self, *_: object) -> None:
        if self._opening is not None and not self._opening.done():
            self._opening.add_done_callback(self._apply)
        elif self.is_open and self._server is None:
            # Clients can connect from here on; they are accepted in the next loop iteration.
            self._socket.listen(_BACKLOG)
            self._opening = asyncio.ensure_future(self._serve())
        elif not self.is_open and self._server is not None:
            family, address = self._socket.family, self._socket.getsockname()
            self._server.close()
            self._server = None
            self._socket = _ListeningSocket(family, address)
            self._cut()

    async def _serve(self) -> None:
        self._server = await asyncio.get_running_loop().create_server(
            partial(self._connect, self._socket),
            sock=self._socket,
            ssl=self.ssl_context,
            backlog=_BACKLOG,
        )

    def _connect(self, listening: _ListeningSocket) -> asyncio.BaseProtocol:
        listening.release_accepted()
        return self._accept()


_KEEP_ALIVE = 75.0  # seconds an idle connection is kept: longer than clients keep theirs

_log = logging.getLogger("telnyx_video.sandbox.http")
_access_log = logging.getLogger("telnyx_video.sandbox.access")
_access_log.disabled = True  # the request log replaces it; a line per request would be slow

Handler = Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]
"""Serves one request; never raises."""

Refuse = Callable[[str], web.StreamResponse]
"""Builds the answer to bytes that are not an HTTP request, from a description of the error."""

_Track = Callable[["asyncio.Future[None]", Callable[[], object]], None]


def _track_current_task(track: _Track) -> None:
    task = asyncio.current_task()
    if task is not None:  # uvloop accepts connections outside of any task
        track(task, task.cancel)


class _Connection(web.RequestHandler):
    """Registers its transport and its task with the listener, which ends both on shutdown."""

    def __init__(self, server: web.Server, refuse: Refuse, track: _Track) -> None:
        loop = asyncio.get_running_loop()
        super().__init__(
            server, loop=loop, logger=_log, access_log=_access_log, keepalive_timeout=_KEEP_ALIVE
        )
        self._refuse = refuse
        self._track = track
        self.lost: asyncio.Future[None] = loop.create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._track(self.lost, cast("asyncio.Transport", transport).abort)
        super().connection_made(transport)

    def connection_lost(self, exc: BaseException | None) -> None:
        super().connection_lost(exc)
        self.lost.set_result(None)

    async def start(self) -> None:
        _track_current_task(self._track)
        await super().start()

    def log_exception(self, *args: Any, **kw: Any) -> None:
        # aiohttp reports a broken body again when it discards the rest of it, after the request
        # was already refused for that: not a defect of this server.
        if not isinstance(kw.get("exc_info"), web.RequestPayloadError):
            super().log_exception(*args, **kw)

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> web.StreamResponse:
        # Handlers never raise, so this is only called for bytes that the parser rejects.
        response = self._refuse(f"The request is not valid HTTP: {message}")
        response.force_close()
        return response


async def disconnected(request: web.BaseRequest) -> None:
    """Wait until the connection of a request is closed."""
    await asyncio.wait([cast("_Connection", request.protocol).lost])


@asynccontextmanager
async def listening(handler: Handler, refuse: Refuse, port: Port) -> AsyncGenerator[int]:
    """Serve requests on the running loop while the context is open.

    Leaving the context closes every connection immediately.

    Args:
        handler: Serves each request.
        refuse: Answers bytes that are not an HTTP request.
        port: Where to listen.

    Yields:
        The number of the port.

    Raises:
        OSError: if the address cannot be listened on.
    """
    tracked: dict[asyncio.Future[None], Callable[[], object]] = {}

    def track(future: "asyncio.Future[None]", end: Callable[[], object]) -> None:
        tracked[future] = end
        future.add_done_callback(tracked.pop)

    def cut() -> None:
        for end in list(tracked.values()):
            end()

    def accept() -> _Connection:
        # A TLS handshake runs in this task, before the connection has its transport.
        _track_current_task(track)
        return _Connection(server, refuse, track)

    server = web.Server(handler)
    try:
        number = await port.start(accept, cut)
    except OSError as error:
        message = f"the sandbox cannot listen on port {port.number} of {port.host}"
        raise OSError(error.errno, f"{message}: {error.strerror}") from error
    try:
        yield number
    finally:
        await port.stop()
        while tracked:
            cut()
            await asyncio.wait(list(tracked))
