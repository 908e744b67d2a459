"""``telnyx-video doctor``: where everything comes from, and whether one read succeeds."""

from __future__ import annotations

import os
import platform
from collections.abc import Callable
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http.client import HTTPException
from importlib.metadata import version
from ssl import create_default_context
from time import monotonic
from typing import TYPE_CHECKING
from urllib.error import HTTPError
from urllib.parse import urlsplit
from urllib.request import HTTPSHandler, ProxyHandler, build_opener, getproxies, proxy_bypass

import typer

from telnyx_video import __version__
from telnyx_video.cli.calls import call
from telnyx_video.cli.errors import FAILED, CommandError, explain
from telnyx_video.cli.help import command_group
from telnyx_video.cli.options import GlobalOptions, command, read_env_file
from telnyx_video.cli.output import print_errors
from telnyx_video.cli.tables import show_fields
from telnyx_video.config import DEFAULT_BASE_URL, has_oauth_credentials
from telnyx_video.errors import TelnyxVideoError

if TYPE_CHECKING:
    from telnyx_video import AsyncRoomsClient

app: typer.Typer = command_group("")

SKEW = 30.0
"""Seconds that the clock may differ from the server's; webhooks are refused beyond 300."""

_TIMEOUT = 10.0  # seconds


@command(app, "doctor", "telnyx-video doctor")
def doctor(options: GlobalOptions) -> None:
    """Check the key, the address, the proxy and the clock with one read.

    Exit code 0 if everything is in order, else 1.
    """
    found: dict[str, object] = {"versions": _versions()}
    problems: list[str] = []
    found["key"] = _key(options)
    found["address"], url = _address(options)
    found["proxy"] = _proxy(options, url)
    checks: dict[str, Callable[[], str]] = {"read": lambda: _read(options)}
    if not options.sandbox:  # whose clock is this machine's
        checks["clock"] = lambda: _clock(options, url)
    for name, check in checks.items():
        try:
            found[name] = check()
        except (CommandError, TelnyxVideoError, OSError, HTTPException, ValueError) as error:
            found[name] = "failed"
            problems += [f"{name}: {sentence}" for sentence in explain(error).sentences]
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


def _read(options: GlobalOptions) -> str:
    async def read(rooms: AsyncRoomsClient) -> float:
        started = monotonic()
        await anext(rooms.list(page_size=1).pages())
        return monotonic() - started

    return f"GET /rooms succeeded in {call(options, read) * 1000:.0f} ms"


def _clock(options: GlobalOptions, url: str) -> str:
    """How far this machine's clock differs from the server's; any reply tells, also a refusal.

    Raises:
        CommandError: it differs by too much.
    """
    proxies: dict[str, str] | None = None
    if options.proxy is not None:
        proxies = {"http": options.proxy, "https": options.proxy}
    tls = create_default_context()
    if options.ca_file is not None:
        tls.load_verify_locations(options.ca_file)
    opener = build_opener(ProxyHandler(proxies), HTTPSHandler(context=tls))
    try:
        with opener.open(url, timeout=_TIMEOUT) as reply:
            date = reply.headers["Date"]
    except HTTPError as refusal:
        with refusal:
            date = refusal.headers["Date"]
    if date is None:
        return "the server does not send its time"
    skew = (datetime.now(UTC) - parsedate_to_datetime(date)).total_seconds()
    if abs(skew) > SKEW:
        raise CommandError([f"this machine's clock is {_differs(skew)}: set it by NTP"])
    return "within a second of the server's" if abs(skew) < 2 else _differs(skew)


def _differs(skew: float) -> str:
    return f"{abs(skew):.0f} s {'ahead of' if skew > 0 else 'behind'} the server's"
