"""The options of commands: those that every command takes, and those that several take."""

from __future__ import annotations

import os
import shlex
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields, replace
from datetime import date, datetime
from inspect import Parameter, Signature
from typing import Annotated, Any, Literal, TypeAlias

from typer import Argument, Option

from telnyx_video.cli.errors import CommandError
from telnyx_video.models import UNSET, DateRange, Unset

GLOBAL = "Global options"
"""The section of help with the options that every command takes."""


def _global(help: str, *names: str, metavar: str | None = None) -> Any:
    return Option(*names, metavar=metavar, help=help, show_default=False, rich_help_panel=GLOBAL)


@dataclass(frozen=True)
class GlobalOptions:
    """The options that every command takes, before or after its name."""

    output_format: Annotated[
        Literal["table", "json", "csv"] | None,
        _global("How to print results.", "--output", metavar="table|json|csv"),
    ] = None
    json: Annotated[bool, _global("The same as --output json: an object a line.", "--json")] = False
    sandbox: Annotated[
        bool,
        _global(
            "Run against a sandbox that lives as long as the command; needs no key and no network.",
            "--sandbox",
        ),
    ] = False
    faults: Annotated[
        str | None, _global("A fault plan for --sandbox, as JSON.", metavar="FILE")
    ] = None
    base_url: Annotated[
        str | None, _global("The API's URL; else TELNYX_BASE_URL.", metavar="URL")
    ] = None
    proxy: Annotated[
        str | None, _global("An HTTP proxy; else HTTPS_PROXY and NO_PROXY.", metavar="URL")
    ] = None
    ca_file: Annotated[
        str | None,
        _global("Certificates of authorities to trust, in PEM format.", metavar="FILE"),
    ] = None
    allow_insecure: Annotated[
        bool,
        _global(
            "Permit plain HTTP to another machine, which shows the key to the network.",
            "--allow-insecure",
        ),
    ] = False
    env_file: Annotated[
        str | None, _global("Read environment variables from a file.", metavar="FILE")
    ] = None

    @property
    def format(self) -> Literal["table", "json", "csv"]:
        """How to print results."""
        return "json" if self.json else self.output_format or "table"

    def after(self, before: object) -> GlobalOptions:
        """Join these options, given after the command's name, with those given before it.

        Raises:
            CommandError: they contradict each other, or the environment file cannot be read.
        """
        options = self
        if isinstance(before, GlobalOptions):
            options = replace(
                before, **{name: value for name, value in vars(self).items() if value}
            )
        if options.sandbox and options.base_url:
            raise CommandError("--sandbox starts its own server: leave out --base-url")
        if options.json and options.output_format not in (None, "json"):
            raise CommandError(f"--json and --output {options.output_format}: choose one")
        if options.env_file is not None:
            for name, text in read_env_file(options.env_file).items():
                os.environ.setdefault(name, text)
        return options


def read_env_file(path: str) -> dict[str, str]:
    """Read the variables from a file of ``NAME=value`` lines, as a shell would.

    Raises:
        CommandError: it cannot be read; the message names the line without its content.
    """
    variables: dict[str, str] = {}
    number = 0
    try:
        with open(path, encoding="utf-8") as file:
            for line in file:
                number += 1
                words = shlex.split(line, comments=True)
                words = words[words[:1] == ["export"] :]
                if words:
                    (word,) = words
                    name, separator, value = word.partition("=")
                    if not (name.isidentifier() and separator) or "\0" in value:
                        raise ValueError
                    variables[name] = value
    except OSError as error:
        raise CommandError(f"--env-file {path} cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise CommandError(f"--env-file {path} is not UTF-8") from None
    except ValueError:
        raise CommandError(f"--env-file {path}, line {number}: must be NAME=value") from None
    return variables


GLOBAL_NAMES = tuple(field.name for field in fields(GlobalOptions))


IfExists: TypeAlias = Literal["error", "return", "update"]


def argument(metavar: str, help: str) -> Any:
    """A positional argument."""
    return Argument(metavar=metavar, help=help, show_default=False)


def webhook_option(name: str, metavar: str, help: str) -> Any:
    """An option of the section for webhooks."""
    return Option(name, metavar=metavar, help=help, rich_help_panel="Webhook options")


RoomArgument = Annotated[str, argument("ROOM", "The room's name or id.")]
SessionId = Annotated[str, argument("ID", "The session's id.")]
TargetFile = Annotated[
    str,
    argument(
        "FILE", "The file to write; an existing one is replaced once the new one is complete."
    ),
]

OfRoom = Annotated[
    str | Unset,
    Option("--room", "--room-id", metavar="ROOM", help="Only of this room: its name or id."),
]
OfSession = Annotated[
    str | Unset, Option("--session-id", metavar="ID", help="Only of this session.")
]
InContext = Annotated[
    str | Unset, Option(metavar="TEXT", help="Only participants with exactly this context.")
]
IncludeSessions = Annotated[
    bool | Unset, Option("--include-sessions", help="Include the sessions of each room.")
]
IncludeParticipants = Annotated[
    bool | Unset, Option("--include-participants", help="Include the participants of each session.")
]
Yes = Annotated[bool, Option("--yes", "-y", help="Do not ask for confirmation.")]
Host = Annotated[str, Option("--host", metavar="HOST", help="The address to listen on.")]
Port = Annotated[
    int,
    Option(
        "--port",
        metavar="PORT",
        min=0,
        max=65535,
        help="The port to listen on; 0 finds a free one.",
    ),
]


@dataclass(frozen=True)
class Paging:
    """How much of a list to read."""

    limit: Annotated[int | None, Option(metavar="N", min=1, help="Stop after so many.")] = None
    page_size: Annotated[
        int, Option(metavar="N", min=1, max=250, help="How many to request at a time.")
    ] = 250


@dataclass(frozen=True)
class WebhookOptions:
    """Options for webhooks of the created object."""

    webhook_event_url: Annotated[
        str | Unset, webhook_option("--webhook-event-url", "URL", "Where to send events.")
    ] = UNSET
    webhook_event_failover_url: Annotated[
        str | Unset,
        webhook_option(
            "--webhook-event-failover-url",
            "URL",
            'Where to send events if that fails; "" for nowhere.',
        ),
    ] = UNSET
    webhook_timeout_secs: Annotated[
        int | Unset,
        webhook_option(
            "--webhook-timeout-secs", "SECS", "How long to wait for the receiver, 0 to 30."
        ),
    ] = UNSET


Dates: TypeAlias = Mapping[str, Any]
"""Filters such as ``created_at``: a day, a range of days, or UNSET."""

_Day = Annotated[
    datetime | None,
    Option(formats=["%Y-%m-%d"], metavar="DAY", help="Such as 2025-01-31, in UTC."),
]


def days(*times: str) -> Callable[..., Dates]:
    """Make the options ``--created-on``, ``--created-from`` and ``--created-to`` for each time."""

    def chosen(**given: datetime | None) -> Dates:
        ranges = {time: [given[f"{time}_{part}"] for part in _PARTS] for time in times}
        return {f"{time}_at": _range(time, *parts) for time, parts in ranges.items()}

    chosen.__signature__ = Signature(  # type: ignore[attr-defined] # functions may have one
        [
            Parameter(f"{time}_{part}", Parameter.KEYWORD_ONLY, default=None, annotation=_Day)
            for time in times
            for part in _PARTS
        ]
    )
    return chosen


_PARTS = ("on", "from", "to")


def _range(
    time: str, on: datetime | None, first: datetime | None, last: datetime | None
) -> date | DateRange | Unset:
    if on is not None and (first is not None or last is not None):
        raise CommandError(f"--{time}-on is one day: leave out --{time}-from and --{time}-to")
    if first is not None and last is not None and first > last:
        raise CommandError(f"--{time}-from is after --{time}-to: nothing can match")
    if on is not None:
        return on.date()
    if first is None and last is None:
        return UNSET
    return DateRange(first and first.date(), last and last.date())


def check_host(host: str) -> None:
    """Refuse a host that is not a name or an address; "" would mean every address.

    Raises:
        CommandError: it is not a name or an address.
    """
    try:
        fits = bool(host.encode("idna"))
    except UnicodeError:
        fits = False
    if not fits:
        raise CommandError(f"--host: must be a name or an address of this machine, not {host!r}")
