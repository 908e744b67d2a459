"""What is told of changes: every one, once, in order, and never one that was not made."""

from collections import Counter
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from sandbox.caller import Caller
from sandbox.desk import Clock, Desk
from telnyx_video.sandbox import Sandbox
from telnyx_video.sandbox.state import ConflictError, Store


def told(desk: Desk) -> list[str]:
    """Return the types of what happened, without what they have in common."""
    events = desk.ask("GET", "//_sandbox/events", key=None).body["events"]
    return [event["type"].removeprefix("video.room.") for event in events]


def test_a_meeting_is_told_from_its_start_to_its_end(desk: Desk, clock: Clock) -> None:
    """Events have the names of webhooks and come in the order in which things happen."""
    room = desk.room(enable_recording=True)
    desk.leave(room, desk.join(room))
    assert told(desk) == [
        "session.started",
        "participant.joined",
        "recording.started",
        "recording.started",
        "recording.completed",
        "recording.completed",
        "participant.left",
        "session.ended",
    ]


def test_an_event_names_all_that_it_is_about(desk: Desk) -> None:
    """With the ids, whoever hears of it can ask for the rest."""
    room = desk.room(enable_recording=True)
    alice = desk.join(room)
    (sound, _) = desk.ids("/room_recordings")
    event = desk.ask("GET", "//_sandbox/events").body["events"][2]
    assert event.pop("id")
    assert event == {
        "type": "video.room.recording.started",
        "occurred_at": alice["joined_at"],
        "room_id": room["id"],
        "session_id": alice["session_id"],
        "participant_id": alice["id"],
        "recording_id": sound,
    }


def test_a_composition_is_told_of_when_it_is_completed(desk: Desk, clock: Clock) -> None:
    """Not before, and in its place among what happened meanwhile."""
    room = desk.room()
    alice = desk.join(room)
    desk.data("POST", "/room_compositions", {"session_id": alice["session_id"]})
    clock.pass_by(9.9)
    assert "composition.completed" not in told(desk)
    clock.pass_by(10)
    desk.leave(room, alice)
    assert told(desk)[2:] == ["composition.completed", "participant.left", "session.ended"]


async def test_what_was_not_done_is_not_told(caller: Caller, sandbox: Sandbox) -> None:
    """A request that a fault keeps from being applied leaves no trace, one that is does."""
    room = (await caller.create()).data
    sandbox.join(room["id"])
    before = sandbox.events
    sandbox.faults = [
        {"on": "DELETE /rooms/{id}", "faults": [503, {"status": 503, "commit": "before"}]}
    ]
    for events in (before, None):
        assert (await caller.send("DELETE", f"/rooms/{room['id']}")).status == 503
        assert events is None or sandbox.events == events
    types = [str(event["type"]) for event in sandbox.events[len(before) :]]
    assert types == ["video.room.participant.left", "video.room.session.ended"]


class Meetings(RuleBasedStateMachine):
    """Rooms in which anything may happen in any order."""

    def __init__(self) -> None:
        super().__init__()
        self.clock = Clock()
        self.store = Store(now=self.clock)
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
        self.clock.pass_by(1)
        try:
            participant, session = self.store.meetings.join(room, None)
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
        self.clock.pass_by(1)
        (session,) = self.active(room)
        self.store.meetings.kick(session.id, going)
        self.present[room] = [member for member in members if member not in going]

    @precondition(lambda self: len(self.rooms) > 1)
    @rule()
    def delete_room(self) -> None:
        room = self.rooms.pop()
        self.clock.pass_by(1)
        assert self.store.rooms.delete(room)
        self.present[room] = []

    def active(self, room: str) -> list[Any]:
        """Return the sessions of a room that are going on."""
        return self.store.meetings.sessions.where("room_id = ? AND ended_at IS NULL", room)

    @invariant()
    def a_room_is_in_session_while_somebody_is_there(self) -> None:
        for room, members in self.present.items():
            assert len(self.active(room)) == bool(members)
        for found in self.store.rooms.all():
            assert (found.active_session_id is not None) is bool(self.present[found.id])

    @invariant()
    def everything_agrees_on_who_is_there(self) -> None:
        there = {member for members in self.present.values() for member in members}
        everyone = self.store.meetings.participants.where()
        assert {member.id for member in everyone if member.left_at is None} == there
        recorded = {row.participant_id for row in self.store.recordings.where("ended_at IS NULL")}
        assert recorded == set(self.present[next(iter(self.present))])

    @invariant()
    def each_change_is_told_once(self) -> None:
        counts = Counter(
            event.type.removeprefix("video.room.") for event in self.store.events.all()
        )
        sessions = self.store.meetings.sessions.where()
        assert counts["session.started"] == len(sessions)
        assert counts["session.ended"] == sum(row.ended_at is not None for row in sessions)
        members = self.store.meetings.participants.where()
        assert counts["participant.joined"] == len(members)
        assert counts["participant.left"] == sum(row.left_at is not None for row in members)
        assert counts["recording.started"] == len(self.store.recordings)

    def teardown(self) -> None:
        self.store.close()


TestMeetings = Meetings.TestCase
TestMeetings.settings = settings(max_examples=15, stateful_step_count=15, deadline=None)
