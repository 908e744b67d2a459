"""Simulated participants: they start and end sessions, as the API shows."""

import pytest

from sandbox.api_driver import UNKNOWN_ID, ApiDriver, Clock
from sandbox.http_driver import HttpDriver
from telnyx_video.sandbox import Sandbox


def test_the_first_participant_starts_a_session(driver: ApiDriver) -> None:
    """The room shows the session as its active one, and the participant is in it."""
    room = driver.room()
    answer = driver.call("POST", f"//_sandbox/rooms/{room['id']}/join", {"context": "Alice"})
    participant, session = answer.body["participant"], answer.body["session"]
    assert answer.status == 201
    assert participant["context"] == "Alice"
    assert participant["session_id"] == session["id"]
    assert (session["active"], session["room_id"]) == (True, room["id"])
    assert driver.data("GET", f"/rooms/{room['id']}") == {
        **room,
        "active_session_id": session["id"],
    }
    assert driver.data("GET", f"/room_sessions/{session['id']}") == session
    del participant["muted"]
    assert driver.data("GET", f"/room_participants/{participant['id']}") == participant


def test_further_participants_join_the_same_session(driver: ApiDriver) -> None:
    """A session is active as long as a participant is present."""
    room = driver.room()
    alice, bob = driver.join(room), driver.join(room)
    assert alice["session_id"] == bob["session_id"]
    assert driver.leave(room, alice)["active"] is True
    assert driver.join(room)["session_id"] == bob["session_id"]


def test_the_last_participant_ends_the_session(driver: ApiDriver, clock: Clock) -> None:
    """Then the room has no active session; the next join starts another."""
    room = driver.room()
    alice = driver.join(room)
    clock.advance(60)
    session = driver.leave(room, alice)
    assert session["active"] is False
    assert session["ended_at"] == session["updated_at"] > session["created_at"]
    left = driver.data("GET", f"/room_participants/{alice['id']}")
    assert left["left_at"] == left["updated_at"] == session["ended_at"]
    assert driver.data("GET", f"/rooms/{room['id']}") == room
    assert driver.join(room)["session_id"] != session["id"]


def test_joining_needs_no_body(driver: ApiDriver) -> None:
    """Without a body the participant has no context."""
    room = driver.room()
    answer = driver.call("POST", f"//_sandbox/rooms/{room['id']}/join", key=None)
    assert answer.status == 201
    assert "context" not in answer.body["participant"]


def test_a_full_room_refuses_participants(driver: ApiDriver) -> None:
    """Joining is refused at max_participants, until a participant leaves."""
    room = driver.room(max_participants=2)
    alice, _ = driver.join(room), driver.join(room)
    path = f"//_sandbox/rooms/{room['id']}/join"
    refused = driver.call("POST", path)
    assert refused.status == 422
    assert refused.body["errors"][0]["detail"] == "All 2 places of the room are taken."
    driver.leave(room, alice)
    assert driver.call("POST", path).status == 201


def test_a_deleted_room_ends_its_session(driver: ApiDriver) -> None:
    """Its participants have left, its session has ended, and both can still be viewed."""
    room, other = driver.room(enable_recording=True), driver.room()
    alice, bob = driver.join(room), driver.join(other)
    assert driver.call("DELETE", f"/rooms/{room['id']}").status == 204
    assert driver.data("GET", f"/room_sessions/{alice['session_id']}")["active"] is False
    assert driver.data("GET", f"/room_participants/{alice['id']}")["left_at"]
    assert {row["status"] for row in driver.data("GET", "/room_recordings")} == {"completed"}
    assert driver.data("GET", f"/room_sessions/{bob['session_id']}")["active"] is True
    assert driver.call("POST", f"//_sandbox/rooms/{room['id']}/join").status == 404


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
def test_a_refused_join_or_leave_says_why(
    driver: ApiDriver, path: str, content: object, status: int
) -> None:
    """Unknown rooms and participants are not found; other errors are refused; nothing changes."""
    room, other = driver.room(), driver.room()
    alice = driver.join(room)
    if content == {"participant_id": "{alice}"}:
        content = {"participant_id": alice["id"]}
    ids = {"room": room["id"], "other": other["id"], "unknown": UNKNOWN_ID}
    assert driver.call("POST", path.format(**ids), content).status == status
    assert driver.data("GET", f"/room_sessions/{alice['session_id']}")["active"] is True


def test_a_participant_leaves_once(driver: ApiDriver) -> None:
    """A second leave is refused, with a pointer to the field."""
    room = driver.room()
    alice = driver.join(room)
    driver.leave(room, alice)
    wanted = {"participant_id": alice["id"].upper()}
    answer = driver.call("POST", f"//_sandbox/rooms/{room['id']}/leave", wanted)
    assert (answer.status, answer.pointers) == (422, ["/participant_id"])


def test_sessions_and_participants_are_included_on_demand(driver: ApiDriver) -> None:
    """Rooms show their sessions, and sessions their participants, on request."""
    room, empty = driver.room(), driver.room()
    alice = driver.join(room)
    session = driver.leave(room, alice)
    del alice["muted"]
    bob = driver.join(room)
    del bob["muted"]
    alice = driver.data("GET", f"/room_participants/{alice['id']}")
    second = driver.data("GET", f"/room_sessions/{bob['session_id']}")
    sessions = {"include_sessions": "true"}
    listed = driver.data("GET", "/rooms", params=sessions)
    assert [row["sessions"] for row in listed] == [[session, second], []]
    assert driver.data("GET", f"/rooms/{room['id']}", params=sessions) == listed[0]
    assert "sessions" not in driver.data("GET", f"/rooms/{empty['id']}")

    participants = {"include_participants": "true"}
    full = [{**session, "participants": [alice]}, {**second, "participants": [bob]}]
    for path in ("/room_sessions", f"/rooms/{room['id']}/sessions"):
        assert driver.data("GET", path, params=participants) == full
        assert driver.data("GET", path) == [session, second]
    one = f"/room_sessions/{session['id']}"
    assert driver.data("GET", one, params=participants) == full[0]
    answer = driver.call("GET", one, params={"include_participants": "yes"})
    assert answer.status == 400
    assert answer.body["errors"][0]["source"] == {"parameter": "include_participants"}


async def test_participants_can_join_and_leave_from_python(
    http: HttpDriver, sandbox: Sandbox
) -> None:
    """The methods do the same as the requests, and raise exceptions."""
    room = (await http.create(max_participants=2)).data
    alice = sandbox.join(room["id"], context="Alice")
    bob = sandbox.join(room["id"])
    with pytest.raises(ValueError, match="All 2 places"):
        sandbox.join(room["id"])
    with pytest.raises(LookupError, match=UNKNOWN_ID):
        sandbox.join(UNKNOWN_ID)
    sandbox.leave(bob)
    with pytest.raises(ValueError, match="Not present"):
        sandbox.leave(bob)
    with pytest.raises(LookupError, match=UNKNOWN_ID):
        sandbox.leave(UNKNOWN_ID)
    (shown, other) = sandbox.participants
    assert (shown["id"], shown["context"], shown["muted"]) == (alice, "Alice", False)
    assert other["left_at"]
    listed = await http.send("GET", "//_sandbox/participants")
    assert listed.body == {"participants": sandbox.participants}
    sandbox.leave(alice)
    assert (await http.send("GET", f"/room_participants/{alice}")).data["left_at"]


async def test_a_reset_removes_everything(http: HttpDriver, sandbox: Sandbox) -> None:
    """Sessions, participants, recordings, compositions and events are removed with the rooms."""
    room = (await http.create(enable_recording=True)).data
    sandbox.leave(sandbox.join(room["id"]))
    (session,) = (await http.send("GET", "/room_sessions")).data
    await http.send("POST", "/room_compositions", {"session_id": session["id"]})
    await http.send("POST", "//_sandbox/reset")
    for kind in ("sessions", "participants", "recordings", "compositions"):
        assert (await http.send("GET", f"/room_{kind}")).data == []
    assert (sandbox.participants, sandbox.events) == ([], [])
