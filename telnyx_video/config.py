"""Configuration of a client: arguments, then the environment, then the defaults; checked once.

The environment variables are those of the official SDK: ``TELNYX_API_KEY``, ``TELNYX_BASE_URL``,
``TELNYX_PUBLIC_KEY``, ``TELNYX_LOG``, ``TELNYX_CLIENT_ID`` and ``TELNYX_CLIENT_SECRET``.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Awaitable, Callable, Sequence
from ipaddress import ip_address
from typing import TypeGuard, cast
from urllib.parse import SplitResult, urlsplit

import attrs

from telnyx_video._base import validate as check
from telnyx_video._base.errors import ConfigurationError, ErrorDetail

__all__ = [
    "DEFAULT_BASE_URL",
    "ApiKey",
    "ClientConfig",
    "KeyProvider",
    "OAuthCredentials",
    "resolve",
]

DEFAULT_BASE_URL = "https://api.telnyx.com/v2"
"""The address of the API; the EU region has ``https://api.telnyx.eu/v2``."""

_EXAMPLE = f"it must look like {DEFAULT_BASE_URL}"
_LOG_LEVELS = {"debug": logging.DEBUG, "info": logging.INFO}


@attrs.frozen
class ApiKey:
    """Holds the API key where a traceback that shows local variables cannot show it."""

    value: object = attrs.field(repr=False)
    """The key, or the argument that was passed as one."""
    valid_for: float | None = attrs.field(default=None, repr=False)
    """Seconds until a key provider is asked again; None for as long as the API accepts the key."""

    @classmethod
    def wrap(cls, key: object) -> ApiKey:
        """Wrap a key; return one that is wrapped already."""
        return key if isinstance(key, ApiKey) else cls(key)


KeyProvider = Callable[[], str | ApiKey | Awaitable[str | ApiKey]]
"""Returns the API key, or is a coroutine function that does."""


@attrs.frozen
class OAuthCredentials:
    """OAuth 2.0 client credentials, which a client exchanges for access tokens (RFC 6749, 4.4).

    By default those of the environment: ``TELNYX_CLIENT_ID`` and ``TELNYX_CLIENT_SECRET``.
    """

    client_id: str = attrs.field(factory=lambda: os.environ.get("TELNYX_CLIENT_ID", ""))
    """The id of the OAuth client."""
    client_secret: str = attrs.field(
        factory=lambda: os.environ.get("TELNYX_CLIENT_SECRET", ""), repr=False
    )
    """Its secret."""
    token_url: str | None = None
    """Where tokens are issued; by default ``/oauth/token`` below the base URL."""


@attrs.frozen
class ClientConfig:
    """The address of the API, and the key to it."""

    api_key: str | KeyProvider | OAuthCredentials = attrs.field(repr=False)
    base_url: str
    """Without a trailing slash."""


def resolve(
    *,
    api_key: str | KeyProvider | OAuthCredentials | ApiKey | None = None,
    base_url: str | None = None,
    allow_insecure: bool = False,
    others: Sequence[ErrorDetail] = (),
) -> ClientConfig:
    """Combine arguments and environment; an explicit argument beats the environment.

    No local variable holds the key or the environment when it raises: crash reporters show them.

    Args:
        api_key: The API key, or what provides it. A caller that may raise wraps it before it does
            anything else.
        base_url: The address of the API.
        allow_insecure: Whether the key may be sent to another machine over plain HTTP.
        others: Problems of the client's other arguments, to be reported together with these.

    Raises:
        ConfigurationError: the key is missing or malformed, the URL is invalid or would send the
            key to another machine over plain HTTP, or there are other problems.
    """
    api_key = ApiKey.wrap(api_key)
    apply_log_level(os.environ.get("TELNYX_LOG"))
    problems: list[ErrorDetail] = []
    config = ClientConfig(
        _checked_key(problems, api_key, allow_insecure),
        _checked_url(problems, base_url, os.environ.get("TELNYX_BASE_URL"), allow_insecure),
    )
    check.boolean(problems, "allow_insecure", allow_insecure)
    problems += others
    if problems:
        raise ConfigurationError("; ".join(map(str, problems)))
    return config


def apply_log_level(level_name: str | None) -> None:
    """Log to stderr if ``TELNYX_LOG`` is ``debug`` or ``info``, as the official SDK does.

    Services that configure :mod:`logging` themselves leave the variable unset.
    """
    level = _LOG_LEVELS.get(level_name or "")
    if level is None:
        return
    logger = logging.getLogger("telnyx_video")
    logger.setLevel(level)
    if not logger.hasHandlers():
        handler = logging.StreamHandler()
        handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s %(message)s"))
        logger.addHandler(handler)


def is_key(key: object) -> TypeGuard[str]:
    """Test whether a key can be sent in a header: it may have spaces, but not around it."""
    return (
        isinstance(key, str)
        and bool(key)
        and key.isascii()
        and key.isprintable()
        and key == key.strip()
    )


def has_oauth_credentials() -> bool:
    """Test whether the environment has OAuth client credentials, which then come first."""
    return bool(os.environ.get("TELNYX_CLIENT_ID") and os.environ.get("TELNYX_CLIENT_SECRET"))


def _checked_key(
    problems: list[ErrorDetail], argument: ApiKey, allow_insecure: object
) -> str | KeyProvider | OAuthCredentials:
    given = argument.value is not None
    if isinstance(argument.value, OAuthCredentials) or (not given and has_oauth_credentials()):
        return _checked_oauth(problems, argument, allow_insecure)
    if callable(argument.value) and not isinstance(argument.value, type):
        return cast("KeyProvider", argument.value)
    key = argument.value if given else os.environ.get("TELNYX_API_KEY")
    source = "api_key" if given else "TELNYX_API_KEY"
    if not key:
        problem = "no API key: pass api_key=..., or set the environment variable TELNYX_API_KEY"
    elif not is_key(key):
        problem = (
            f"{source} is not an API key: it has a space around it, a line break or a character "
            "outside ASCII; copy it again"
        )
    else:
        return key
    problems.append(ErrorDetail(problem))
    return ""


def _checked_oauth(
    problems: list[ErrorDetail], argument: ApiKey, allow_insecure: object
) -> OAuthCredentials:
    given = argument.value
    credentials = given if isinstance(given, OAuthCredentials) else OAuthCredentials()
    for name in ("client_id", "client_secret"):
        if not is_key(getattr(credentials, name)):
            problem = "must be a string without spaces around it, not empty"
            problems.append(ErrorDetail(problem, pointer=f"/{name}"))
    url = cast("object", credentials.token_url)
    if url is not None:
        wrong = _problem_of_url(url, allow_insecure) if isinstance(url, str) else "is not a string"
        if wrong is not None:
            problems.append(ErrorDetail(f"token_url {wrong}"))
    return credentials


def _checked_url(
    problems: list[ErrorDetail], argument: object, variable: str | None, allow_insecure: object
) -> str:
    base_url = (variable or DEFAULT_BASE_URL) if argument is None else argument
    if isinstance(base_url, str):
        problem = _problem_of_url(base_url, allow_insecure)
        if problem is None:
            return base_url.rstrip("/")
    else:
        problem = f"must be a string, not {type(base_url).__name__}; {_EXAMPLE}"
    source = "TELNYX_BASE_URL" if argument is None else "base_url"
    problems.append(ErrorDetail(f"{source} {problem}"))
    return ""


def _problem_of_url(base_url: str, allow_insecure: object) -> str | None:
    try:
        parts = urlsplit(base_url)
        valid = bool(parts.hostname) and parts.port != 0 and base_url.isprintable()
    except ValueError:
        return f"is not a URL; {_EXAMPLE}"
    if not valid or parts.scheme not in ("http", "https") or " " in base_url:
        return f"is not an HTTP URL with a host; {_EXAMPLE}"
    if any(mark in base_url for mark in "@?#"):
        return f"has more than scheme, host, port and path; {_EXAMPLE}"
    # Any non-empty string is truthy, even "false": only True itself allows it.
    if parts.scheme == "http" and allow_insecure is not True and not is_loopback(parts):
        return (
            f"{base_url} would send the API key in the clear; "
            "use https, or pass allow_insecure=True if that is intended"
        )
    return None


def is_loopback(parts: SplitResult) -> bool:
    """Test whether the URL's host can only be this machine."""
    host = parts.hostname or ""
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False
