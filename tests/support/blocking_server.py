"""A server that blocks each request until it is released, so that calls stay in flight."""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Self
from uuid import uuid4

ROOM = {
    "id": "0ccc7b54-4df3-4bca-a65a-3da1ecc777f0",
    "unique_name": "standup",
    "record_type": "room",
}


class BlockingServer:
    """Counts requests, and answers each create with its room once released."""

    def __init__(self) -> None:
        self.arrived = threading.Semaphore(0)
        """Released once for each request that has arrived."""
        self.most_at_once = 0
        """The most requests that were in flight at the same time."""
        self._at_once = 0
        self._counting = threading.Lock()
        self._released = threading.Event()
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True  # a body that waits for its headers' ACK takes 40 ms

            def do_POST(self) -> None:
                asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                self._answer(201, {"data": {**ROOM, "id": str(uuid4()), **asked}})

            def do_GET(self) -> None:
                self._answer(200, {"data": [ROOM]})

            def _answer(self, status: int, content: object) -> None:
                outer._hold()
                body = json.dumps(content).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *args: object) -> None:
                pass

        self._server = _QuietServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))

    @property
    def url(self) -> str:
        """The base URL of its API."""
        return f"http://127.0.0.1:{self._server.server_port}/v2"

    def wait_for(self, requests: int) -> None:
        """Wait until this many more requests have arrived."""
        for _ in range(requests):
            assert self.arrived.acquire(timeout=60)

    def release(self) -> None:
        """Answer blocked requests, and later ones immediately."""
        self._released.set()

    def _hold(self) -> None:
        with self._counting:
            self._at_once += 1
            self.most_at_once = max(self.most_at_once, self._at_once)
        self.arrived.release()
        self._released.wait()
        with self._counting:
            self._at_once -= 1

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.release()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


class _QuietServer(ThreadingHTTPServer):
    """Ignores errors of clients that have disconnected, which these tests expect."""

    daemon_threads = False

    def handle_error(self, request: object, client_address: object) -> None:
        pass
