"""Rooms, their sessions, and the participants and recordings of sessions.

A session starts when a participant joins a room without an active one. It ends when its last
participant leaves, when it is ended, or when its room is deleted. In a room with
`enable_recording` each participant has one audio and one video recording, from join to leave; a
change of that setting applies to those who join later.
"""

import sqlite3
from collections.abc import Collection, Mapping
from typing import Any

import attrs

from telnyx_video.sandbox.media import MEGABYTE, recording_file
from telnyx_video.sandbox.state.database import (
    AbsentError,
    ConflictError,
    Database,
    NameTakenError,
    Table,
    seconds_between,
)
from telnyx_video.sandbox.state.events import Events
from telnyx_video.sandbox.state.records import Participant, Recording, RecordingType, Room, Session

_TYPES: tuple[RecordingType, ...] = ("audio", "video")


class Sessions:
    """Sessions, which start and end as participants join and leave rooms.

    Args:
        database: Stores sessions and participants.
        rooms: The rooms that they are in.
        recordings: The recordings of participants.
        events: Receives the events.
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
        self.table: Table[Session] = Table(
            database, "sessions", Session, computed={"active": "(ended_at IS NULL)"}
        )
        self.participants: Table[Participant] = Table(
            database, "participants", Participant, born="joined_at"
        )

    def join(self, room_id: str, context: str | None) -> tuple[Participant, Session]:
        """Add a participant to a room; starts a session if none is active.

        Raises:
            AbsentError: if the room does not exist.
            ConflictError: if it is full.
        """
        with self._db.transaction():
            room = self._rooms.get(room_id)
            if room is None:
                raise AbsentError(f"Room {room_id} does not exist.")
            now = self._db.now()
            session = self._active(room) or self._start(room, now)
            if len(self.present(session)) >= room.max_participants:
                raise ConflictError(f"All {room.max_participants} places of the room are taken.")
            participant = Participant(
                id=self._db.new_id(),
                session_id=session.id,
                context=context,
                muted=False,
                joined_at=now,
                updated_at=now,
            )
            self.participants.insert(participant)
            self._events.add("video.room.participant.joined", now, session, participant=participant)
            if room.enable_recording:
                self._record(participant, session, now)
        return participant, session

    def leave(self, participant_id: str) -> tuple[Participant, Session]:
        """Remove a participant, and return it with its session; the last one ends the session.

        Raises:
            AbsentError: if the participant does not exist.
            ConflictError: if it has already left.
        """
        with self._db.transaction():
            self.kick(self._participant(participant_id).session_id, [participant_id])
            return self.get(participant_id)

    def kick(
        self,
        session_id: str,
        participants: Collection[str] | None,
        exclude: Collection[str] = (),
    ) -> None:
        """Remove participants from a session; the last one ends it.

        Args:
            session_id: The session.
            participants: Those to remove, who must all be present; None means everyone.
            exclude: Participants to keep. Ids of others are ignored.

        Raises:
            AbsentError: if the session does not exist.
            ConflictError: if it has ended, or a participant is not present; nobody is removed.
        """
        with self._db.transaction():
            session = self._active_by_id(session_id)
            now = self._db.now()
            leaving = self._selected(session, participants, exclude)
            for participant in leaving:
                self.participants.update(participant.id, {"left_at": now, "updated_at": now})
                self._complete(participant, session, now)
                self._events.add(
                    "video.room.participant.left", now, session, participant=participant
                )
            if leaving and not self.present(session):
                self.table.update(session.id, {"ended_at": now, "updated_at": now})
                self._events.add("video.room.session.ended", now, session)

    def mute(
        self,
        session_id: str,
        participants: Collection[str] | None,
        exclude: Collection[str] = (),
        *,
        muted: bool,
    ) -> None:
        """Mute or unmute participants of a session; the arguments are those of `kick`."""
        with self._db.transaction():
            now = self._db.now()
            session = self._active_by_id(session_id)
            for participant in self._selected(session, participants, exclude):
                self.participants.update(participant.id, {"muted": muted, "updated_at": now})

    def get(self, participant_id: str) -> tuple[Participant, Session]:
        """Return a participant and its session.

        Raises:
            AbsentError: if the participant does not exist.
        """
        participant = self._participant(participant_id)
        return participant, self._session(participant.session_id)

    def end_active(self, room: Room) -> None:
        """End the active session of a room, if there is one."""
        session = self._active(room)
        if session is not None:
            self.kick(session.id, None)

    def present(self, session: Session) -> list[Participant]:
        """Return the participants who have not left."""
        return self.participants.where("session_id = ? AND left_at IS NULL", session.id)

    def _active(self, room: Room) -> Session | None:
        return None if room.active_session_id is None else self._session(room.active_session_id)

    def _session(self, session_id: str) -> Session:
        session = self.table.get(session_id)
        if session is None:
            raise AbsentError(f"Session {session_id} does not exist.")
        return session

    def _participant(self, participant_id: str) -> Participant:
        participant = self.participants.get(participant_id)
        if participant is None:
            raise AbsentError(f"Participant {participant_id} does not exist.")
        return participant

    def _active_by_id(self, session_id: str) -> Session:
        session = self._session(session_id)
        if session.ended_at is not None:
            raise ConflictError(f"Session {session_id} has ended.")
        return session

    def _selected(
        self, session: Session, wanted: Collection[str] | None, exclude: Collection[str]
    ) -> list[Participant]:
        everyone = self.participants.where("session_id = ?", session.id)
        present = {member.id: member for member in everyone if member.left_at is None}
        missing = set(() if wanted is None else wanted) - present.keys()
        if missing:
            names = ", ".join(sorted(missing))
            raise ConflictError(f"Not present in the session {session.id}: {names}.")
        chosen = present.keys() if wanted is None else set(wanted)
        return [
            member
            for member in present.values()
            if member.id in chosen and member.id not in exclude
        ]

    def _start(self, room: Room, now: str) -> Session:
        session = Session(id=self._db.new_id(), room_id=room.id, created_at=now, updated_at=now)
        self.table.insert(session)
        self._events.add("video.room.session.started", now, session)
        return session

    def _record(self, participant: Participant, session: Session, now: str) -> None:
        for kind in _TYPES:
            recording = Recording(
                id=self._db.new_id(),
                room_id=session.room_id,
                session_id=session.id,
                participant_id=participant.id,
                type=kind,
                created_at=now,
            )
            self._recordings.insert(recording)
            self._events.add(
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
            self._events.add(
                "video.room.recording.completed",
                now,
                session,
                participant=participant,
                recording=attrs.evolve(recording, **end),
            )


def rooms_table(database: Database) -> Table[Room]:
    """Return the table of rooms."""
    active = "(SELECT id FROM sessions WHERE room_id = rooms.id AND ended_at IS NULL)"
    return Table(database, "rooms", Room, computed={"active_session_id": active})


class Rooms:
    """The rooms, oldest first.

    Args:
        database: Stores them.
        table: The table of rooms.
        sessions: Their sessions.
    """

    def __init__(self, database: Database, table: Table[Room], sessions: Sessions) -> None:
        self._db = database
        self.table: Table[Room] = table
        self._sessions = sessions

    def create(self, settings: Mapping[str, Any]) -> Room:
        """Store a new room with these settings, which must be complete.

        Raises:
            NameTakenError: if another room has its unique name.
        """
        now = self._db.now()
        room = Room(id=self._db.new_id(), created_at=now, updated_at=now, **settings)
        try:
            self.table.insert(room)
        except sqlite3.IntegrityError as error:
            raise NameTakenError(room.unique_name) from error
        return room

    def update(self, room_id: str, settings: Mapping[str, Any]) -> Room | None:
        """Change these settings of a room and return it, or None if it does not exist.

        Raises:
            NameTakenError: if another room has the new unique name; nothing is changed.
        """
        with self._db.lock:
            try:
                self.table.update(room_id, {**settings, "updated_at": self._db.now()})
            except sqlite3.IntegrityError as error:
                raise NameTakenError(settings["unique_name"]) from error
            return self.table.get(room_id)

    def delete(self, room_id: str) -> bool:
        """End a room's session and delete the room; return whether it existed.

        Its sessions and recordings remain.
        """
        with self._db.transaction():
            room = self.table.get(room_id)
            if room is None:
                return False
            self._sessions.end_active(room)
            return self.table.delete(room_id)

    def newest(self, count: int) -> list[Room]:
        """Return the newest rooms, newest first."""
        numbers = "SELECT number FROM rooms ORDER BY number DESC LIMIT ?"
        return self.table.where(f"number IN ({numbers})", count)[::-1]
