"""Events: one for each change, in order; no event for a change that was rolled back."""

from collections import Counter
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from sandbox.api_driver import ApiDriver, Clock
from sandbox.http_driver import HttpDriver
from telnyx_video.sandbox import Sandbox
from telnyx_video.sandbox.state.database import ConflictError
from telnyx_video.sandbox.state.store import Store


def event_types(driver: ApiDriver) -> list[str]:
    """Return the types of the events, without their common prefix."""
    events = driver.call("GET", "//_sandbox/events", key=None).body["events"]
    return [event["type"].removeprefix("video.room.") for event in events]


def test_a_session_has_events_from_start_to_end(driver: ApiDriver, clock: Clock) -> None:
    """Events are named as in webhooks and ordered by time."""
    room = driver.room(enable_recording=True)
    driver.leave(room, driver.join(room))
    assert event_types(driver) == [
        "session.started",
        "participant.joined",
        "recording.started",
        "recording.started",
        "recording.completed",
        "recording.completed",
        "participant.left",
        "session.ended",
    ]


def test_an_event_has_the_ids_of_its_objects(driver: ApiDriver) -> None:
    """It has the ids of room, session, participant and recording."""
    room = driver.room(enable_recording=True)
    alice = driver.join(room)
    (sound, _) = driver.ids("/room_recordings")
    event = driver.call("GET", "//_sandbox/events").body["events"][2]
    assert event.pop("id")
    assert event == {
        "type": "video.room.recording.started",
        "occurred_at": alice["joined_at"],
        "room_id": room["id"],
        "session_id": alice["session_id"],
        "participant_id": alice["id"],
        "recording_id": sound,
    }


def test_a_composition_has_an_event_at_its_completion(driver: ApiDriver, clock: Clock) -> None:
    """The event appears at that time, in order with the others."""
    room = driver.room()
    alice = driver.join(room)
    driver.data("POST", "/room_compositions", {"session_id": alice["session_id"]})
    clock.advance(9.9)
    assert "composition.completed" not in event_types(driver)
    clock.advance(10)
    driver.leave(room, alice)
    assert event_types(driver)[2:] == ["composition.completed", "participant.left", "session.ended"]


async def test_a_request_that_is_not_committed_has_no_event(
    http: HttpDriver, sandbox: Sandbox
) -> None:
    """A fault that prevents the commit prevents the event; a lost answer does not."""
    room = (await http.create()).data
    sandbox.join(room["id"])
    before = sandbox.events
    sandbox.faults = [
        {"on": "DELETE /rooms/{id}", "faults": [503, {"status": 503, "commit": "before"}]}
    ]
    for events in (before, None):
        assert (await http.send("DELETE", f"/rooms/{room['id']}")).status == 503
        assert events is None or sandbox.events == events
    types = [str(event["type"]) for event in sandbox.events[len(before) :]]
    assert types == ["video.room.participant.left", "video.room.session.ended"]


class Sessions(RuleBasedStateMachine):
    """Rooms with any changes in any order."""

    def __init__(self) -> None:
        super().__init__()
        self.clock = Clock()
        self.store = Store(source=self.clock)
        fields: dict[str, Any] = {
            "max_participants": 3,
            "webhook_event_url": None,
            "webhook_event_failover_url": "",
            "webhook_timeout_secs": None,
        }
        self.rooms = [
            self.store.rooms.create(
                {"unique_name": None, "enable_recording": recorded, **fields}
            ).id
            for recorded in (True, False)
        ]
        self.present: dict[str, list[str]] = {room: [] for room in self.rooms}

    @rule(which=st.integers(0, 1))
    def join(self, which: int) -> None:
        room = self.rooms[which % len(self.rooms)]
        self.clock.advance(1)
        try:
            participant, session = self.store.sessions.join(room, None)
        except ConflictError:
            assert len(self.present[room]) == 3
            return
        assert session.room_id == room
        self.present[room].append(participant.id)

    @precondition(lambda self: any(self.present.values()))
    @rule(data=st.data(), together=st.booleans())
    def leave(self, data: st.DataObject, together: bool) -> None:
        room = data.draw(st.sampled_from([room for room in self.present if self.present[room]]))
        members = self.present[room]
        going = members[: data.draw(st.integers(1, len(members)))] if together else members[-1:]
        self.clock.advance(1)
        (session,) = self.active(room)
        self.store.sessions.kick(session.id, going)
        self.present[room] = [member for member in members if member not in going]

    @precondition(lambda self: len(self.rooms) > 1)
    @rule()
    def delete_room(self) -> None:
        room = self.rooms.pop()
        self.clock.advance(1)
        assert self.store.rooms.delete(room)
        self.present[room] = []

    def active(self, room: str) -> list[Any]:
        """Return the active sessions of a room."""
        return self.store.sessions.table.where("room_id = ? AND ended_at IS NULL", room)

    @invariant()
    def a_room_is_in_session_while_a_participant_is_present(self) -> None:
        for room, members in self.present.items():
            assert len(self.active(room)) == bool(members)
        for found in self.store.rooms.table.where():
            assert (found.active_session_id is not None) is bool(self.present[found.id])

    @invariant()
    def everything_agrees_on_who_is_there(self) -> None:
        there = {member for members in self.present.values() for member in members}
        everyone = self.store.sessions.participants.where()
        assert {member.id for member in everyone if member.left_at is None} == there
        recorded = {row.participant_id for row in self.store.recordings.where("ended_at IS NULL")}
        assert recorded == set(self.present[next(iter(self.present))])

    @invariant()
    def each_change_has_one_event(self) -> None:
        counts = Counter(
            event.type.removeprefix("video.room.") for event in self.store.events.all()
        )
        sessions = self.store.sessions.table.where()
        assert counts["session.started"] == len(sessions)
        assert counts["session.ended"] == sum(row.ended_at is not None for row in sessions)
        members = self.store.sessions.participants.where()
        assert counts["participant.joined"] == len(members)
        assert counts["participant.left"] == sum(row.left_at is not None for row in members)
        assert counts["recording.started"] == len(self.store.recordings)

    def teardown(self) -> None:
        self.store.close()


TestSessions = Sessions.TestCase
TestSessions.settings = settings(max_examples=15, stateful_step_count=15, deadline=None)
