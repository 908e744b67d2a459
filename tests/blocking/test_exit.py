"""Interpreter exit: late calls succeed or raise, and the process exits without noise."""

import sys

import pytest

from support.programs import Run
from telnyx_video.sandbox import Sandbox

REFUSES_THREADS = (3, 12) <= sys.version_info < (3, 12, 3)
"""Whether this Python starts no thread after the main one has ended, though others run:
https://github.com/python/cpython/issues/113964."""

WHILE_ENDING = "ConfigurationError" if REFUSES_THREADS else "made"
"""The result of a client's first call while the interpreter waits for other threads."""


@pytest.mark.parametrize("used_before", [True, False])
def test_calls_of_exit_handlers_succeed_or_raise(
    run: Run, sandbox: Sandbox, used_before: bool
) -> None:
    """Handlers registered before and after the client was made, with and without use."""
    source = f"""
atexit.register(lambda: tell("before", attempt(rooms.create)))
rooms = client()
atexit.register(lambda: tell("after", attempt(rooms.create)))
{"rooms.create()" if used_before else ""}
"""
    ended = run(source, sandbox.url)
    after = "made" if used_before else WHILE_ENDING
    # Handlers run in reverse: the client's own, which closes it, is between these two.
    assert ended.lines == [f"after {after}", "before ConfigurationError"]
    assert ended.noise == ""
    assert ended.status == 0


def test_resolving_a_host_at_exit_raises_an_error(run: Run, sandbox: Sandbox) -> None:
    """Resolving a name needs a thread, which cannot be started at exit."""
    source = """
rooms = client()
atexit.register(lambda: tell(attempt(rooms.create)))
"""
    ended = run(source, sandbox.url.replace("127.0.0.1", "localhost"))
    assert ended.lines == ["ConfigurationError"]
    assert ended.noise == ""
    assert ended.status == 0


@pytest.mark.parametrize("closed", [True, False])
def test_a_client_may_be_made_by_an_exit_handler(run: Run, sandbox: Sandbox, closed: bool) -> None:
    """It is made and used at exit, and closed or not."""
    source = f"""
def last():
    global rooms
    rooms = client()
    tell(attempt(rooms.create))
    {"rooms.close()" if closed else ""}
other = client()
atexit.register(last)
"""
    ended = run(source, sandbox.url)
    assert ended.lines == [WHILE_ENDING]
    assert ended.noise == ""
    assert ended.status == 0


def test_a_client_that_was_not_closed_ends_quietly(run: Run, sandbox: Sandbox) -> None:
    """A program may exit with idle connections, a resolved name and a half-read list."""
    source = """
rooms = client()
rooms.create_many([CreateRoomRequest() for _ in range(20)])
pages = rooms.list(page_size=2).pages()
next(pages)
stream = rooms.stream_many(iter([CreateRoomRequest() for _ in range(2000)]), concurrency=3)
stream.__enter__()
next(stream)
tell("done")
"""
    ended = run(source, sandbox.url.replace("127.0.0.1", "localhost"))
    assert ended.lines == ["done"]
    assert ended.noise == ""
    assert ended.status == 0


def test_daemon_threads_that_call_while_the_interpreter_ends(run: Run, sandbox: Sandbox) -> None:
    """Daemon threads may call until the end, without noise or hanging."""
    source = """
rooms = client()
started = threading.Semaphore(0)
answers = set()
def work():
    while True:
        answers.add(attempt(rooms.create))
        started.release()
for _ in range(4):
    threading.Thread(target=work, daemon=True).start()
for _ in range(20):
    started.acquire()
atexit.register(lambda: tell(*answers))
"""
    ended = run(source, sandbox.url)
    assert ended.lines == ["made"]
    assert ended.noise == ""
    assert ended.status == 0


def test_calls_of_other_threads_succeed_after_the_main_thread_ended(
    run: Run, sandbox: Sandbox
) -> None:
    """Calls of an ordinary thread work after the main thread has ended."""
    source = """
rooms = client()
def work():
    threading.main_thread().join()
    tell(*(attempt(rooms.create) for _ in range(3)))
threading.Thread(target=work).start()
"""
    ended = run(source, sandbox.url)
    assert ended.lines == [" ".join([WHILE_ENDING] * 3)]
    assert ended.noise == ""
    assert ended.status == 0


@pytest.mark.parametrize("in_a_cycle", [True, False])
def test_a_finalizer_may_call(run: Run, sandbox: Sandbox, in_a_cycle: bool) -> None:
    """A finalizer that uses its client at exit gets a clear error."""
    # Module globals and stdout may be gone by then: only local names are used.
    source = f"""
class Holder:
    def __init__(self):
        self.rooms = client()
        self.rooms.create()
        self.itself = self if {in_a_cycle} else None
    def __del__(self, write=os.write, Exception=Exception):
        try:
            self.rooms.create()
            answer = b"made"
        except Exception as error:
            answer = type(error).__name__.encode()
        write(1, answer + b"\\n")
holder = Holder()
"""
    ended = run(source, sandbox.url)
    assert ended.lines == ["ConfigurationError"]
    assert ended.noise == ""
    assert ended.status == 0


def test_an_open_client_adds_nothing_to_the_final_traceback(run: Run, sandbox: Sandbox) -> None:
    """The traceback that ends the program is the only output."""
    ended = run("rooms = client()\nrooms.create()\nraise LookupError", sandbox.url)
    assert ended.noise.count("Traceback") == 1
    assert ended.noise.endswith("\nLookupError\n")
    assert ended.status == 1
