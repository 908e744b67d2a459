"""Forking with a client: calls in the child raise immediately, the parent is not affected.

Threads do not survive a fork, and connections that two processes read are of use to none.
"""

import pytest

from support.programs import Run
from telnyx_video.sandbox import Sandbox

USES = {
    "create": "rooms.create()",
    "list": "list(rooms.list())",
    "pager of the parent": "list(pager)",
    "create_many": "rooms.create_many([CreateRoomRequest()])",
    "stream_many": "rooms.stream_many([CreateRoomRequest()]).__enter__()",
}


@pytest.mark.parametrize("used_before", [True, False])
def test_a_call_in_a_forked_child_raises(run: Run, sandbox: Sandbox, used_before: bool) -> None:
    """Each operation raises immediately; closing is harmless, and a new client works."""
    attempts = "\n        ".join(f"tell(attempt(lambda: {use}))" for use in USES.values())
    source = f"""
with client() as rooms:
    pager = rooms.list()
    {"rooms.create()" if used_before else ""}
    if (child := os.fork()) == 0:
        {attempts}
        rooms.close()
        with client() as own:
            own.create(unique_name="child")
        os._exit(0)
    tell(os.waitpid(child, 0)[1])
    rooms.create(unique_name="parent")
"""
    ended = run(source, sandbox.url)
    assert ended.lines == ["ConfigurationError"] * len(USES) + ["0"]
    assert ended.noise == ""
    assert ended.status == 0
    assert [room["unique_name"] for room in sandbox.rooms[used_before:]] == ["child", "parent"]


def test_a_worker_of_multiprocessing_may_inherit_a_client(run: Run, sandbox: Sandbox) -> None:
    """A forked process with its parent's client exits normally, used or not."""
    source = """
def work(use):
    if use:
        tell(attempt(rooms.create))

with client() as rooms:
    rooms.create()
    context = multiprocessing.get_context("fork")
    for use in (True, False):
        process = context.Process(target=work, args=(use,))
        process.start()
        process.join()
        tell(process.exitcode)
    rooms.create()
"""
    ended = run(source, sandbox.url)
    assert ended.lines == ["ConfigurationError", "0", "0"]
    assert ended.noise == ""
    assert sandbox.requests == {"POST /v2/rooms": 2}


def test_a_fork_during_calls_of_other_threads_does_not_hang(run: Run, sandbox: Sandbox) -> None:
    """The child gets its error, whatever other threads did during the fork."""
    source = """
rooms = client()
go_on = True
def work():
    while go_on:
        rooms.create()
threads = [threading.Thread(target=work) for _ in range(4)]
for thread in threads:
    thread.start()
for _ in range(10):
    if (child := os.fork()) == 0:
        tell(attempt(rooms.create))
        os._exit(0)
    assert os.waitpid(child, 0)[1] == 0
go_on = False
for thread in threads:
    thread.join()
rooms.close()
"""
    ended = run(source, sandbox.url)
    assert ended.lines == ["ConfigurationError"] * 10
    assert ended.noise == ""
    assert ended.status == 0


def test_the_exit_of_a_child_leaves_the_parents_connections(run: Run, sandbox: Sandbox) -> None:
    """The parent's connections stay open, however the child exits."""
    source = """
rooms = client()
rooms.create_many([CreateRoomRequest() for _ in range(3)])
pages = rooms.list(page_size=1).pages()
next(pages)
for what in ("nothing", "forget", "a client of its own"):
    if (child := os.fork()) == 0:
        if what == "forget":
            del rooms, pages
            gc.collect()
        elif what == "a client of its own":
            own = client()
            own.create()
        sys.exit()
    tell(os.waitpid(child, 0)[1], attempt(rooms.create))
tell(len(list(pages)))
rooms.close()
"""
    ended = run(source, sandbox.url.replace("127.0.0.1", "localhost"))  # has to be looked up
    assert ended.lines == ["0 made", "0 made", "0 made", "6"]
    assert ended.noise == ""
    assert ended.status == 0
