"""A server in a thread that gives every request the same reply."""

import json
import threading
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@contextmanager
def fixed_server(
    reply: object,
    *,
    status: int = 200,
    headers: Mapping[str, str] | None = None,
    dated: bool = True,
) -> Generator[str]:
    """Serve the same reply, bytes or JSON, to every request; yield the URL."""
    body = reply if isinstance(reply, bytes) else json.dumps(reply).encode()
    others = {name: value for name, value in (headers or {}).items() if name != "Date"}

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            if dated:
                self.send_response(status)
            else:
                self.send_response_only(status)
            for name, value in {"Content-Length": str(len(body)), **others}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        do_POST = do_GET  # noqa: N815 # the name that the base class calls

        def date_time_string(self, timestamp: float | None = None) -> str:
            return (headers or {}).get("Date") or super().date_time_string(timestamp)

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/v2"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
