"""Compositions. They are not rendered: their status is a function of the time."""

import json
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from telnyx_video.sandbox.media import MEGABYTE, video_file
from telnyx_video.sandbox.state.database import Database, Table, seconds_between, timestamp
from telnyx_video.sandbox.state.events import Events
from telnyx_video.sandbox.state.records import Composition, Session

_STATUS = """CASE
    WHEN completed_at <= now_utc() THEN 'completed'
    WHEN processing_at <= now_utc() THEN 'processing'
    ELSE 'enqueued'
END"""


class Compositions:
    """The compositions, oldest first.

    Args:
        database: Stores them.
        events: Receives their completion in advance.
        delay: Seconds from creation to completion; enqueued for the first half of them.
    """

    def __init__(self, database: Database, events: Events, delay: float) -> None:
        self._db = database
        self._events = events
        self._delay = timedelta(seconds=delay)
        self.table: Table[Composition] = Table(
            database, "compositions", Composition, computed={"status": _STATUS}
        )

    def create(
        self, session: Session | None, settings: Mapping[str, Any], layout: object
    ) -> Composition:
        """Store a new composition of a session, which may still be active.

        Args:
            session: The session to compose; None makes an empty composition.
            settings: Resolution and webhooks, which must be complete.
            layout: Regions by name, or None.
        """
        moment = self._db.moment()
        now = timestamp(moment)
        completed_at = timestamp(moment + self._delay)
        started_at = now if session is None else session.created_at
        ended_at = now if session is None else session.ended_at or now
        duration = seconds_between(started_at, ended_at)
        composition_id = self._db.new_id()
        composition = Composition(
            id=composition_id,
            room_id=None if session is None else session.room_id,
            session_id=None if session is None else session.id,
            started_at=started_at,
            ended_at=ended_at,
            duration_secs=duration,
            size_mb=len(video_file(composition_id, duration)) / MEGABYTE,
            created_at=now,
            processing_at=timestamp(moment + self._delay / 2),
            completed_at=completed_at,
            video_layout=None if layout is None else json.dumps(layout),
            **settings,
        )
        with self._db.transaction():
            self.table.insert(composition)
            self._events.add(
                "video.room.composition.completed",
                completed_at,
                session,
                composition=composition,
            )
        return composition

    def delete(self, composition_id: str) -> bool:
        """Delete a composition, finished or not; return whether it existed."""
        with self._db.transaction():
            self._events.forget_composition(composition_id)
            return self.table.delete(composition_id)
