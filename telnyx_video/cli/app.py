"""The commands, put together, and the way from an error to an exit code."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Annotated, Final

import typer
from typer.main import get_command

from telnyx_video import __version__
from telnyx_video.cli.batch import batch
from telnyx_video.cli.failures import explain
from telnyx_video.cli.listening import listen
from telnyx_video.cli.rooms import create, delete, get, list_rooms, update
from telnyx_video.cli.server import sandbox
from telnyx_video.cli.settings import Settings, everywhere
from telnyx_video.cli.terminal import (
    complain,
    lenient_streams,
    occupy_streams,
    show_any_character,
    stderr,
    stdout,
)

COMMANDS: Final[Mapping[str, Callable[..., None]]] = {
    "create": create,
    "get": get,
    "list": list_rooms,
    "update": update,
    "delete": delete,
    "batch": batch,
    "sandbox": sandbox,
    "listen": listen,
}
"""The commands that need no group's name."""


def _show_version(wanted: bool) -> None:
    if wanted:
        stdout().print(f"telnyx-video {__version__}")
        raise typer.Exit


@everywhere
def telnyx_video(
    _: Settings,
    version: Annotated[
        bool,
        typer.Option(
            "--version",
            metavar="",
            help="Show the version and exit.",
            callback=_show_version,
            is_eager=True,
        ),
    ] = False,
) -> None:
    """Telnyx video rooms: made one by one or by the thousand, never one too many."""


_EPILOG = (
    "The API key is read from TELNYX_API_KEY, and from nowhere else: an argument would be "
    "seen in the list of processes. TELNYX_BASE_URL says where the API is, TELNYX_PUBLIC_KEY "
    "what webhooks are checked with, TELNYX_LOG=info or debug logs what is sent. Exit codes: 0 all "
    "done, 1 something failed, 2 bad usage or input and nothing sent, 130 after Ctrl-C, "
    "143 after SIGTERM."
)


def build(*, with_groups: bool = True) -> typer.Typer:
    """Put the commands together; the groups load only if they are wanted."""
    app = typer.Typer(
        add_completion=False,
        no_args_is_help=True,
        rich_markup_mode="markdown",
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    app.callback(epilog=_EPILOG)(telnyx_video)
    for name, command in COMMANDS.items():
        app.command(name)(command)
    if with_groups:
        from telnyx_video.cli.groups import groups

        for group in groups():
            app.add_typer(group)
    return app


def run(arguments: list[str]) -> int:
    """Run one command and return its exit code; whatever goes wrong ends in sentences."""
    occupy_streams()
    show_any_character()
    with lenient_streams():
        return _run(arguments)


def _run(arguments: list[str]) -> int:
    code: object = 0
    try:
        # Most starts need no group, and need not wait for them; the help and slips need them all.
        app = build(with_groups=COMMANDS.keys().isdisjoint(arguments[:1]))
        get_command(app).main(args=arguments, prog_name="telnyx-video")
    except SystemExit as end:  # how Typer ends every command
        code = end.code
    except Exception as error:
        failure = explain(error)
        complain(stderr(), failure.sentences)
        code = failure.code
    return code if isinstance(code, int) else 0
