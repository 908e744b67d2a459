"""A server in a thread of its own that answers every request with the same bytes.

What a call costs is counted in the thread and the event loop that make it: this server is in
neither, and allocates next to nothing.
"""

import socketserver
import threading
from typing import Self

ROOM = (
    b'{"data":{"id":"0ccc7b54-4df3-4bca-a65a-3da1ecc777f0","record_type":"room",'
    b'"unique_name":"standup","max_participants":12,"enable_recording":false,'
    b'"webhook_event_url":"https://hooks.example.com/rooms","webhook_event_failover_url":"",'
    b'"webhook_timeout_secs":null,"active_session_id":null,'
    b'"created_at":"2024-03-01T00:00:00.954863Z","updated_at":"2024-03-01T00:00:00.954863Z"}}'
)
CREATED = (
    b"HTTP/1.1 201 Created\r\n"
    b"Date: Fri, 01 Mar 2024 00:00:01 GMT\r\n"
    b"Content-Type: application/json; charset=utf-8\r\n"
    b"Content-Length: %d\r\n"
    b"X-Request-Id: 8f1c2e9e-5a0d-4c55-9a0a-3f0f9d2f6c11\r\n"
    b"X-RateLimit-Limit: 1000000\r\n"
    b"X-RateLimit-Remaining: 999999\r\n"
    b"X-RateLimit-Reset: 1\r\n"
    b"\r\n%s" % (len(ROOM), ROOM)
)


class CannedServer:
    """Answers each create with one room."""

    def __init__(self) -> None:
        self.received: list[bytes] = []
        """What came in one piece, and was answered as one request."""
        canned = self

        class Handler(socketserver.BaseRequestHandler):
            def handle(self) -> None:
                buffer = bytearray(4096)
                while size := self.request.recv_into(buffer):
                    canned.received.append(bytes(buffer[:size]))
                    self.request.sendall(CREATED)

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
