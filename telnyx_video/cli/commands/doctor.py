"""``telnyx-video doctor``: shows the configuration and its sources, and makes one read."""

from __future__ import annotations

import os
import platform
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from importlib.metadata import version
from time import monotonic
from typing import TYPE_CHECKING
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

import typer

from telnyx_video import __version__
from telnyx_video.cli.calls import CommandLine
from telnyx_video.cli.command import command, command_group
from telnyx_video.cli.errors import FAILED, CommandError, explain
from telnyx_video.cli.options import read_env_file
from telnyx_video.cli.output import print_errors
from telnyx_video.config import DEFAULT_BASE_URL, has_oauth_credentials
from telnyx_video.errors import TelnyxVideoError

if TYPE_CHECKING:
    from telnyx_video import AsyncRoomsClient

app: typer.Typer = command_group()

SKEW = 30.0
"""Seconds that the clock may differ from the server's; webhooks are refused beyond 300."""


@command(app, "doctor", "telnyx-video doctor")
def doctor(cli: CommandLine) -> None:
    """Check the key, the address, the proxy and the clock with one read.

    Exit code 0 if everything is in order, else 1.
    """
    address, url = _address(cli)
    found: dict[str, object] = {
        "versions": _versions(),
        "key": _key(cli),
        "address": address,
        "proxy": _proxy_or_unknown(cli, url),
        "read": "failed",
    }
    problems: list[str] = []
    try:
        date, found["read"] = cli.call(_read)
    except (CommandError, TelnyxVideoError, OSError) as error:
        problems = [f"read: {sentence}" for sentence in explain(error).sentences]
    else:
        if not cli.sandbox:  # its clock is this machine's
            found["clock"], problems = _clock(date)
    cli.show_fields(found)
    if problems:
        print_errors(problems)
        raise typer.Exit(FAILED)


def _versions() -> str:
    libraries = [f"{name} {version(name)}" for name in ("aiohttp", "typer", "rich")]
    return ", ".join(
        [f"telnyx-video {__version__}", f"Python {platform.python_version()}", *libraries]
    )


def _key(cli: CommandLine) -> str:
    if cli.sandbox:
        return "that of the sandbox"
    if has_oauth_credentials():
        return f"OAuth client credentials: {_source('TELNYX_CLIENT_ID', cli)}"
    return _source("TELNYX_API_KEY", cli) or "missing: set TELNYX_API_KEY"


def _source(name: str, cli: CommandLine) -> str | None:
    """Return where a variable comes from, if it is set."""
    value = os.environ.get(name)
    if not value:
        return None
    in_file = cli.env_file is not None and read_env_file(cli.env_file).get(name) == value
    return f"{name}, from {cli.env_file if in_file else 'the environment'}"


def _address(cli: CommandLine) -> tuple[str, str]:
    """Return the API's URL with its source, and the URL alone."""
    if cli.sandbox:
        return "an embedded sandbox (--sandbox)", ""
    if cli.base_url is not None:
        return f"{cli.base_url} (--base-url)", cli.base_url
    url = os.environ.get("TELNYX_BASE_URL") or DEFAULT_BASE_URL
    return f"{url} ({_source('TELNYX_BASE_URL', cli) or 'the default'})", url


def _proxy_or_unknown(cli: CommandLine, url: str) -> str:
    try:
        return _proxy(cli, url)
    except ValueError:  # not a URL, which is the read's problem
        return "unknown"


def _proxy(cli: CommandLine, url: str) -> str:
    """Return the proxy in use, without its password."""
    parts = urlsplit(url)
    source, proxy = "--proxy", cli.proxy
    if proxy is None and not cli.sandbox and not proxy_bypass(parts.hostname or ""):
        source, proxy = "the environment", getproxies().get(parts.scheme)
    if proxy is None:
        return "none"
    host = urlsplit(proxy if "//" in proxy else f"//{proxy}").netloc.rpartition("@")[2]
    return f"{host} ({source})"


async def _read(rooms: AsyncRoomsClient) -> tuple[str | None, str]:
    """Read one room; return the server's time and a sentence about the read."""
    started = monotonic()
    reply = await rooms.request("GET", "/rooms", params={"page[size]": 1})
    reply.json()  # unlike the error page of a proxy
    sentence = f"GET /rooms succeeded in {(monotonic() - started) * 1000:.0f} ms"
    return reply.headers.get("Date"), sentence


def _clock(date: str | None) -> tuple[str, list[str]]:
    """Compare this machine's clock with the server's; return a description and the problems."""
    try:
        skew = (datetime.now(UTC) - parsedate_to_datetime(date or "")).total_seconds()
    except ValueError:
        return "the server does not send its time", []
    if abs(skew) < 2:
        return "within a second of the server's", []
    differs = f"{abs(skew):.0f} s {'ahead of' if skew > 0 else 'behind'} the server's"
    if abs(skew) <= SKEW:
        return differs, []
    return differs, [f"clock: this machine's clock is {differs}: set it by NTP"]
