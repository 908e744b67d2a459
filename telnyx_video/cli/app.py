"""Loads the named command, runs it, and turns errors into exit codes."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from typing import Annotated, Any, Final

import typer
from typer.main import get_command

from telnyx_video import __version__
from telnyx_video.cli.command import CONTEXT, Group, with_options
from telnyx_video.cli.errors import explain
from telnyx_video.cli.options import GlobalOptions
from telnyx_video.cli.streams import prepared_streams, show_loading, visible_log

COMMANDS: Final[Mapping[str, tuple[str, str]]] = {
    "create": ("rooms", "Create a room."),
    "get": ("rooms", "Show one room."),
    "list": ("rooms", "List the rooms: all of them, or those that match every filter."),
    "update": ("rooms", "Change settings of a room; those not given stay as they are."),
    "delete": ("rooms", "Delete a room; its participants are removed from it."),
    "batch": ("batch", "Create the rooms of a file, many at a time."),
    "sandbox": ("sandbox", "Run a local server of the API until Ctrl-C, and say how to reach it."),
    "listen": ("listen", "Receive webhooks until Ctrl-C: verify each, and print its event."),
    "request": ("request", "Send a request to any endpoint; print the reply."),
    "doctor": ("doctor", "Check the key, the address, the proxy and the clock with one read."),
}
"""The module and the summary of each command that can be called without a group."""

GROUPS: Final[Mapping[str, str]] = {
    "rooms": "Rooms, and the tokens to join them.",
    "sessions": "Sessions of rooms: show and end them; kick, mute and unmute participants.",
    "participants": "Participants of sessions, past and present.",
    "recordings": "Recordings: show, download and delete them.",
    "compositions": "Compositions of a session's recordings.",
}
"""The summary of each group; its module has the same name."""

_EPILOG = (
    "The API key is read from TELNYX_API_KEY, or the --env-file; an argument would be visible in "
    "the list of processes. TELNYX_BASE_URL is the API's URL, TELNYX_PUBLIC_KEY verifies "
    "webhooks, TELNYX_LOG=info or debug logs what is sent."
    "\n\nExit codes: 0 all done, 1 failed, 2 bad usage or input and nothing sent, 3 unknown, 4 "
    "done but the reply was unreadable, 130 after Ctrl-C, 143 after SIGTERM."
    "\n\nExample: telnyx-video --sandbox create --unique-name standup"
)


class _LazyGroup(Group):
    """All commands and groups; each is loaded when it is called."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings)
        self.commands: dict[str, Any] = dict.fromkeys([*COMMANDS, *GROUPS])

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """Load a command or group."""
        module, _ = COMMANDS.get(cmd_name, (cmd_name, ""))
        if module not in GROUPS and cmd_name not in COMMANDS:
            return None
        with show_loading():
            commands: Any = get_command(import_module(f"telnyx_video.cli.commands.{module}").app)
        if cmd_name == "rooms":
            commands.add_command(self.get_command(ctx, "batch"))
        if cmd_name in GROUPS or not isinstance(commands, Group):
            return commands
        return commands.commands[cmd_name]

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """Write the summaries, without loading any module."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, about) for name, (_, about) in COMMANDS.items()])
        with formatter.section("Command groups"):
            formatter.write_dl(list(GROUPS.items()))


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"telnyx-video {__version__}")
        raise typer.Exit


@with_options
def telnyx_video(
    _: GlobalOptions,
    version: Annotated[
        bool,
        typer.Option(
            "--version", help="Show the version and exit.", callback=_print_version, is_eager=True
        ),
    ] = False,
) -> None:
    """Telnyx video rooms: create one or thousands, each exactly once."""


app: typer.Typer = typer.Typer(
    cls=_LazyGroup,
    no_args_is_help=True,
    rich_markup_mode=None,
    context_settings=CONTEXT,
    epilog=_EPILOG,
)
app.callback()(telnyx_video)


def run(arguments: list[str]) -> int:
    """Run one command and return its exit code; errors are printed as sentences."""
    with prepared_streams(), visible_log():
        code: object = 0
        try:
            get_command(app).main(args=arguments, prog_name="telnyx-video")
        except SystemExit as end:
            code = end.code
        except Exception as error:
            from telnyx_video.cli.output import print_errors

            failure = explain(error)
            print_errors(failure.sentences)
            code = failure.code
        return code if isinstance(code, int) else 0
