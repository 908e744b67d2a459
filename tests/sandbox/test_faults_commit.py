"""When a request with a fault is committed: at once, never, or late."""

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
    """The caller is cut off; the room comes into being some time later, as it was asked for."""
    with Sandbox(faults=on_create({"cut": "reply", "commit": 0.05})) as sandbox:
        assert drain(sandbox, content={**NAMED, "max_participants": 7}) == (b"", "FIN")
        until(lambda: sandbox.rooms)
        assert names(sandbox) == ["a"]
        assert sandbox.rooms[0]["max_participants"] == 7


def test_a_late_commit_may_come_in_no_time() -> None:
    """Zero seconds are allowed: the commit follows the cut at once."""
    with Sandbox(faults=on_create({"cut": "reply", "commit": 0})) as sandbox:
        drain(sandbox)
        until(lambda: sandbox.rooms)


def test_a_name_is_free_until_the_late_commit() -> None:
    """Until then the room does not exist, and another create of the name succeeds."""
    with Sandbox(faults=on_create({"cut": "reply", "commit": FOREVER})) as sandbox:
        drain(sandbox, content=NAMED)
        assert sandbox.rooms == []
        assert asked(sandbox, content=NAMED).status == 201


def test_a_late_commit_that_lost_the_race_fails_in_silence(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """The room that won stays as it is; the loser leaves neither a room nor a word."""
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
    """Who asks for the name after it is refused."""
    with Sandbox(faults=on_create({"cut": "reply", "commit": 0.05})) as sandbox:
        drain(sandbox, content=NAMED)
        until(lambda: sandbox.rooms)
        assert asked(sandbox, content=NAMED).status == 422


def test_what_was_refused_is_not_committed_later() -> None:
    """A wrong body, and a wrong key, stay refused: the room that comes is another one."""
    late = {"status": 503, "commit": 0.05}
    with Sandbox(faults=on_create(late, late, late)) as sandbox, connected(sandbox) as line:
        assert line.ask(content={"max_participants": 99}).status == 503
        line.send(request(content=NAMED).replace(b"Bearer sandbox-key", b"Bearer another-key"))
        assert line.answer().status == 503
        assert line.ask(content={"unique_name": "good"}).status == 503
        until(lambda: sandbox.rooms)
        assert names(sandbox) == ["good"]


@pytest.mark.parametrize("commit", ["never", FOREVER])
def test_what_is_not_committed_is_answered_as_if_it_were(commit: object) -> None:
    """A server may say 201 and have nothing; what it refuses, it refuses."""
    with Sandbox(faults=on_create({"commit": commit}, repeat=True)) as sandbox:
        answer = asked(sandbox, content=NAMED)
        assert (answer.status, answer.json["data"]["unique_name"]) == (201, "a")
        assert sandbox.rooms == []
        assert asked(sandbox, "GET", f"/rooms/{answer.json['data']['id']}").status == 404
        assert asked(sandbox, content={"max_participants": 1}).status == 422


def test_updates_and_deletes_follow_the_commit_field() -> None:
    """A PATCH or DELETE that is lost has happened, one that is dropped has not."""
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


def test_a_rate_limit_counts_what_is_not_committed_too() -> None:
    """A request that is answered as if it were committed has used its place."""
    with Sandbox(rate_limit=1000, faults=on_create({"commit": "never"})) as sandbox:
        assert asked(sandbox).headers["x-ratelimit-remaining"] != "1000"


def test_a_reset_forgets_late_commits() -> None:
    """What was to come before a reset never comes; what was begun after it does."""
    late = on_create({"cut": "reply", "commit": 0.2}, repeat=True)
    with Sandbox(faults=late) as sandbox:
        drain(sandbox, content={"unique_name": "old"})
        sandbox.reset()
        drain(sandbox, content={"unique_name": "new"})
        until(lambda: sandbox.rooms)  # the older one was due before
        assert names(sandbox) == ["new"]


def test_a_reset_ends_what_is_held_up_before_its_commit() -> None:
    """A request stalled across a reset is cut when it would go on, and creates nothing."""
    stall = {"stall": "commit", "seconds": 0.2}
    with Sandbox(faults=on_create(stall)) as sandbox, connected(sandbox) as line:
        line.send(request(content=NAMED))
        until(lambda: sandbox.faults_done)
        sandbox.reset()
        assert line.rest() == (b"", "FIN")
        assert sandbox.rooms == []


def test_a_reset_forgets_connections_that_were_to_be_cut() -> None:
    """A connection that was to end with its next request is as good as any."""
    with Sandbox() as sandbox, connected(sandbox) as line:
        sandbox.faults = on_create("closed_next")
        assert line.ask().status == 201
        sandbox.reset()
        assert line.ask().status == 201


async def test_leaving_forgets_late_commits() -> None:
    """Nothing is left in the caller's loop, and nothing happens after the sandbox is gone."""
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
