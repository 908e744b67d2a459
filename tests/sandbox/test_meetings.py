"""Simulated participants: they open and end sessions, as anybody can see through the API."""

import pytest

from sandbox.caller import Caller
from sandbox.desk import UNKNOWN_ID, Clock, Desk
from telnyx_video.sandbox import Sandbox


def test_the_first_who_joins_begins_a_session(desk: Desk) -> None:
    """The room shows the session as its active one, and the participant is in it."""
    room = desk.room()
    answer = desk.ask("POST", f"//_sandbox/rooms/{room['id']}/join", {"context": "Alice"})
    participant, session = answer.body["participant"], answer.body["session"]
    assert answer.status == 201
    assert participant["context"] == "Alice"
    assert participant["session_id"] == session["id"]
    assert (session["active"], session["room_id"]) == (True, room["id"])
    assert desk.data("GET", f"/rooms/{room['id']}") == {**room, "active_session_id": session["id"]}
    assert desk.data("GET", f"/room_sessions/{session['id']}") == session
    del participant["muted"]
    assert desk.data("GET", f"/room_participants/{participant['id']}") == participant


def test_those_who_follow_join_the_same_session(desk: Desk) -> None:
    """A session goes on for as long as somebody is in it."""
    room = desk.room()
    alice, bob = desk.join(room), desk.join(room)
    assert alice["session_id"] == bob["session_id"]
    assert desk.leave(room, alice)["active"] is True
    assert desk.join(room)["session_id"] == bob["session_id"]


def test_the_last_who_leaves_ends_the_session(desk: Desk, clock: Clock) -> None:
    """Then the room has no active session; the next one who joins begins another."""
    room = desk.room()
    alice = desk.join(room)
    clock.pass_by(60)
    session = desk.leave(room, alice)
    assert session["active"] is False
    assert session["ended_at"] == session["updated_at"] > session["created_at"]
    left = desk.data("GET", f"/room_participants/{alice['id']}")
    assert left["left_at"] == left["updated_at"] == session["ended_at"]
    assert desk.data("GET", f"/rooms/{room['id']}") == room
    assert desk.join(room)["session_id"] != session["id"]


def test_joining_needs_no_body(desk: Desk) -> None:
    """A request without one lets somebody in of whom nothing is known."""
    room = desk.room()
    answer = desk.ask("POST", f"//_sandbox/rooms/{room['id']}/join", key=None)
    assert answer.status == 201
    assert "context" not in answer.body["participant"]


def test_a_full_room_lets_nobody_in(desk: Desk) -> None:
    """Beyond max_participants joining is refused, until somebody leaves."""
    room = desk.room(max_participants=2)
    alice, _ = desk.join(room), desk.join(room)
    path = f"//_sandbox/rooms/{room['id']}/join"
    refused = desk.ask("POST", path)
    assert refused.status == 422
    assert refused.body["errors"][0]["detail"] == "All 2 places of the room are taken."
    desk.leave(room, alice)
    assert desk.ask("POST", path).status == 201


def test_a_deleted_room_ends_its_session(desk: Desk) -> None:
    """Its participants are put out, its session has ended, and both can still be looked at."""
    room, other = desk.room(enable_recording=True), desk.room()
    alice, bob = desk.join(room), desk.join(other)
    assert desk.ask("DELETE", f"/rooms/{room['id']}").status == 204
    assert desk.data("GET", f"/room_sessions/{alice['session_id']}")["active"] is False
    assert desk.data("GET", f"/room_participants/{alice['id']}")["left_at"]
    assert {row["status"] for row in desk.data("GET", "/room_recordings")} == {"completed"}
    assert desk.data("GET", f"/room_sessions/{bob['session_id']}")["active"] is True
    assert desk.ask("POST", f"//_sandbox/rooms/{room['id']}/join").status == 404


@pytest.mark.parametrize(
    ("path", "content", "status"),
    [
        ("//_sandbox/rooms/{unknown}/join", {}, 404),
        ("//_sandbox/rooms/x/join", {}, 404),
        ("//_sandbox/rooms/{room}/join", {"context": 7}, 422),
        ("//_sandbox/rooms/{room}/join", [], 422),
        ("//_sandbox/rooms/{unknown}/leave", {"participant_id": UNKNOWN_ID}, 404),
        ("//_sandbox/rooms/{room}/leave", {}, 422),
        ("//_sandbox/rooms/{room}/leave", {"participant_id": "alice"}, 422),
        ("//_sandbox/rooms/{room}/leave", {"participant_id": UNKNOWN_ID}, 404),
        ("//_sandbox/rooms/{other}/leave", {"participant_id": "{alice}"}, 404),
    ],
)
def test_who_cannot_come_or_go_is_told_why(
    desk: Desk, path: str, content: object, status: int
) -> None:
    """Unknown rooms and participants are not found, other flaws are refused; nothing changes."""
    room, other = desk.room(), desk.room()
    alice = desk.join(room)
    if content == {"participant_id": "{alice}"}:
        content = {"participant_id": alice["id"]}
    ids = {"room": room["id"], "other": other["id"], "unknown": UNKNOWN_ID}
    assert desk.ask("POST", path.format(**ids), content).status == status
    assert desk.data("GET", f"/room_sessions/{alice['session_id']}")["active"] is True


def test_nobody_leaves_twice(desk: Desk) -> None:
    """Who has left cannot leave again, which points at the field."""
    room = desk.room()
    alice = desk.join(room)
    desk.leave(room, alice)
    wanted = {"participant_id": alice["id"].upper()}
    answer = desk.ask("POST", f"//_sandbox/rooms/{room['id']}/leave", wanted)
    assert (answer.status, answer.pointers) == (422, ["/participant_id"])


def test_sessions_and_participants_are_included_on_demand(desk: Desk) -> None:
    """Rooms show their sessions and sessions their participants when that is asked for."""
    room, empty = desk.room(), desk.room()
    alice = desk.join(room)
    session = desk.leave(room, alice)
    del alice["muted"]
    bob = desk.join(room)
    del bob["muted"]
    alice = desk.data("GET", f"/room_participants/{alice['id']}")
    second = desk.data("GET", f"/room_sessions/{bob['session_id']}")
    sessions = {"include_sessions": "true"}
    listed = desk.data("GET", "/rooms", params=sessions)
    assert [row["sessions"] for row in listed] == [[session, second], []]
    assert desk.data("GET", f"/rooms/{room['id']}", params=sessions) == listed[0]
    assert "sessions" not in desk.data("GET", f"/rooms/{empty['id']}")

    participants = {"include_participants": "true"}
    full = [{**session, "participants": [alice]}, {**second, "participants": [bob]}]
    for path in ("/room_sessions", f"/rooms/{room['id']}/sessions"):
        assert desk.data("GET", path, params=participants) == full
        assert desk.data("GET", path) == [session, second]
    one = f"/room_sessions/{session['id']}"
    assert desk.data("GET", one, params=participants) == full[0]
    answer = desk.ask("GET", one, params={"include_participants": "yes"})
    assert answer.status == 400
    assert answer.body["errors"][0]["source"] == {"parameter": "include_participants"}


async def test_participants_come_and_go_in_python_too(caller: Caller, sandbox: Sandbox) -> None:
    """The methods do what the requests do, and what is wrong is an error of Python."""
    room = (await caller.create(max_participants=2)).data
    alice = sandbox.join(room["id"], context="Alice")
    bob = sandbox.join(room["id"])
    with pytest.raises(ValueError, match="All 2 places"):
        sandbox.join(room["id"])
    with pytest.raises(LookupError, match=UNKNOWN_ID):
        sandbox.join(UNKNOWN_ID)
    sandbox.leave(bob)
    with pytest.raises(ValueError, match="not present"):
        sandbox.leave(bob)
    with pytest.raises(LookupError, match=UNKNOWN_ID):
        sandbox.leave(UNKNOWN_ID)
    (shown, other) = sandbox.participants
    assert (shown["id"], shown["context"], shown["muted"]) == (alice, "Alice", False)
    assert other["left_at"]
    told = await caller.send("GET", "//_sandbox/participants")
    assert told.body == {"participants": sandbox.participants}
    sandbox.leave(alice)
    assert (await caller.send("GET", f"/room_participants/{alice}")).data["left_at"]


async def test_everything_is_forgotten_by_a_reset(caller: Caller, sandbox: Sandbox) -> None:
    """Sessions, participants, recordings, compositions and events go with the rooms."""
    room = (await caller.create(enable_recording=True)).data
    sandbox.leave(sandbox.join(room["id"]))
    (session,) = (await caller.send("GET", "/room_sessions")).data
    await caller.send("POST", "/room_compositions", {"session_id": session["id"]})
    await caller.send("POST", "//_sandbox/reset")
    for kind in ("sessions", "participants", "recordings", "compositions"):
        assert (await caller.send("GET", f"/room_{kind}")).data == []
    assert (sandbox.participants, sandbox.events) == ([], [])
