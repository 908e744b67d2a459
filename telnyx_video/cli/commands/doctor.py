"""``telnyx-video doctor``: where everything comes from, and whether one read succeeds."""

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
from telnyx_video.cli.calls import call
from telnyx_video.cli.command import command, command_group
from telnyx_video.cli.errors import FAILED, CommandError, explain
from telnyx_video.cli.options import GlobalOptions, read_env_file
from telnyx_video.cli.output import print_errors, show_fields
from telnyx_video.config import DEFAULT_BASE_URL, has_oauth_credentials
from telnyx_video.errors import TelnyxVideoError

if TYPE_CHECKING:
    from telnyx_video import AsyncRoomsClient

app = command_group()

SKEW = 30.0
"""Seconds that the clock may differ from the server's; webhooks are refused beyond 300."""


@command(app, "doctor", "telnyx-video doctor")
def doctor(options: GlobalOptions) -> None:
    """Check the key, the address, the proxy and the clock with one read.

    Exit code 0 if everything is in order, else 1.
    """
    address, url = _address(options)
    found: dict[str, object] = {
        "versions": _versions(),
        "key": _key(options),
        "address": address,
        "proxy": _proxy(options, url),
        "read": "failed",
    }
    problems: list[str] = []
    try:
        date, found["read"] = call(options, _read)
    except (CommandError, TelnyxVideoError, OSError) as error:
        problems = [f"read: {sentence}" for sentence in explain(error).sentences]
    else:
        if not options.sandbox:  # whose clock is this machine's
            found["clock"], problems = _clock(date)
    show_fields(found, options.format)
    if problems:
        print_errors(problems)
        raise typer.Exit(FAILED)


def _versions() -> str:
    libraries = [f"{name} {version(name)}" for name in ("aiohttp", "typer", "rich")]
    return ", ".join(
        [f"telnyx-video {__version__}", f"Python {platform.python_version()}", *libraries]
    )


def _key(options: GlobalOptions) -> str:
    if options.sandbox:
        return "that of the sandbox"
    if has_oauth_credentials():
        return f"OAuth client credentials: {_source('TELNYX_CLIENT_ID', options)}"
    return _source("TELNYX_API_KEY", options) or "missing: set TELNYX_API_KEY"


def _source(name: str, options: GlobalOptions) -> str | None:
    """Where a variable comes from, if it is set."""
    value = os.environ.get(name)
    if not value:
        return None
    in_file = options.env_file is not None and read_env_file(options.env_file).get(name) == value
    return f"{name}, from {options.env_file if in_file else 'the environment'}"


def _address(options: GlobalOptions) -> tuple[str, str]:
    """The API's URL with its source, and alone."""
    if options.sandbox:
        return "an embedded sandbox (--sandbox)", ""
    if options.base_url is not None:
        return f"{options.base_url} (--base-url)", options.base_url
    url = os.environ.get("TELNYX_BASE_URL") or DEFAULT_BASE_URL
    return f"{url} ({_source('TELNYX_BASE_URL', options) or 'the default'})", url


def _proxy(options: GlobalOptions, url: str) -> str:
    """The proxy that requests go through; its password is not shown."""
    parts = urlsplit(url)
    source, proxy = "--proxy", options.proxy
    if proxy is None and not options.sandbox and not proxy_bypass(parts.hostname or ""):
        source, proxy = "the environment", getproxies().get(parts.scheme)
    if proxy is None:
        return "none"
    host = urlsplit(proxy if "//" in proxy else f"//{proxy}").netloc.rpartition("@")[2]
    return f"{host} ({source})"


async def _read(rooms: AsyncRoomsClient) -> tuple[str | None, str]:
    """Read one room; return the server's time and a sentence about the read."""
    started = monotonic()
    reply = await rooms.request("GET", "/rooms", params={"page[size]": 1})
    reply.json()  # a page of a proxy would not be JSON
    sentence = f"GET /rooms succeeded in {(monotonic() - started) * 1000:.0f} ms"
    return reply.headers.get("Date"), sentence


def _clock(date: str | None) -> tuple[str, list[str]]:
    """How far this machine's clock differs from the server's, and whether that is a problem."""
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
