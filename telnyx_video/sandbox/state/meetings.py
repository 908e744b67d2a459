"""Who is in which room: sessions and participants, and the recordings that follow them.

A session begins when somebody joins a room that has none, and ends when the last one has left, or
when it is ended, or with its room. In a room with `enable_recording` there is a recording of each
participant's sound and one of its picture, from arrival to departure; a change of that setting
holds for those who join later.
"""

import uuid
from collections.abc import Collection
from typing import Any

import attrs

from telnyx_video.sandbox.media import MEGABYTE, recording_file
from telnyx_video.sandbox.state.database import Database, seconds_between
from telnyx_video.sandbox.state.errors import AbsentError, ConflictError
from telnyx_video.sandbox.state.events import Events
from telnyx_video.sandbox.state.records import (
    Participant,
    Recording,
    RecordingType,
    Room,
    Session,
)
from telnyx_video.sandbox.state.tables import Table

_TYPES: tuple[RecordingType, ...] = ("audio", "video")


class Meetings:
    """Lets participants in and out of rooms.

    Args:
        database: Where sessions, participants and recordings are.
        rooms: Where they meet.
        recordings: Of their meetings.
        events: Where it is noted.
    """

    def __init__(
        self,
        database: Database,
        rooms: Table[Room],
        recordings: Table[Recording],
        events: Events,
    ) -> None:
        self._db = database
        self._rooms = rooms
        self._recordings = recordings
        self._events = events
        self.sessions: Table[Session] = Table(
            database, "sessions", Session, computed={"active": "(ended_at IS NULL)"}
        )
        self.participants: Table[Participant] = Table(
            database, "participants", Participant, born="joined_at"
        )

    def join(self, room_id: str, context: str | None) -> tuple[Participant, Session]:
        """Let somebody into a room, which begins a session if none is going on.

        Raises:
            AbsentError: when there is no such room.
            ConflictError: when it is full.
        """
        with self._db.transaction():
            room = self._rooms.get(room_id)
            if room is None:
                raise AbsentError(f"There is no room {room_id}.")
            now = self._db.now()
            session = self._active(room) or self._begin(room, now)
            if len(self.present(session)) >= room.max_participants:
                raise ConflictError(f"All {room.max_participants} places of the room are taken.")
            participant = Participant(
                id=str(uuid.uuid4()),
                session_id=session.id,
                context=context,
                muted=False,
                joined_at=now,
                updated_at=now,
            )
            self.participants.insert(participant)
            self._events.note(
                "video.room.participant.joined", now, session, participant=participant
            )
            if room.enable_recording:
                self._record(participant, session, now)
        return participant, session

    def leave(self, participant_id: str) -> tuple[Participant, Session]:
        """Let a participant out, the last of whom ends the session; return both as they are then.

        Raises:
            AbsentError: when there is no such participant.
            ConflictError: when it has left before.
        """
        with self._db.transaction():
            session_id = self._participant(participant_id).session_id
            self.kick(session_id, [participant_id])
            return self._participant(participant_id), self._session(session_id)

    def kick(
        self,
        session_id: str,
        participants: Collection[str] | None,
        exclude: Collection[str] = (),
    ) -> None:
        """Put participants out of a session, None being all; the last of whom ends it.

        Args:
            session_id: Which session.
            participants: Those who are meant; each has to be present.
            exclude: Of those, who is not meant after all; they may have left.

        Raises:
            AbsentError: when there is no such session.
            ConflictError: when it is over, or one of them is not there; then nobody is put out.
        """
        with self._db.transaction():
            session = self._going_on(session_id)
            now = self._db.now()
            leaving = self._meant(session, participants, exclude)
            for participant in leaving:
                self.participants.update(participant.id, {"left_at": now, "updated_at": now})
                self._complete(participant, session, now)
                self._events.note(
                    "video.room.participant.left", now, session, participant=participant
                )
            if leaving and not self.present(session):
                self.sessions.update(session.id, {"ended_at": now, "updated_at": now})
                self._events.note("video.room.session.ended", now, session)

    def mute(
        self,
        session_id: str,
        participants: Collection[str] | None,
        exclude: Collection[str] = (),
        *,
        muted: bool,
    ) -> None:
        """Take the voice of participants of a session, or give it back; for the rest see `kick`."""
        with self._db.transaction():
            now = self._db.now()
            session = self._going_on(session_id)
            for participant in self._meant(session, participants, exclude):
                self.participants.update(participant.id, {"muted": muted, "updated_at": now})

    def empty(self, room: Room) -> None:
        """End the session of a room, if one is going on."""
        session = self._active(room)
        if session is not None:
            self.kick(session.id, None)

    def present(self, session: Session) -> list[Participant]:
        """Return those who have not left."""
        return self.participants.where("session_id = ? AND left_at IS NULL", session.id)

    def _active(self, room: Room) -> Session | None:
        return None if room.active_session_id is None else self._session(room.active_session_id)

    def _session(self, session_id: str) -> Session:
        session = self.sessions.get(session_id)
        if session is None:
            raise AbsentError(f"There is no session {session_id}.")
        return session

    def _participant(self, participant_id: str) -> Participant:
        participant = self.participants.get(participant_id)
        if participant is None:
            raise AbsentError(f"There is no participant {participant_id}.")
        return participant

    def _going_on(self, session_id: str) -> Session:
        session = self._session(session_id)
        if session.ended_at is not None:
            raise ConflictError(f"The session {session_id} has ended.")
        return session

    def _meant(
        self, session: Session, wanted: Collection[str] | None, exclude: Collection[str]
    ) -> list[Participant]:
        everyone = self.participants.where("session_id = ?", session.id)
        present = {member.id: member for member in everyone if member.left_at is None}
        missing = set(() if wanted is None else wanted) - present.keys()
        missing |= set(exclude) - {member.id for member in everyone}
        if missing:
            names = ", ".join(sorted(missing))
            raise ConflictError(f"These are not present in the session {session.id}: {names}.")
        chosen = present.keys() if wanted is None else set(wanted)
        return [
            member
            for member in present.values()
            if member.id in chosen and member.id not in exclude
        ]

    def _begin(self, room: Room, now: str) -> Session:
        session = Session(id=str(uuid.uuid4()), room_id=room.id, created_at=now, updated_at=now)
        self.sessions.insert(session)
        self._events.note("video.room.session.started", now, session)
        return session

    def _record(self, participant: Participant, session: Session, now: str) -> None:
        for kind in _TYPES:
            recording = Recording(
                id=str(uuid.uuid4()),
                room_id=session.room_id,
                session_id=session.id,
                participant_id=participant.id,
                type=kind,
                created_at=now,
            )
            self._recordings.insert(recording)
            self._events.note(
                "video.room.recording.started",
                now,
                session,
                participant=participant,
                recording=recording,
            )

    def _complete(self, participant: Participant, session: Session, now: str) -> None:
        for recording in self._recordings.where(
            "session_id = ? AND participant_id = ?", session.id, participant.id
        ):
            duration = seconds_between(recording.created_at, now)
            size = len(recording_file(recording.id, recording.type, duration)) / MEGABYTE
            end: dict[str, Any] = {"ended_at": now, "duration_secs": duration, "size_mb": size}
            self._recordings.update(recording.id, end)
            self._events.note(
                "video.room.recording.completed",
                now,
                session,
                participant=participant,
                recording=attrs.evolve(recording, **end),
            )
