"""A reply that has arrived is read, however long the caller's code blocked the loop."""

from __future__ import annotations

import asyncio
import signal
import socketserver
import threading
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from itertools import count

import pytest
import uvloop

from support.created import created_reply
from support.programs import running
from telnyx_video import AsyncRoomsClient, RetryPolicy

CREATES = 90

LIMIT = 4.0
"""Time-out of an attempt: enough to send all creates on a busy machine."""

PATIENCE = 60.0


class HoldingServer:
    """Holds all replies until they are released, in its own threads."""

    def __init__(self) -> None:
        server, numbers = self, count()
        self.received = self.answered = 0
        self._released = threading.Event()
        self._changed = threading.Condition()

        class Handler(socketserver.BaseRequestHandler):
            def handle(self) -> None:
                while request := self.request.recv(4096):
                    server._note(received=1)
                    assert server._released.wait(PATIENCE)
                    self.request.sendall(created_reply(request, next(numbers)))
                    server._note(answered=1)

        class Server(socketserver.ThreadingTCPServer):
            daemon_threads = True
            request_queue_size = CREATES

        self.listener = Server(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.listener.server_address[1]}/v2"

    def release(self) -> None:
        """Send all replies, and wait until they are sent."""
        self._released.set()
        self.until(lambda: self.answered >= CREATES)

    def until(self, condition: Callable[[], bool]) -> None:
        """Wait, blocking, for a condition."""
        with self._changed:
            assert self._changed.wait_for(condition, PATIENCE)

    def _note(self, received: int = 0, answered: int = 0) -> None:
        with self._changed:
            self.received += received
            self.answered += answered
            self._changed.notify_all()


@contextmanager
def holding() -> Generator[HoldingServer]:
    """Run a server that holds its replies."""
    server = HoldingServer()
    thread = threading.Thread(target=server.listener.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield server
    finally:
        server.listener.shutdown()
        thread.join()
        server.listener.server_close()


@pytest.mark.parametrize(
    "loop", [asyncio.new_event_loop, uvloop.new_event_loop], ids=["asyncio", "uvloop"]
)
def test_a_blocked_loop_does_not_time_out_arrived_replies(
    loop: Callable[[], asyncio.AbstractEventLoop],
) -> None:
    """A create whose reply has arrived succeeds, even after its time-out."""

    async def create_while_blocking() -> None:
        async with AsyncRoomsClient(
            base_url=server.url, api_key="key0123", timeout=LIMIT, retry=RetryPolicy.none()
        ) as rooms:
            calls = [asyncio.ensure_future(rooms.create()) for _ in range(CREATES)]
            while server.received < CREATES:  # noqa: ASYNC110 # it counts in threads
                await asyncio.sleep(0.001)
            server.release()
            time.sleep(LIMIT)  # noqa: ASYNC251 # what is tested
            made = await asyncio.gather(*calls, return_exceptions=True)
        assert [error for error in made if isinstance(error, BaseException)] == []

    with holding() as server, asyncio.Runner(loop_factory=loop) as runner:
        runner.run(create_while_blocking())
        assert server.received == CREATES


STOPPED = """
async def main():
    async with AsyncRoomsClient(
        base_url=sys.argv[1], api_key="key0123", timeout=LIMIT, retry=RetryPolicy.none()
    ) as rooms:
        calls = (rooms.create() for _ in range(CREATES))
        made = await asyncio.gather(*calls, return_exceptions=True)
    print(*{type(one).__name__ for one in made})

asyncio.run(main())
"""


def test_a_stopped_process_does_not_time_out_arrived_replies() -> None:
    """The same holds after SIGSTOP and SIGCONT."""
    source = STOPPED.replace("LIMIT", str(LIMIT)).replace("CREATES", str(CREATES))
    with holding() as server, running(source, server.url) as program:
        server.until(lambda: server.received >= CREATES)
        program.signal(signal.SIGSTOP)
        server.release()
        time.sleep(LIMIT)
        program.signal(signal.SIGCONT)
        assert program.end().lines == ["Room"]
