"""``telnyx-video sandbox``: the local server as a program of its own."""

from __future__ import annotations

import asyncio
import shlex
from typing import TYPE_CHECKING, Annotated
from urllib.parse import urlsplit

import typer
from rich.text import Text

from telnyx_video.cli.faults import read_faults
from telnyx_video.cli.options import Host, Port, chosen_port
from telnyx_video.cli.running import on_signals, run
from telnyx_video.cli.settings import Json, Settings, Values
from telnyx_video.cli.terminal import stderr, stdout, write_json

if TYPE_CHECKING:
    from telnyx_video.sandbox import Sandbox

_ANYWHERE = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}  # noqa: S104 # listened on only if asked to


def sandbox(
    ctx: typer.Context,
    host: Host = "127.0.0.1",
    port: Port = "0",
    db: Annotated[
        str | None,
        typer.Option(metavar="FILE", help="Keep the rooms in a file; else they go with it."),
    ] = None,
    rate_limit: Annotated[
        str | None,
        typer.Option(metavar="N", help="Requests a second, beyond which the answer is 429."),
    ] = None,
    faults: Annotated[
        str | None,
        typer.Option(metavar="FILE", help="What goes wrong, and when: a plan of faults, as JSON."),
    ] = None,
    api_key: Annotated[
        str, typer.Option(metavar="KEY", help="The one key that is let in; it is no secret.")
    ] = "sandbox-key",
    webhook_host: Annotated[
        list[str] | None,
        typer.Option(
            metavar="HOST",
            help="Deliver webhooks to this host, too, not only to this machine; may be repeated.",
            show_default=False,
        ),
    ] = None,
    json: Json = False,
) -> None:
    """Run a local server of the API until Ctrl-C, and say how to reach it."""
    settings = Settings(json=json, faults=faults).after(ctx.obj)
    values = Values()
    values.host("--host", host)
    port_number = chosen_port(values, port)
    limit = values.integer_if_given("--rate-limit", rate_limit, 1)
    if not api_key or not api_key.isascii() or not api_key.isprintable() or " " in api_key:
        values.refuse("--api-key: must be of printable ASCII characters without a space")
    values.done()
    # Loaded when needed: what serves is large, and most commands serve nothing.
    from telnyx_video.sandbox import Sandbox

    server = Sandbox(
        host=host,
        port=port_number,
        db=db,
        rate_limit=limit,
        api_key=api_key,
        faults=read_faults(settings.faults),
        webhook_hosts=webhook_host or (),
    )
    run(_serve(settings, server, host))


async def _serve(settings: Settings, server: Sandbox, host: str) -> None:
    stopped = asyncio.Event()
    with on_signals(lambda _: stopped.set()):
        async with server:
            _announce(settings, _reachable(server.url, host), server)
            await stopped.wait()


def _reachable(url: str, host: str) -> str:
    """The URL for clients on this machine, also if the server listens on all its addresses."""
    here = _ANYWHERE.get(host)
    return url if here is None else f"http://{here}:{urlsplit(url).port}/v2"


def _announce(settings: Settings, url: str, server: Sandbox) -> None:
    environment = {"TELNYX_BASE_URL": url, "TELNYX_API_KEY": server.api_key}
    try:
        environment["TELNYX_PUBLIC_KEY"] = server.public_key
    except ModuleNotFoundError as error:
        stderr().print(f"Webhooks are not delivered: {error}")
    if settings.json:
        write_json(environment)
        return
    stderr().print(Text.assemble("The sandbox listens at ", (url, "bold"), "; Ctrl-C stops it."))
    stderr().print("To use it from another terminal:\n", style="dim")
    exports = [f"export {name}={shlex.quote(value)}" for name, value in environment.items()]
    stdout().print("\n".join(exports), soft_wrap=True)  # at once, also for who reads some only
