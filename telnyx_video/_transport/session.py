"""How a client connects: its session, time-outs and proxy, and the checks of their arguments.

All times are in seconds.
"""

from __future__ import annotations

import os
import ssl
import sys
from collections.abc import Sequence
from typing import Final, cast
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

import aiohttp
import attrs

from telnyx_video._base import validate as check
from telnyx_video._base.errors import ConfigurationError, ErrorDetail
from telnyx_video._base.text import one_line, show
from telnyx_video._base.version import __version__
from telnyx_video._transport.payload import request_class
from telnyx_video._transport.redact import Credential

KEEPALIVE: Final = 15.0
"""Seconds an idle connection is kept. Servers close theirs later, so that a request rarely meets a
connection that is being closed at that moment, which is the commonest cause of a lost answer."""

USER_AGENT: Final = (
    f"telnyx-video/{__version__} python/{sys.version_info[0]}.{sys.version_info[1]} "
    f"aiohttp/{aiohttp.__version__}"
)

REQUEST_CLASS: Final = request_class(aiohttp.__version__)
"""The class of the session's requests."""

DEFAULT_TIMEOUT: Final = aiohttp.ClientTimeout(total=20, connect=10, sock_connect=5)
"""For one attempt; waiting for one of the client's connections is not part of it.

A limit between bytes (``sock_read``) would cost each request a tenth of its CPU for two more
timers, and tell little more: a reply here is a few hundred bytes, and comes in one piece or not."""


def make_session(
    concurrency: int,
    headers: dict[str, str],
    limits: aiohttp.ClientTimeout,
    trace_configs: Sequence[aiohttp.TraceConfig],
    ssl_context: ssl.SSLContext | None,
    middlewares: Sequence[aiohttp.ClientMiddlewareType],
) -> aiohttp.ClientSession:
    """Open a session."""
    # asyncio reads into 256 KiB, and a reply fills one. glibc maps and unmaps such a block for
    # each read, until a larger one was given back: see "dynamic mmap threshold" in mallopt(3).
    bytes(2**20)
    return aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(
            limit=concurrency, keepalive_timeout=KEEPALIVE, ssl=ssl_context or True
        ),
        headers=headers,
        request_class=REQUEST_CLASS,
        cookie_jar=aiohttp.DummyCookieJar(),
        timeout=limits,
        trace_configs=[*trace_configs],
        middlewares=middlewares,
    )


def default_headers(key: Credential, app_info: str | None = None) -> dict[str, str]:
    """Return the headers of every request."""
    return {
        "Authorization": key.authorization,
        "Accept": "application/json",
        "User-Agent": USER_AGENT if app_info is None else f"{USER_AGENT} {app_info}",
    }


def as_timeout(timeout: float | aiohttp.ClientTimeout) -> aiohttp.ClientTimeout:
    """Return the limits of an attempt, given its total or the limits themselves."""
    if isinstance(timeout, aiohttp.ClientTimeout):
        return timeout
    limits = DEFAULT_TIMEOUT
    return aiohttp.ClientTimeout(
        total=timeout, connect=limits.connect, sock_connect=limits.sock_connect
    )


@attrs.frozen
class Proxies:
    """A proxy for everything, or the environment's (``HTTPS_PROXY``, ``NO_PROXY``, …).

    Not by aiohttp's own ``trust_env``: that would also take a password from netrc, in whose
    presence it refuses to send our key.
    """

    given: str | None = attrs.field(repr=False)  # it may hold a password
    trust_env: bool

    def for_url(self, url: str) -> str | None:
        """The proxy's address; None to go there directly.

        Raises:
            ConfigurationError: the environment's is not the address of an HTTP proxy.
        """
        if self.given or not self.trust_env:
            return self.given or None
        try:
            parts = urlsplit(url)
        except ValueError:  # not a URL: sending there fails with a clear error
            return None
        if proxy_bypass(parts.hostname or ""):
            return None
        proxy = getproxies().get(parts.scheme)
        if not proxy:
            return None
        address = proxy if "://" in proxy else f"http://{proxy}"
        problems: list[ErrorDetail] = []
        check_proxy(problems, address)
        if problems:
            del proxy, address  # a traceback may show locals, and these may hold a password
            raise ConfigurationError(f"{problems[0]}")
        return address


def check_connecting(
    problems: list[ErrorDetail],
    timeout: object,
    session: object,
    proxy: object,
    trust_env: object,
    trace_configs: object,
    middlewares: object,
    ssl_context: object,
    ca_file: object,
) -> ssl.SSLContext | None:
    """Check the arguments of a transport, noting all problems; return its TLS context."""
    check_timeout(problems, timeout)
    if session is not None:
        others = (trust_env, trace_configs, middlewares, ssl_context, ca_file)
        _check_session(problems, session, alone=not any(others))
    check_proxy(problems, proxy)
    check.boolean(problems, "trust_env", trust_env)
    if not _are_trace_configs(trace_configs):
        problem = f"must be a list of aiohttp.TraceConfig, not {show(trace_configs)}"
        problems.append(ErrorDetail(problem, code="wrong_type", pointer="/trace_configs"))
    if not _are_callable(middlewares):
        problem = f"must be a list of aiohttp middlewares, not {show(middlewares)}"
        problems.append(ErrorDetail(problem, code="wrong_type", pointer="/middlewares"))
    return _tls_context(problems, ssl_context, ca_file)


def check_timeout(problems: list[ErrorDetail], timeout: object) -> None:
    """Check a time-out: seconds above 0, or an ``aiohttp.ClientTimeout`` with such limits.

    A time-out of None means the default; a limit of None or 0 means no limit.
    """
    if isinstance(timeout, aiohttp.ClientTimeout):
        for limit in ("total", "connect", "sock_connect", "sock_read"):
            seconds = getattr(timeout, limit)
            if seconds is not None and seconds != 0:
                check.positive(problems, f"timeout.{limit}", seconds)
    elif timeout is not None:
        check.positive(problems, "timeout", timeout)


def check_proxy(problems: list[ErrorDetail], proxy: object) -> None:
    """Check a proxy's address: an HTTP URL with a host; empty or None means no proxy.

    aiohttp would fail at the first request, and quote the address with its password.
    """
    if not (proxy is None or (isinstance(proxy, str) and _is_address(proxy))):
        problem = (
            "the proxy must be a string, a URL such as http://proxy.example.com:3128 - it is not "
            "shown here, as it may hold a password"
        )
        problems.append(ErrorDetail(problem))


def _check_session(problems: list[ErrorDetail], session: object, *, alone: bool) -> None:
    if not isinstance(session, aiohttp.ClientSession):
        problem = f"must be an aiohttp.ClientSession, not {type(session).__name__}"
        problems.append(ErrorDetail(problem, code="wrong_type", pointer="/session"))
    elif not alone:
        problem = (
            "is yours: give TLS settings, trust_env, middlewares and trace_configs to it, "
            "not to the client"
        )
        problems.append(ErrorDetail(problem, pointer="/session"))


def _are_trace_configs(value: object) -> bool:
    return isinstance(value, Sequence) and all(
        isinstance(one, aiohttp.TraceConfig) for one in cast("Sequence[object]", value)
    )


def _are_callable(value: object) -> bool:
    return isinstance(value, Sequence) and all(map(callable, cast("Sequence[object]", value)))


def _tls_context(
    problems: list[ErrorDetail], ssl_context: object, ca_file: object
) -> ssl.SSLContext | None:
    """Return how TLS is spoken; None for aiohttp's way, which trusts the system's authorities."""
    problem = None
    if ssl_context is not None:
        if isinstance(ssl_context, ssl.SSLContext) and ca_file is None:
            return ssl_context
        problem = f"must be an ssl.SSLContext, not {type(ssl_context).__name__}"
        if ca_file is not None:
            problem = "has its own authorities: load the file into it by load_verify_locations"
        problems.append(ErrorDetail(problem, pointer="/ssl_context"))
        return None
    if ca_file is None:
        return None
    found: list[ErrorDetail] = []
    check.path(found, "ca_file", ca_file)
    problems += found
    if found:
        return None
    name = os.fspath(cast("str", ca_file))
    context = ssl.create_default_context()
    try:
        context.load_verify_locations(name)
    except ssl.SSLError:
        problem = f"{one_line(name)} has no certificates in PEM format"
    except OSError as error:
        problem = f"{one_line(name)} cannot be read: {error.strerror}"
    else:
        return context
    problems.append(ErrorDetail(problem, pointer="/ca_file"))
    return None


def _is_address(proxy: str) -> bool:
    if not proxy:
        return True
    try:
        parts = urlsplit(proxy)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False
