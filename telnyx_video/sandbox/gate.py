"""The port that is listened on, which can be closed for a while and opened again.

While it is closed its number stays reserved, so that nobody else is given it.
"""

import asyncio
import os
import socket
import ssl
from collections import deque
from collections.abc import Callable
from functools import partial
from typing import Any

_BACKLOG = 100  # connections that wait to be accepted, as many as asyncio lets


class _Port(socket.socket):
    """A bound socket, which knows the connections that it accepted and nobody cares for yet.

    asyncio accepts a connection in one turn of the loop and asks for its protocol in the next. If
    the port is closed between the two, it would neither be served nor ended.
    """

    def __init__(self, family: int, address: Any) -> None:
        super().__init__(family, socket.SOCK_STREAM)
        self._accepted = deque[socket.socket]()
        try:
            # Elsewhere than on POSIX it would let others take the port.
            self.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, os.name == "posix")
            self.bind(address)
        except OSError:
            self.close()
            raise

    def accept(self) -> tuple[socket.socket, Any]:
        connection, address = super().accept()
        self._accepted.append(connection)
        return connection, address

    def welcome(self) -> None:
        """Take note that the oldest of the accepted connections is cared for from now on."""
        if self.fileno() < 0:
            raise ConnectionAbortedError("the port was closed")
        if self._accepted:  # other event loops accept by other means, and in one step
            self._accepted.popleft()

    def close(self) -> None:
        super().close()
        while self._accepted:
            self._accepted.popleft().close()


class Gate:
    """Opens and closes one port. For use on the loop that serves it only."""

    _accept: Callable[[], asyncio.BaseProtocol]
    _cut: Callable[[], None]
    _ssl_context: ssl.SSLContext | None
    _port: _Port

    def __init__(self) -> None:
        self.is_open: bool = False
        """Whether connections are wanted."""
        self._server: asyncio.Server | None = None
        self._opening: asyncio.Task[None] | None = None

    async def start(
        self,
        accept: Callable[[], asyncio.BaseProtocol],
        cut: Callable[[], None],
        *,
        host: str,
        port: int,
        ssl_context: ssl.SSLContext | None,
    ) -> int:
        """Open the port and return its number.

        Args:
            accept: Makes the protocol of a new connection.
            cut: Ends every connection that has a protocol.
            host: Where to listen.
            port: 0 chooses a free one.
            ssl_context: Accepts connections with it.

        Raises:
            OSError: when the address cannot be listened on.
        """
        self._accept, self._cut, self._ssl_context = accept, cut, ssl_context
        # One family only: a free port of one need not be free in another.
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        found = await asyncio.get_running_loop().getaddrinfo(
            host, port, family=family, type=socket.SOCK_STREAM
        )
        self._port = _Port(family, found[0][4])
        self.is_open = True
        await self._serve()
        return int(self._port.getsockname()[1])

    def open(self) -> None:
        """Let connections in again, from now on."""
        self.is_open = True
        self._settle()

    def close(self) -> None:
        """End every connection, and refuse new ones from now on.

        If the port was opened in this very turn of the loop, that is from its next turn on.
        """
        self.is_open = False
        self._settle()

    async def stop(self) -> None:
        """Give the port up."""
        self.close()
        if self._opening is not None:
            await self._opening
        self._port.close()

    def _settle(self, *_: object) -> None:
        if self._opening is not None and not self._opening.done():
            self._opening.add_done_callback(self._settle)
        elif self.is_open and self._server is None:
            # Callers wait to be accepted from here on, and are from the next turn of the loop on.
            self._port.listen(_BACKLOG)
            self._opening = asyncio.ensure_future(self._serve())
        elif not self.is_open and self._server is not None:
            family, address = self._port.family, self._port.getsockname()
            self._server.close()
            self._server = None
            self._port = _Port(family, address)
            self._cut()

    async def _serve(self) -> None:
        self._server = await asyncio.get_running_loop().create_server(
            partial(self._greet, self._port),
            sock=self._port,
            ssl=self._ssl_context,
            backlog=_BACKLOG,
        )

    def _greet(self, port: _Port) -> asyncio.BaseProtocol:
        port.welcome()
        return self._accept()
