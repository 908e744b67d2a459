"""``telnyx-video listen``: a receiver of webhooks that prints each event."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Collection
from time import monotonic
from typing import TYPE_CHECKING, Annotated, cast
from urllib.parse import urlsplit

import typer
from rich.text import Text
from typer import Option

from telnyx_video.cli.calls import CommandLine
from telnyx_video.cli.command import command, command_group
from telnyx_video.cli.errors import SIGNALLED, CommandError
from telnyx_video.cli.options import Host, Port, check_host
from telnyx_video.cli.output import stderr, stdout
from telnyx_video.cli.runtime import on_signals, run
from telnyx_video.cli.streams import visible, write_json

if TYPE_CHECKING:
    from aiohttp.typedefs import Handler, Middleware

    from telnyx_video.webhooks import Deduplicator, WebhookEvent

app: typer.Typer = command_group()


@command(
    app,
    "listen",
    "telnyx-video listen --port 8081",
    "telnyx-video listen --forward-to http://localhost:8000/hook --events video.room.session.ended",
    takes=("json", "env_file"),
)
def listen(
    cli: CommandLine,
    host: Host = "127.0.0.1",
    port: Port = 0,
    public_key: Annotated[
        str | None,
        Option(
            metavar="KEY",
            help="Verifies signatures, in base64; else TELNYX_PUBLIC_KEY.",
            show_default=False,
        ),
    ] = None,
    forward_to: Annotated[
        str | None,
        Option(
            metavar="URL", help="Forward each delivery as it came, and answer what this answers."
        ),
    ] = None,
    events: Annotated[
        list[str] | None,
        Option(
            metavar="TYPE",
            help="Print and forward only events of this type; can be repeated.",
            show_default=False,
        ),
    ] = None,
    print_only: Annotated[
        bool, Option("--print-only", help="Forward nothing, even with --forward-to.")
    ] = False,
) -> None:
    """Receive webhooks until Ctrl-C: verify each, and print its event.

    An event that is delivered twice is printed once. After a restart the last event may be
    printed again, with the same id.
    """
    check_host(host)
    if forward_to is not None and not _is_http(forward_to):
        raise CommandError(f"--forward-to: must be an HTTP URL with a host, not {forward_to!r}")
    target = None if print_only else forward_to
    raise typer.Exit(run(_listen(cli, host, port, public_key, target, events)))


def _is_http(url: str) -> bool:
    try:
        parts = urlsplit(url)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False


async def _listen(
    cli: CommandLine,
    host: str,
    port: int,
    public_key: str | None,
    forward_to: str | None,
    events: list[str] | None,
) -> int:
    """Listen until a signal arrives; return its exit code."""
    try:
        from telnyx_video.webhooks import Deduplicator
        from telnyx_video.webhooks.aiohttp import webhook_server
    except ModuleNotFoundError as error:
        raise CommandError(str(error)) from None

    ended: asyncio.Future[int] = asyncio.get_running_loop().create_future()
    printer = Printer(Deduplicator(), ended, as_json=cli.json, types=events)
    middlewares = [] if forward_to is None else [forwarder(forward_to, events)]
    with on_signals(printer.end_by):
        async with webhook_server(
            printer.take, host=host, port=port, public_key=public_key, middlewares=middlewares
        ) as url:
            if forward_to is not None:
                stderr().print(f"Deliveries are forwarded to {visible(forward_to)}.")
            stderr().print(
                Text.assemble("Listening for webhooks at ", (url, "bold"), "; Ctrl-C stops it.")
            )
            return await ended


def forwarder(target: str, types: Collection[str] | None) -> Middleware:
    """Make a middleware that forwards verified deliveries, and returns the target's status."""
    from aiohttp import ClientError, ClientSession, ClientTimeout, web

    @web.middleware
    async def forward(request: web.Request, handler: Handler) -> web.StreamResponse:
        body = await request.read()
        response = await handler(request)
        if response.status != 200:
            return response  # not from Telnyx
        event_type = json.loads(body)["data"]["event_type"]
        if types and event_type not in types:
            return response
        headers = {n: v for n, v in request.headers.items() if n.lower() not in _NOT_FORWARDED}
        started = monotonic()
        try:
            async with (
                ClientSession(timeout=ClientTimeout(_TIMEOUT)) as session,
                session.post(target, data=body, headers=headers, allow_redirects=False) as reply,
            ):
                status, what = reply.status, str(reply.status)
        except (ClientError, TimeoutError, ValueError) as error:  # the host may not be a name
            status, what = 502, str(error) or type(error).__name__
        text = f"{event_type} → {what} in {(monotonic() - started) * 1000:.0f} ms"
        stderr().print(visible(text), style="green" if status < 300 else "red", soft_wrap=True)
        return web.Response(status=status)

    return forward


_NOT_FORWARDED = ("host", "content-length", "connection", "transfer-encoding")

_TIMEOUT = 30.0  # seconds that the target may take: the most that Telnyx waits


class Printer:
    """Prints each event once; `ended` receives the exit code or the fatal error."""

    def __init__(
        self,
        seen: Deduplicator,
        ended: asyncio.Future[int],
        *,
        as_json: bool,
        types: Collection[str] | None = None,
    ) -> None:
        self._seen = seen
        self._ended = ended
        self._as_json = as_json
        self._types = types

    def end_by(self, signal: int) -> None:
        """End, on a signal."""
        if not self._ended.done():
            self._ended.set_result(SIGNALLED + signal)

    async def take(self, event: WebhookEvent) -> None:
        """Print an event once; it is accepted only if it was printed."""
        if event.id in self._seen or (self._types and event.event_type not in self._types):
            return
        try:
            if self._as_json:
                write_json(event.to_dict())
            else:
                stdout().print(described(event), soft_wrap=True)
        except OSError as error:
            if not self._ended.done():
                self._ended.set_exception(error)
            raise asyncio.CancelledError from error  # closes the connection without an answer
        self._seen.add(event.id)


def described(event: WebhookEvent) -> str:
    """Format an event on one line: its time, its type and its payload."""
    written = event.to_dict()
    payload = cast("dict[str, object]", written["payload"])
    fields = [f"{name}={_value(value)}" for name, value in payload.items() if value is not None]
    moment = written.get("occurred_at") or "at an unknown time"
    return " ".join([visible(moment), visible(event.event_type), *fields])


def _value(value: object) -> str:
    """Format a value: unchanged if it is one word, else as JSON."""
    if isinstance(value, str) and value.isprintable() and value and not set(value) & set(' "'):
        return value
    return json.dumps(value)
