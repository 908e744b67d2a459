"""Rooms as people read them: one as a list of its fields, many as a table."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

from rich.console import Console
from rich.table import Table
from rich.text import Text

from telnyx_video import Room
from telnyx_video.cli.terminal import plain_table, visible

NOTHING = Text("–", style="dim")
ID_WIDTH = 36
"""Characters of a UUID, which is never folded: it is there to be copied."""

LIST_WIDTHS = ID_WIDTH + 3 + 3 + 10
GAPS = 4 * 2


def show_room(console: Console, room: Room) -> None:
    """All that the API told of a room, field by field."""
    table = Table.grid(padding=(0, 2))
    table.add_column(style="dim", no_wrap=True)
    table.add_column(overflow="fold")
    for name, value in room.to_dict().items():
        table.add_row(visible(name), _value(value))
    console.print(table)


def _value(value: object) -> Text:
    if value is None or value == "":
        return NOTHING
    return Text(visible(value if isinstance(value, str) else json.dumps(value)))


class RoomList:
    """A table that is written page by page, so that a list of any length needs little memory."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._name_width = 0

    def add(self, rooms: Sequence[Room]) -> None:
        """Write some more rooms; the first of them decide how wide a name may be."""
        first = not self._name_width
        if first:
            room_left = self._console.width - LIST_WIDTHS - GAPS
            self._name_width = max(8, min(room_left, _longest(rooms)))
        table = plain_table(show_header=first)
        table.add_column("Name", width=self._name_width, overflow="fold")
        table.add_column("Id", width=ID_WIDTH, no_wrap=True)
        table.add_column("Max", width=3, justify="right")
        table.add_column("Rec", width=3)
        table.add_column("Created", width=10, no_wrap=True)
        for room in rooms:
            table.add_row(
                shown_name(room.unique_name),
                visible(room.id),
                NOTHING if room.max_participants is None else str(room.max_participants),
                "yes" if room.enable_recording else "no",
                _day(room.created_at),
            )
        self._console.print(table)


def shown_name(name: object) -> Text:
    """A name, or a dash for a room without one."""
    return Text(visible(name)) if isinstance(name, str) else NOTHING


def _longest(rooms: Iterable[Room]) -> int:
    return max((shown_name(room.unique_name).cell_len for room in rooms), default=0)


def _day(time: datetime | None) -> Text:
    return NOTHING if time is None else Text(time.astimezone(UTC).date().isoformat())
