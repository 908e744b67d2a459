"""Options that several commands take, and the decorator that makes a function a command."""

from __future__ import annotations

import os
import shlex
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, fields, replace
from datetime import date, datetime
from functools import wraps
from inspect import Parameter, Signature, signature
from typing import Annotated, Any, Literal, TypeAlias, TypeVar

import typer

from telnyx_video.cli.errors import CommandError
from telnyx_video.cli.help import CONTEXT, GLOBAL, Command
from telnyx_video.models import UNSET, DateRange, Unset

T = TypeVar("T")

WEBHOOKS = "Webhook options"

IfExists: TypeAlias = Literal["error", "return", "update"]


def _global(*names: str, metavar: str | None = None, help: str) -> Any:
    return typer.Option(
        *names, metavar=metavar, help=help, show_default=False, rich_help_panel=GLOBAL
    )


@dataclass(frozen=True)
class GlobalOptions:
    """The options that every command takes, before or after its name."""

    output_format: Annotated[
        Literal["table", "json", "csv"] | None,
        _global("--output", metavar="table|json|csv", help="How to print results."),
    ] = None
    json: Annotated[
        bool, _global("--json", help="The same as --output json: an object a line.")
    ] = False
    sandbox: Annotated[
        bool,
        _global(
            "--sandbox",
            help="Run against a sandbox that lives as long as the command; needs no key and no "
            "network.",
        ),
    ] = False
    faults: Annotated[
        str | None, _global("--faults", metavar="FILE", help="A fault plan for --sandbox, as JSON.")
    ] = None
    base_url: Annotated[
        str | None,
        _global("--base-url", metavar="URL", help="The API's URL; else TELNYX_BASE_URL."),
    ] = None
    proxy: Annotated[
        str | None,
        _global("--proxy", metavar="URL", help="An HTTP proxy; else HTTPS_PROXY and NO_PROXY."),
    ] = None
    ca_file: Annotated[
        str | None,
        _global(
            "--ca-file", metavar="FILE", help="Certificates of authorities to trust, in PEM format."
        ),
    ] = None
    allow_insecure: Annotated[
        bool,
        _global(
            "--allow-insecure",
            help="Permit plain HTTP to another machine, which shows the key to the network.",
        ),
    ] = False
    env_file: Annotated[
        str | None,
        _global("--env-file", metavar="FILE", help="Read environment variables from a file."),
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
            raise CommandError(["--sandbox is a server of its own: leave out --base-url"])
        if options.json and options.output_format not in (None, "json"):
            raise CommandError([f"--json and --output {options.output_format}: choose one"])
        if options.env_file is not None:
            for name, text in read_env_file(options.env_file).items():
                os.environ.setdefault(name, text)
        return options


def read_env_file(path: str) -> dict[str, str]:
    """The variables in a file of ``NAME=value`` lines, as a shell would read them.

    Raises:
        CommandError: it cannot be read; the message names the line, but nothing of its content.
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
        raise CommandError([f"--env-file {path} cannot be read: {error.strerror}"]) from None
    except UnicodeDecodeError:
        raise CommandError([f"--env-file {path} is not UTF-8"]) from None
    except ValueError:
        raise CommandError([f"--env-file {path}, line {number}: must be NAME=value"]) from None
    return variables


ALL = tuple(field.name for field in fields(GlobalOptions))


def command(
    app: typer.Typer, name: str, *examples: str, takes: Collection[str] = ALL
) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Add a function to a group, as a command that also takes global options.

    Args:
        app: The group.
        name: The command's name.
        examples: Shown at the end of its help.
        takes: The global options that may follow the command's name.
    """

    def decorate(function: Callable[..., None]) -> Callable[..., None]:
        run = with_global_options(function, takes)
        heading = "Example" if len(examples) == 1 else "Examples"
        epilog = "\n\n".join([f"{heading}: {examples[0]}", *examples[1:]])
        app.command(name, cls=Command, epilog=epilog, context_settings=CONTEXT)(run)
        return function

    return decorate


def with_global_options(
    function: Callable[..., None], takes: Collection[str] = ALL
) -> Callable[..., None]:
    """A command that takes global options beside its own.

    Args:
        function: Gets the `GlobalOptions` first, and then its own options by name.
        takes: Those that it takes.
    """
    known = signature(GlobalOptions, eval_str=True).parameters
    _, *own = signature(function, eval_str=True).parameters.values()

    @wraps(function)
    def run(ctx: typer.Context, **options: Any) -> None:
        given = GlobalOptions(**{name: options.pop(name) for name in takes})
        ctx.obj = given.after(ctx.obj)
        function(ctx.obj, **options)

    ctx = Parameter("ctx", Parameter.POSITIONAL_OR_KEYWORD, annotation=typer.Context)
    parameters = [ctx, *own, *(known[name] for name in takes)]
    run.__signature__ = Signature(parameters)  # type: ignore[attr-defined] # functions may have one
    return run


EventUrl = Annotated[
    str | None,
    typer.Option(
        "--webhook-event-url", metavar="URL", help="Where to send events.", rich_help_panel=WEBHOOKS
    ),
]
FailoverUrl = Annotated[
    str | None,
    typer.Option(
        "--webhook-event-failover-url",
        metavar="URL",
        help='Where to send events if that fails; "" for nowhere.',
        rich_help_panel=WEBHOOKS,
    ),
]
TimeoutSecs = Annotated[
    int | None,
    typer.Option(
        "--webhook-timeout-secs",
        metavar="SECS",
        help="How long to wait for the receiver, 0 to 30.",
        rich_help_panel=WEBHOOKS,
    ),
]

RoomArgument = Annotated[
    str, typer.Argument(metavar="ROOM", help="The room's name or id.", show_default=False)
]
SessionId = Annotated[
    str, typer.Argument(metavar="ID", help="The session's id.", show_default=False)
]
TargetFile = Annotated[
    str,
    typer.Argument(
        metavar="FILE",
        help="The file to write; an existing one is replaced once the new one is complete.",
        show_default=False,
    ),
]

OfRoom = Annotated[
    str | None,
    typer.Option("--room", "--room-id", metavar="ROOM", help="Only of this room: its name or id."),
]
OfSession = Annotated[
    str | None, typer.Option("--session-id", metavar="ID", help="Only of this session.")
]
InContext = Annotated[
    str | None, typer.Option(metavar="TEXT", help="Only participants with exactly this context.")
]
IncludeSessions = Annotated[
    bool, typer.Option("--include-sessions", help="Include the sessions of each room.")
]
IncludeParticipants = Annotated[
    bool, typer.Option("--include-participants", help="Include the participants of each session.")
]
PageSize = Annotated[
    int, typer.Option(metavar="N", min=1, max=250, help="How many to request at a time.")
]
Limit = Annotated[
    int | None, typer.Option("--limit", metavar="N", min=1, help="Stop after so many.")
]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask for confirmation.")]
Day = Annotated[
    datetime | None,
    typer.Option(formats=["%Y-%m-%d"], metavar="DAY", help="Such as 2025-01-31, in UTC."),
]
Host = Annotated[str, typer.Option("--host", metavar="HOST", help="The address to listen on.")]
Port = Annotated[
    int,
    typer.Option(
        "--port",
        metavar="PORT",
        min=0,
        max=65535,
        help="The port to listen on; 0 finds a free one.",
    ),
]

Dates: TypeAlias = Mapping[str, date | DateRange | Unset]
"""The days to filter by, for each time: one day, a range, or any."""


def filtered_by(*times: str) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Give a command options such as ``--created-on``, ``-from`` and ``-to`` for each time.

    Args:
        times: Their names. The command gets the `Dates` after the global options.
    """

    def decorate(function: Callable[..., None]) -> Callable[..., None]:
        first, _, *own = signature(function, eval_str=True).parameters.values()

        @wraps(function)
        def run(options: GlobalOptions, **values: Any) -> None:
            days = {
                time: _chosen(time, *(values.pop(f"{time}_{part}") for part in _PARTS))
                for time in times
            }
            function(options, days, **values)

        added = [
            Parameter(
                f"{time}_{part}", Parameter.POSITIONAL_OR_KEYWORD, default=None, annotation=Day
            )
            for time in times
            for part in _PARTS
        ]
        run.__signature__ = Signature([first, *own, *added])  # type: ignore[attr-defined] # as above
        return run

    return decorate


_PARTS = ("on", "from", "to")


def _chosen(
    time: str, on: datetime | None, first: datetime | None, last: datetime | None
) -> date | DateRange | Unset:
    if on is not None and (first is not None or last is not None):
        raise CommandError([f"--{time}-on is one day: leave out --{time}-from and --{time}-to"])
    if first is not None and last is not None and first > last:
        raise CommandError([f"--{time}-from is after --{time}-to: nothing can match"])
    if on is not None:
        return on.date()
    if first is None and last is None:
        return UNSET
    return DateRange(first and first.date(), last and last.date())


def given(value: T | None) -> T | Unset:
    """An option's value, or UNSET if the option was left out."""
    return UNSET if value is None else value


def check_host(host: str) -> None:
    """Refuse a host that cannot be looked up; an empty one would mean every address.

    Raises:
        CommandError: it is not a name or an address.
    """
    try:
        fits = bool(host.encode("idna"))
    except UnicodeError:
        fits = False
    if not fits:
        raise CommandError([f"--host: must be a name or an address of this machine, not {host!r}"])
