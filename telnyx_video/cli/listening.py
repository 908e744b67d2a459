"""``telnyx-video listen``: a receiver of webhooks that prints what comes."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Annotated, cast

import typer
from rich.text import Text

from telnyx_video.cli.failures import SIGNALLED, CommandError
from telnyx_video.cli.options import Host, Port, chosen_port
from telnyx_video.cli.running import on_signals, run
from telnyx_video.cli.settings import Json, Settings, Values
from telnyx_video.cli.terminal import stderr, stdout, visible, write_json

if TYPE_CHECKING:
    from telnyx_video.webhooks import Deduplicator, WebhookEvent


def listen(
    ctx: typer.Context,
    host: Host = "127.0.0.1",
    port: Port = "0",
    public_key: Annotated[
        str | None,
        typer.Option(
            metavar="KEY",
            help="What signatures are checked with, in base64; else TELNYX_PUBLIC_KEY.",
            show_default=False,
        ),
    ] = None,
    json: Json = False,
) -> None:
    """Receive webhooks until Ctrl-C: check each, and print its event, a line for each.

    An event that comes twice is printed once. Whoever starts the command again may see the last
    event of before once more; its id tells.
    """
    settings = Settings(json=json).after(ctx.obj)
    values = Values()
    values.host("--host", host)
    port_number = chosen_port(values, port)
    values.done()
    raise typer.Exit(run(_listen(settings, host, port_number, public_key)))


async def _listen(settings: Settings, host: str, port: int, public_key: str | None) -> int:
    """Listen until a signal comes, and return the exit code that this means."""
    try:
        from telnyx_video.webhooks import Deduplicator
        from telnyx_video.webhooks.aiohttp import webhook_server
    except ModuleNotFoundError as error:  # which says what to install
        raise CommandError([str(error)]) from None

    ended: asyncio.Future[int] = asyncio.get_running_loop().create_future()
    printer = Printer(Deduplicator(), ended, as_json=settings.json)
    with on_signals(printer.end_by):
        async with webhook_server(printer.take, host=host, port=port, public_key=public_key) as url:
            _announce(url)
            return await ended


def _announce(url: str) -> None:
    stderr().print(Text.assemble("Listening for webhooks at ", (url, "bold"), "; Ctrl-C stops it."))


class Printer:
    """Prints each event once.

    Args:
        seen: Knows the events of before.
        ended: Gets the exit code, or why it cannot go on.
        as_json: Whether each is printed as Telnyx writes it.
    """

    def __init__(self, seen: Deduplicator, ended: asyncio.Future[int], *, as_json: bool) -> None:
        self._seen = seen
        self._ended = ended
        self._as_json = as_json

    def end_by(self, signal: int) -> None:
        """End, as a signal asks for."""
        if not self._ended.done():
            self._ended.set_result(SIGNALLED + signal)

    async def take(self, event: WebhookEvent) -> None:
        """Print an event, unless it came before. It is accepted only once it is printed."""
        if event.id in self._seen:
            return
        try:
            if self._as_json:
                write_json(event.to_dict())
            else:
                stdout().print(described(event), soft_wrap=True)
        except OSError as error:
            if not self._ended.done():
                self._ended.set_exception(error)
            raise asyncio.CancelledError from error  # cuts the connection: it was not accepted
        self._seen.add(event.id)


def described(event: WebhookEvent) -> str:
    """The event on one line: when, what, and all that it tells."""
    written = event.to_dict()
    payload = cast("dict[str, object]", written["payload"])
    told = [f"{name}={_value(value)}" for name, value in payload.items() if value is not None]
    moment = written.get("occurred_at") or "at an unknown time"
    return " ".join([visible(moment), visible(event.event_type), *told])


def _value(value: object) -> str:
    """A value as one word if it is one, else as JSON."""
    if isinstance(value, str) and value.isprintable() and value and not set(value) & set(' "'):
        return value
    return json.dumps(value)
