"""Ctrl-C during a call: a real SIGINT to a program that waits for a server."""

import signal

import pytest

from support.blocking_server import BlockingServer
from support.programs import running

START = """
import aiohttp
seen = []
async def sending(*_): seen.append("begun")
async def failed(session, context, what): seen.append(type(what.exception).__name__)
trace = aiohttp.TraceConfig()
trace.on_request_start.append(sending)
trace.on_request_exception.append(failed)
rooms = client(trace_configs=[trace])
requests = [CreateRoomRequest(unique_name="standup")] * 9
"""

CALLS = {
    "create": "rooms.create(unique_name='standup')",
    "list": "list(rooms.list())",
    "create_many": "rooms.create_many(requests, concurrency=1)",
    "generator": "rooms.create_many(iter(requests), concurrency=1)",
    "stream_many": "with rooms.stream_many(requests, concurrency=1) as stream: list(stream)",
}


@pytest.mark.parametrize(
    ("call", "without"), [*((call, "") for call in CALLS), ("create", "uvloop")]
)
def test_an_interrupted_call_has_ended_when_it_raises(
    server: BlockingServer, call: str, without: str
) -> None:
    """`KeyboardInterrupt` is raised once the request has ended; the client stays usable."""
    source = f"""
{START}
try:
    {CALLS[call]}
except KeyboardInterrupt:
    tell("interrupted", *seen)
input()
tell(rooms.create(unique_name="standup").unique_name)
rooms.close()
"""
    with running(source, server.url, without=without) as program:
        server.wait_for(1)
        program.signal(signal.SIGINT)
        assert program.line() == "interrupted begun CancelledError"
        server.release()
        program.answer()
        ended = program.end()
    assert ended.lines == ["standup"]
    assert ended.noise == ""
    assert ended.status == 0


def test_an_uncaught_interrupt_ends_the_program(server: BlockingServer) -> None:
    """The program exits with one traceback, and does not hang."""
    source = "with client() as rooms: rooms.create()"
    with running(source, server.url) as program:
        server.wait_for(1)
        program.signal(signal.SIGINT)
        ended = program.end()
    assert ended.status == -signal.SIGINT
    assert ended.noise.count("Traceback") == 1
    assert ended.noise.endswith("\nKeyboardInterrupt\n")


def test_a_waiting_input_can_be_interrupted(server: BlockingServer) -> None:
    """A blocked generator is interrupted like other code, and the batch ends."""
    source = f"""
{START}
def source():
    yield requests[0]
    tell("waits")
    threading.Event().wait()
try:
    rooms.create_many(source())
except KeyboardInterrupt:
    tell("interrupted", *seen)
rooms.close()
"""
    with running(source, server.url) as program:
        assert program.line() == "waits"
        server.wait_for(1)
        program.signal(signal.SIGINT)
        ended = program.end()
    assert ended.lines == ["interrupted begun CancelledError"]
    assert ended.noise == ""
    assert ended.status == 0


def test_only_the_call_of_the_main_thread_is_interrupted(server: BlockingServer) -> None:
    """Calls of other threads on the same client continue."""
    source = """
rooms = client()
names = []
other = threading.Thread(target=lambda: names.append(rooms.create(unique_name="other").unique_name))
other.start()
try:
    rooms.create()
except KeyboardInterrupt:
    tell("interrupted")
other.join()
rooms.close()
tell(*names)
"""
    with running(source, server.url) as program:
        server.wait_for(2)
        program.signal(signal.SIGINT)
        assert program.line() == "interrupted"
        server.release()
        ended = program.end()
    assert ended.lines == ["other"]
    assert ended.noise == ""
