"""The commands for join tokens. Tokens are secrets: they are printed on stdout, and nowhere else.

A refresh token is read from standard input: an argument would be seen in the list of processes.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.prompt import Prompt
from rich.text import Text

from telnyx_video.cli.calls import at_a_terminal, call, telling
from telnyx_video.cli.failures import CommandError
from telnyx_video.cli.options import RoomId, given
from telnyx_video.cli.running import before_sending
from telnyx_video.cli.settings import Settings, Values, everywhere
from telnyx_video.cli.tables import GAP
from telnyx_video.cli.terminal import stderr, stdout, visible, write_json

if TYPE_CHECKING:
    from telnyx_video import JoinToken

TokenTtl = Annotated[
    str | None,
    typer.Option(
        "--token-ttl-secs",
        metavar="SECS",
        help="For how long the token lets someone in, 10 to 3600; else 600.",
        show_default=False,
    ),
]


@everywhere
def join_token(
    settings: Settings,
    room_id: RoomId,
    token_ttl_secs: TokenTtl = None,
    refresh_token_ttl_secs: Annotated[
        str | None,
        typer.Option(
            metavar="SECS",
            help="For how long it can be refreshed, 60 to 86400; else 3600.",
            show_default=False,
        ),
    ] = None,
) -> None:
    """Make a token with which a participant joins a room, and print it: it is a secret."""
    values = Values()
    ttl = _token_ttl(values, token_ttl_secs)
    refresh_ttl = values.integer_if_given(
        "--refresh-token-ttl-secs", refresh_token_ttl_secs, 60, 86400
    )
    values.done()
    token = call(
        settings,
        lambda rooms: rooms.join_token(
            room_id, token_ttl_secs=given(ttl), refresh_token_ttl_secs=given(refresh_ttl)
        ),
    )
    _show(token, settings, room_id)


@everywhere
def refresh_join_token(
    settings: Settings,
    room_id: RoomId,
    token_ttl_secs: TokenTtl = None,
) -> None:
    """Make another token, for the refresh token that standard input has; print it."""
    values = Values()
    ttl = _token_ttl(values, token_ttl_secs)
    values.done()
    with before_sending():
        secret = _read_secret()
    token = call(
        settings,
        lambda rooms: rooms.refresh_join_token(room_id, secret, token_ttl_secs=given(ttl)),
    )
    _show(token, settings, room_id)


def _token_ttl(values: Values, text: str | None) -> int | None:
    return values.integer_if_given("--token-ttl-secs", text, 10, 3600)


def _read_secret() -> str:
    """The refresh token, asked for without an echo where somebody can be asked.

    Raises:
        CommandError: there is none.
    """
    if at_a_terminal():
        try:
            secret = Prompt.ask("Refresh token", console=stderr(), password=True)
        except EOFError:
            secret = ""
    else:
        secret = "" if sys.stdin is None else sys.stdin.readline()
    if not secret.strip():
        raise CommandError(["there is no refresh token: give it on standard input"])
    return secret.strip()


def _show(token: JoinToken, settings: Settings, room_id: str) -> None:
    with telling(f"a join token for room {room_id} was made"):
        if settings.json:
            write_json(token.to_dict())
        else:
            _show_fields(stdout(), token)


def _show_fields(console: Console, token: JoinToken) -> None:
    """Each field on one line, however long: a token that is folded cannot be copied."""
    fields = token.to_dict()
    width = max(map(len, fields)) + GAP
    for name, value in fields.items():
        line = Text.assemble((visible(name).ljust(width), "dim"), visible(value))
        console.print(line, soft_wrap=True)
