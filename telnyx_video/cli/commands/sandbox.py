"""``telnyx-video sandbox``: runs the local server."""

from __future__ import annotations

import asyncio
import shlex
import webbrowser
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any
from urllib.parse import urlsplit

import typer
from rich.text import Text
from typer import Option

from telnyx_video.cli.calls import CommandLine, read_faults
from telnyx_video.cli.command import command, command_group
from telnyx_video.cli.errors import CommandError
from telnyx_video.cli.options import Host, Port, check_host
from telnyx_video.cli.output import quoted, stderr, stdout
from telnyx_video.cli.runtime import on_signals, run
from telnyx_video.cli.streams import write_json

if TYPE_CHECKING:
    from telnyx_video.sandbox import Sandbox

app: typer.Typer = command_group()

_ANYWHERE = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}  # noqa: S104 # listened on only if asked to


@dataclass(frozen=True)
class Settings:
    """Arguments of a `Sandbox`, as options."""

    host: Host = "127.0.0.1"
    port: Port = 0
    db: Annotated[
        str | None,
        Option(metavar="FILE", help="Keep the rooms in a file; else they end with it."),
    ] = None
    rate_limit: Annotated[
        int | None,
        Option(metavar="N", min=1, help="Answer 429 beyond so many requests a second."),
    ] = None
    api_key: Annotated[
        str, Option(metavar="KEY", help="The key to accept; it is not a secret.")
    ] = "sandbox-key"
    webhook_hosts: Annotated[
        list[str] | None,
        Option(
            "--webhook-host",
            metavar="HOST",
            help="Deliver webhooks to this host too, not only to this machine; can be repeated.",
            show_default=False,
        ),
    ] = None
    deliver_anywhere: Annotated[
        bool,
        Option(
            "--deliver-anywhere", help="Deliver webhooks to any host; a web page could misuse that."
        ),
    ] = False
    allow_hosts: Annotated[
        list[str] | None,
        Option(
            "--allow-host",
            metavar="HOST",
            help="Accept requests with this Host header too; can be repeated.",
            show_default=False,
        ),
    ] = None
    seed: Annotated[
        str | None, Option(metavar="FILE", help="Start with the objects of a JSON file.")
    ] = None
    seed_random: Annotated[
        int | None, Option(metavar="N", help="Make ids and times the same in every run.")
    ] = None


@command(
    app,
    "sandbox",
    "telnyx-video sandbox --port 8080 --faults docs/examples/storm.json",
    takes=("json",),
)
def sandbox(
    cli: CommandLine,
    settings: Settings,
    faults: Annotated[
        str | None, Option("--faults", metavar="FILE", help="A fault plan, as JSON.")
    ] = None,
    open_page: Annotated[
        bool, Option("--open", help="Open the sandbox's page in the browser.")
    ] = False,
) -> None:
    """Run a local server of the API until Ctrl-C, and say how to reach it."""
    check_host(settings.host)
    from telnyx_video.sandbox import Sandbox, SeedError

    given: dict[str, Any] = {n: value for n, value in vars(settings).items() if value is not None}
    plan = read_faults(faults or cli.faults)
    try:
        server = Sandbox(faults=plan, **given)
    except SeedError as error:
        raise CommandError(f"{quoted(str(settings.seed))}: {error}") from None
    except ValueError as error:
        raise CommandError(str(error)) from None
    except OSError as error:  # no other file is read here
        problem = f"{quoted(str(settings.seed))} cannot be read: {error.strerror}"
        raise CommandError(problem) from None
    run(_serve(cli, server, settings.host, open_page=open_page))


async def _serve(cli: CommandLine, server: Sandbox, host: str, *, open_page: bool) -> None:
    stopped = asyncio.Event()
    with on_signals(lambda _: stopped.set()):
        async with server:
            url = _reachable(server.url, host)
            _announce(cli, url, server)
            if open_page:
                await asyncio.to_thread(webbrowser.open, _page(url))
            await stopped.wait()


def _reachable(url: str, host: str) -> str:
    """Return the URL for clients on this machine, even if the server listens on all addresses."""
    here = _ANYWHERE.get(host)
    return url if here is None else f"http://{here}:{urlsplit(url).port}/v2"


def _page(url: str) -> str:
    """Return the URL of the sandbox's page."""
    return url.removesuffix("v2")


def _announce(cli: CommandLine, url: str, server: Sandbox) -> None:
    environment = {"TELNYX_BASE_URL": url, "TELNYX_API_KEY": server.api_key}
    try:
        environment["TELNYX_PUBLIC_KEY"] = server.public_key
    except ModuleNotFoundError as error:
        stderr().print(f"Webhooks are not delivered: {error}")
    if cli.json:
        write_json(environment)
        return
    stderr().print(Text.assemble("Watch the sandbox at ", (_page(url), "bold")))
    stderr().print(Text.assemble("The sandbox listens at ", (url, "bold"), "; Ctrl-C stops it."))
    stderr().print("To use it from another terminal:\n", style="dim")
    exports = [f"export {name}={shlex.quote(value)}" for name, value in environment.items()]
    stdout().print("\n".join(exports), soft_wrap=True)  # in one write, for readers that stop early
