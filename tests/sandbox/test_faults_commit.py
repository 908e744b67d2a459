"""When a request with a fault is committed: immediately, never, or late."""

import asyncio
import gc

import pytest

from sandbox.blocking_driver import (
    FOREVER,
    asked,
    connected,
    drain,
    names,
    on_create,
    request,
    until,
)
from telnyx_video.sandbox import Sandbox

NAMED = {"unique_name": "a"}


def test_a_late_commit_comes_after_the_cut() -> None:
    """The connection is cut; the room is created some time later, as requested."""
    with Sandbox(faults=on_create({"cut": "reply", "commit": 0.05})) as sandbox:
        assert drain(sandbox, content={**NAMED, "max_participants": 7}) == (b"", "FIN")
        until(lambda: sandbox.rooms)
        assert names(sandbox) == ["a"]
        assert sandbox.rooms[0]["max_participants"] == 7


def test_a_late_commit_may_have_no_delay() -> None:
    """Zero seconds are allowed: the commit follows the cut."""
    with Sandbox(faults=on_create({"cut": "reply", "commit": 0})) as sandbox:
        drain(sandbox)
        until(lambda: sandbox.rooms)


def test_a_name_is_free_until_the_late_commit() -> None:
    """Until then the room does not exist, and another create of the name succeeds."""
    with Sandbox(faults=on_create({"cut": "reply", "commit": FOREVER})) as sandbox:
        drain(sandbox, content=NAMED)
        assert sandbox.rooms == []
        assert asked(sandbox, content=NAMED).status == 201


def test_a_late_commit_of_a_taken_name_fails_silently(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """The room that took the name is unchanged; no second room is created."""
    late = {"cut": "reply", "commit": 1}
    with Sandbox(faults=on_create(late, None, late)) as sandbox:
        drain(sandbox, content=NAMED)
        winner = asked(sandbox, content={**NAMED, "max_participants": 3}).json["data"]
        drain(sandbox, content={"unique_name": "b"})
        until(lambda: len(sandbox.rooms) == 2)  # by now the first commit was due too
        assert names(sandbox) == ["a", "b"]
        assert sandbox.rooms[0] == winner
    assert caplog.records == []


def test_a_late_commit_takes_the_name() -> None:
    """A later create of the name is refused."""
    with Sandbox(faults=on_create({"cut": "reply", "commit": 0.05})) as sandbox:
        drain(sandbox, content=NAMED)
        until(lambda: sandbox.rooms)
        assert asked(sandbox, content=NAMED).status == 422


def test_a_refused_request_is_not_committed_late() -> None:
    """A request with an invalid body or a wrong key is never committed."""
    late = {"status": 503, "commit": 0.05}
    with Sandbox(faults=on_create(late, late, late)) as sandbox, connected(sandbox) as line:
        assert line.ask(content={"max_participants": 99}).status == 503
        line.send(request(content=NAMED).replace(b"Bearer sandbox-key", b"Bearer another-key"))
        assert line.answer().status == 503
        assert line.ask(content={"unique_name": "good"}).status == 503
        until(lambda: sandbox.rooms)
        assert names(sandbox) == ["good"]


@pytest.mark.parametrize("commit", ["never", FOREVER])
def test_a_request_that_is_not_committed_gets_the_true_answer(commit: object) -> None:
    """A success is answered with 201 although no room is created; a refusal with the refusal."""
    with Sandbox(faults=on_create({"commit": commit}, repeat=True)) as sandbox:
        answer = asked(sandbox, content=NAMED)
        assert (answer.status, answer.json["data"]["unique_name"]) == (201, "a")
        assert sandbox.rooms == []
        assert asked(sandbox, "GET", f"/rooms/{answer.json['data']['id']}").status == 404
        assert asked(sandbox, content={"max_participants": 1}).status == 422


def test_updates_and_deletes_follow_the_commit_field() -> None:
    """A lost PATCH or DELETE is applied, a dropped one is not."""
    plan = [
        {"on": "PATCH /rooms/{id}", "faults": ["dropped", "lost", {"commit": "never"}]},
        {"on": "DELETE /rooms/{id}", "faults": ["dropped", {"commit": "never"}, "lost"]},
    ]
    with Sandbox(faults=plan) as sandbox:
        path = f"/rooms/{asked(sandbox, content=NAMED).json['data']['id']}"
        drain(sandbox, "PATCH", path, {"unique_name": "b"})
        assert names(sandbox) == ["a"]
        drain(sandbox, "PATCH", path, {"unique_name": "b"})
        assert names(sandbox) == ["b"]
        answer = asked(sandbox, "PATCH", path, {"unique_name": "c"})
        assert (answer.status, answer.json["data"]["unique_name"]) == (200, "c")
        assert names(sandbox) == ["b"]
        drain(sandbox, "DELETE", path)
        assert asked(sandbox, "DELETE", path).status == 204
        assert names(sandbox) == ["b"]
        drain(sandbox, "DELETE", path)
        assert sandbox.rooms == []
        assert asked(sandbox, "DELETE", path).status == 404


def test_the_rate_limit_counts_requests_that_are_not_committed() -> None:
    """They are answered as if they were committed."""
    with Sandbox(rate_limit=1000, faults=on_create({"commit": "never"})) as sandbox:
        assert asked(sandbox).headers["x-ratelimit-remaining"] != "1000"


def test_a_reset_cancels_late_commits() -> None:
    """Commits from before a reset never happen; those of later requests do."""
    late = on_create({"cut": "reply", "commit": 0.2}, repeat=True)
    with Sandbox(faults=late) as sandbox:
        drain(sandbox, content={"unique_name": "old"})
        sandbox.reset()
        drain(sandbox, content={"unique_name": "new"})
        until(lambda: sandbox.rooms)  # the older one was due before
        assert names(sandbox) == ["new"]


def test_a_reset_cuts_requests_that_are_stalled_before_their_commit() -> None:
    """A request stalled across a reset is cut when it continues, and creates nothing."""
    stall = {"stall": "commit", "seconds": 0.2}
    with Sandbox(faults=on_create(stall)) as sandbox, connected(sandbox) as line:
        line.send(request(content=NAMED))
        until(lambda: sandbox.faults_done)
        sandbox.reset()
        assert line.rest() == (b"", "FIN")
        assert sandbox.rooms == []


def test_a_reset_keeps_connections_that_a_fault_would_cut() -> None:
    """A connection that a fault would cut at its next request serves that request."""
    with Sandbox() as sandbox, connected(sandbox) as line:
        sandbox.faults = on_create("closed_next")
        assert line.ask().status == 201
        sandbox.reset()
        assert line.ask().status == 201


async def test_leaving_cancels_late_commits() -> None:
    """No timer is left in the caller's loop."""
    loop = asyncio.get_running_loop()
    problems: list[object] = []
    loop.set_exception_handler(lambda _, context: problems.append(context))
    async with Sandbox(faults=on_create({"cut": "reply", "commit": 0.05})) as sandbox:
        await asyncio.to_thread(drain, sandbox)
    done = asyncio.Event()
    loop.call_later(0.1, done.set)  # later than the commit was due
    await done.wait()
    gc.collect()
    assert problems == []
    assert asyncio.all_tasks() == {asyncio.current_task()}
