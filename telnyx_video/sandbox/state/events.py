"""What happened, in order: the one place that tells of changes, for whoever passes them on.

Events are rows like any other: a change and its events are committed together, or not at all.
What will happen by itself, such as the completion of a composition, is noted with its time in
advance, and can be seen from then on.
"""

import uuid

from telnyx_video.sandbox.state.database import Database
from telnyx_video.sandbox.state.records import Event, EventType, Participant, Recording, Session
from telnyx_video.sandbox.state.tables import Table


class Events:
    """The events of the server."""

    def __init__(self, database: Database) -> None:
        self._table = Table(database, "events", Event, born="occurred_at")

    def note(
        self,
        kind: EventType,
        at: str,
        session: Session,
        *,
        participant: Participant | None = None,
        recording: Recording | None = None,
        composition_id: str | None = None,
    ) -> None:
        """Note that something happens at a time, and what it is about."""
        event = Event(
            id=str(uuid.uuid4()),
            type=kind,
            occurred_at=at,
            room_id=session.room_id,
            session_id=session.id,
            participant_id=None if participant is None else participant.id,
            recording_id=None if recording is None else recording.id,
            composition_id=composition_id,
        )
        self._table.insert(event)

    def all(self) -> list[Event]:
        """Return the events that have happened by now, in the order of their times."""
        events = self._table.where("occurred_at <= now_utc()")
        return sorted(events, key=lambda event: event.occurred_at)

    def forget_composition(self, composition_id: str) -> None:
        """Forget what has not happened to a composition yet."""
        for event in self._table.where(
            "composition_id = ? AND occurred_at > now_utc()", composition_id
        ):
            self._table.delete(event.id)
