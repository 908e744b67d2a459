"""A server in its own thread that answers every create with a room of the requested name.

The costs of a call are counted in the thread and event loop of the caller. This server runs in
neither, and allocates almost nothing.
"""

import socketserver
import threading
from itertools import count
from typing import Self

from support.created import created_reply


class StaticServer:
    """Answers each create with its room."""

    def __init__(self) -> None:
        self.received: list[bytes] = []
        """The bytes of each request, received in one piece."""
        static, numbers = self, count()

        class Handler(socketserver.BaseRequestHandler):
            def handle(self) -> None:
                buffer = bytearray(4096)
                while size := self.request.recv_into(buffer):
                    request = bytes(buffer[:size])
                    static.received.append(request)
                    self.request.sendall(created_reply(request, next(numbers)))

        self._server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))

    @property
    def url(self) -> str:
        """The base URL of its API."""
        return f"http://127.0.0.1:{self._server.server_address[1]}/v2"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
