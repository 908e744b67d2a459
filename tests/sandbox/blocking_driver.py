"""Blocking sockets that record the received bytes and the end, for the tests of faults."""

import json
import socket
import ssl
import time
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from http.client import HTTPResponse
from typing import Any

import attrs
import trustme
from yarl import URL

from telnyx_video.sandbox import Sandbox

PATIENCE = 20  # seconds after which a test has failed
FOREVER = 3600  # seconds: for what a test does not wait for


def request(
    method: str = "POST",
    path: str = "/rooms",
    content: object = None,
    *,
    expect: bool = False,
    close: bool = False,
) -> bytes:
    """Return a request in bytes; a POST without content creates a room without a name."""
    has_body = method not in ("GET", "DELETE")
    payload = json.dumps({} if content is None else content).encode() if has_body else b""
    wishes = "Expect: 100-continue\r\n" if expect else ""
    wishes += "Connection: close\r\n" if close else ""
    return (
        f"{method} /v2{path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer sandbox-key\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(payload)}\r\n{wishes}\r\n"
    ).encode() + payload


@attrs.frozen
class Answer:
    """A parsed reply."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        """The body, decoded."""
        return json.loads(self.body)


@attrs.frozen
class Line:
    """One connection."""

    socket: socket.socket

    def send(self, data: bytes) -> None:
        """Send these bytes."""
        self.socket.sendall(data)

    def ask(self, *args: Any, **kwargs: Any) -> Answer:
        """Send a request and read its reply, which must be valid."""
        self.send(request(*args, **kwargs))
        return self.answer()

    def answer(self) -> Answer:
        """Read one valid reply."""
        with HTTPResponse(self.socket) as reply:
            reply.begin()
            body = reply.read()
            return Answer(reply.status, dict(reply.getheaders()), body)

    def rest(self) -> tuple[bytes, str]:
        """Return all bytes up to the end, and whether it is FIN or RST."""
        data = b""
        try:
            while piece := self.socket.recv(65536):
                data += piece
        except ConnectionResetError:
            return data, "RST"
        try:
            # OpenSSL takes RST for an end like any other; the kernel still knows a peer after FIN.
            self.socket.getpeername()
        except OSError:
            return data, "RST"
        return data, "FIN"

    def exactly(self, size: int) -> bytes:
        """Return this many bytes."""
        data = b""
        while len(data) < size:
            piece = self.socket.recv(size - len(data))
            assert piece, f"ended after {data!r}"
            data += piece
        return data


@contextmanager
def connected(sandbox: Sandbox, tls: ssl.SSLContext | None = None) -> Generator[Line]:
    """Open a connection to the sandbox."""
    url = URL(sandbox.url)
    with socket.create_connection((url.host, url.port), timeout=PATIENCE) as plain:
        if tls is None:
            yield Line(plain)
        else:
            with tls.wrap_socket(plain, server_hostname=url.host) as wrapped:
                yield Line(wrapped)


def drain(
    sandbox: Sandbox, *args: Any, tls: ssl.SSLContext | None = None, **kwargs: Any
) -> tuple[bytes, str]:
    """Send one request; return all bytes up to the end, and whether it is FIN or RST."""
    with connected(sandbox, tls) as line:
        line.send(request(*args, **kwargs))
        return line.rest()


def asked(sandbox: Sandbox, *args: Any, **kwargs: Any) -> Answer:
    """Send one request on a new connection and return its reply, which must be valid."""
    with connected(sandbox) as line:
        return line.ask(*args, **kwargs)


def on_create(*faults: object, **rule: object) -> list[dict[str, object]]:
    """Return a plan for creates."""
    return [{"on": "POST /rooms", "faults": list(faults), **rule}]


def until(holds: Callable[[], object]) -> None:
    """Wait until the condition is true."""
    deadline = time.monotonic() + PATIENCE
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.002)


def names(sandbox: Sandbox) -> list[object]:
    """Return the names of the rooms."""
    return [room.get("unique_name") for room in sandbox.rooms]


def tls_contexts() -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """Return TLS contexts of a server at 127.0.0.1 and of a client that trusts it."""
    authority = trustme.CA()
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(server)  # pyright: ignore[reportUnknownMemberType] # it also takes pyOpenSSL's
    client = ssl.create_default_context()
    authority.configure_trust(client)  # pyright: ignore[reportUnknownMemberType] # as above
    return server, client
