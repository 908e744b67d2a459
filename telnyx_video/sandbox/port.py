"""A listening port that can be closed for a while and opened again.

While it is closed its number stays bound, so that no other process can take it.
"""

import asyncio
import os
import socket
import ssl
from collections import deque
from collections.abc import Callable
from functools import partial
from typing import Any

import attrs

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
