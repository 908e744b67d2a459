"""Options that several commands have, and the days that lists are filtered by."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from functools import wraps
from inspect import Parameter, Signature, signature
from typing import Annotated, Any, TypeAlias, TypeVar

import typer

from telnyx_video import UNSET
from telnyx_video.cli.settings import Settings, Values
from telnyx_video.models import DateRange, Unset

T = TypeVar("T")

WEBHOOKS = "Webhooks"

EventUrl = Annotated[
    str | None,
    typer.Option(
        "--webhook-event-url",
        metavar="URL",
        help="Where events are sent.",
        rich_help_panel=WEBHOOKS,
    ),
]
FailoverUrl = Annotated[
    str | None,
    typer.Option(
        "--webhook-event-failover-url",
        metavar="URL",
        help='Where events go if that fails; "" for nowhere.',
        rich_help_panel=WEBHOOKS,
    ),
]
TimeoutSecs = Annotated[
    str | None,
    typer.Option(
        "--webhook-timeout-secs",
        metavar="SECS",
        help="How long to wait for the receiver, 0 to 30.",
        rich_help_panel=WEBHOOKS,
    ),
]

Host = Annotated[str, typer.Option("--host", metavar="HOST", help="Where to listen.")]
Port = Annotated[
    str, typer.Option("--port", metavar="PORT", help="Which port to listen on; 0 finds a free one.")
]

RoomId = Annotated[str, typer.Argument(metavar="ID", help="The room's id.", show_default=False)]
SessionId = Annotated[
    str, typer.Argument(metavar="ID", help="The session's id.", show_default=False)
]
ParticipantId = Annotated[
    str, typer.Argument(metavar="ID", help="The participant's id.", show_default=False)
]
RecordingId = Annotated[
    str, typer.Argument(metavar="ID", help="The recording's id.", show_default=False)
]
CompositionId = Annotated[
    str, typer.Argument(metavar="ID", help="The composition's id.", show_default=False)
]
TargetFile = Annotated[
    str,
    typer.Argument(
        metavar="FILE",
        help="The file to write; one that is there is replaced once the new one is whole.",
        show_default=False,
    ),
]

OfRoom = Annotated[
    str | None, typer.Option("--room-id", metavar="ID", help="Only those of this room.")
]
OfSession = Annotated[
    str | None, typer.Option("--session-id", metavar="ID", help="Only those of this session.")
]
InContext = Annotated[
    str | None,
    typer.Option(metavar="TEXT", help="Only those of whom their program said just this."),
]
IncludeSessions = Annotated[
    bool, typer.Option("--include-sessions", metavar="", help="With the sessions of each room.")
]
IncludeParticipants = Annotated[
    bool,
    typer.Option(
        "--include-participants", metavar="", help="With the participants of each session."
    ),
]
PageSize = Annotated[
    str, typer.Option(metavar="N", help="How many to ask for at a time, 1 to 250.")
]
Yes = Annotated[bool, typer.Option("--yes", "-y", metavar="", help="Do not ask first.")]
Day = Annotated[str | None, typer.Option(metavar="DAY", help="Such as 2025-01-31, in UTC.")]


@dataclass(frozen=True)
class Days:
    """The days that a time may fall on, as typed."""

    on: str | None
    first: str | None
    last: str | None

    @property
    def are_given(self) -> bool:
        """Whether any of them was typed."""
        return (self.on, self.first, self.last) != (None, None, None)


Times: TypeAlias = Mapping[str, Days]
"""Which days are asked for, by the name of the time."""

Dates: TypeAlias = date | DateRange | Unset
"""The days to filter by: one, a range, or any."""


def by_days(*times: str) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """A command with options such as ``--created-on``, ``-from`` and ``-to`` for each time.

    Args:
        times: Their names. The command is given, after the settings, what was typed for them.
    """

    def decorate(command: Callable[..., None]) -> Callable[..., None]:
        settings, _, *own = signature(command, eval_str=True).parameters.values()

        @wraps(command)
        def run(settings: Settings, **options: Any) -> None:
            typed = {
                time: Days(*(options.pop(f"{time}_{part}") for part in ("on", "from", "to")))
                for time in times
            }
            command(settings, typed, **options)

        of_days = [
            Parameter(
                f"{time}_{part}", Parameter.POSITIONAL_OR_KEYWORD, default=None, annotation=Day
            )
            for time in times
            for part in ("on", "from", "to")
        ]
        run.__signature__ = Signature([settings, *own, *of_days])  # type: ignore[attr-defined] # functions may have one
        return run

    return decorate


def chosen_days(values: Values, times: Times) -> Mapping[str, Dates]:
    """The days to filter by, for each time."""
    return {time: _days(values, time, typed) for time, typed in times.items()}


def chosen_port(values: Values, port: str) -> int:
    """Which port to listen on, 0 being any."""
    return values.integer("--port", port, 0, 65535)


def chosen_page_size(values: Values, page_size: str) -> int:
    """How many objects to ask for at a time."""
    return values.integer("--page-size", page_size, 1, 250)


def chosen_list(times: Times, page_size: str) -> tuple[Mapping[str, Dates], int]:
    """Days and page size of a list, where no other option can be wrong.

    Raises:
        CommandError: names each problem.
    """
    values = Values()
    days, size = chosen_days(values, times), chosen_page_size(values, page_size)
    values.done()
    return days, size


def _days(values: Values, time: str, typed: Days) -> Dates:
    day = values.day(f"--{time}-on", typed.on)
    first, last = values.day(f"--{time}-from", typed.first), values.day(f"--{time}-to", typed.last)
    if typed.on is not None and (typed.first is not None or typed.last is not None):
        values.refuse(f"--{time}-on is one day: leave out --{time}-from and --{time}-to")
    if first is not None and last is not None and first > last:
        values.refuse(f"--{time}-from is after --{time}-to: nothing can pass")
        return UNSET
    if day is not None:
        return day
    return DateRange(first, last) if first is not None or last is not None else UNSET


def included(asked_for: bool) -> bool | Unset:
    """An option that has more come with the answer, or UNSET where it was left out."""
    return asked_for or UNSET


def given(value: T | None) -> T | Unset:
    """An option's value, or UNSET where the option was left out."""
    return UNSET if value is None else value
