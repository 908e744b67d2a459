"""Films made of sessions. Nothing works on them: their states are a function of the time."""

import json
import uuid
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from telnyx_video.sandbox.media import MEGABYTE, composition_file
from telnyx_video.sandbox.state.database import Database, seconds_between, timestamp
from telnyx_video.sandbox.state.events import Events
from telnyx_video.sandbox.state.queries import Query
from telnyx_video.sandbox.state.records import Composition, Session
from telnyx_video.sandbox.state.tables import Table

_STATUS = """CASE
    WHEN completed_at <= now_utc() THEN 'completed'
    WHEN processing_at <= now_utc() THEN 'processing'
    ELSE 'enqueued'
END"""


class Compositions:
    """The compositions, oldest first.

    Args:
        database: Where they are.
        events: Where it is noted when one will be complete.
        delay: Seconds from creation to completion, the first half of which it is enqueued.
    """

    def __init__(self, database: Database, events: Events, delay: float) -> None:
        self._db = database
        self._events = events
        self._delay = timedelta(seconds=delay)
        self._table = Table(database, "compositions", Composition, computed={"status": _STATUS})

    def create(self, session: Session, settings: Mapping[str, Any], layout: object) -> Composition:
        """Store a new composition of a session, or of what there is of it so far.

        Args:
            session: What it shows.
            settings: Resolution and webhooks, all of them given.
            layout: Regions by their names, or None.
        """
        moment = self._db.moment()
        now = timestamp(moment)
        completed_at = timestamp(moment + self._delay)
        ended_at = session.ended_at or now
        duration = seconds_between(session.created_at, ended_at)
        composition_id = str(uuid.uuid4())
        composition = Composition(
            id=composition_id,
            room_id=session.room_id,
            session_id=session.id,
            started_at=session.created_at,
            ended_at=ended_at,
            duration_secs=duration,
            size_mb=len(composition_file(composition_id, duration)) / MEGABYTE,
            created_at=now,
            processing_at=timestamp(moment + self._delay / 2),
            completed_at=completed_at,
            video_layout=None if layout is None else json.dumps(layout),
            **settings,
        )
        with self._db.transaction():
            self._table.insert(composition)
            self._events.note(
                "video.room.composition.completed",
                completed_at,
                session,
                composition=composition,
            )
        return composition

    def get(self, composition_id: str) -> Composition | None:
        """Return the composition of this id, if there is one."""
        return self._table.get(composition_id)

    def page(self, query: Query) -> tuple[list[Composition], int]:
        """Return the compositions on a page, and how many there are on all pages."""
        return self._table.page(query)

    def delete(self, composition_id: str) -> bool:
        """Remove a composition, finished or not; tell whether there was one of this id."""
        with self._db.transaction():
            self._events.forget_composition(composition_id)
            return self._table.delete(composition_id)
