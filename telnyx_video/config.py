"""Settings of a client: arguments first, then the environment, then the defaults; checked once.

The environment's names are those of the official SDK: ``TELNYX_API_KEY``, ``TELNYX_BASE_URL``,
``TELNYX_PUBLIC_KEY`` and ``TELNYX_LOG``.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Mapping, Sequence
from ipaddress import ip_address
from urllib.parse import SplitResult, urlsplit

import attrs

from telnyx_video import _checks as check
from telnyx_video._text import plain_str
from telnyx_video.errors import ConfigurationError, ErrorDetail

__all__ = ["DEFAULT_BASE_URL", "Settings", "resolve"]

DEFAULT_BASE_URL = "https://api.telnyx.com/v2"
"""Where the API is served; ``https://api.telnyx.eu/v2`` serves the EU region."""

_EXAMPLE = f"it must look like {DEFAULT_BASE_URL}"
_LOG_LEVELS = {"debug": logging.DEBUG, "info": logging.INFO}


@attrs.frozen
class Settings:
    """Where the API is, and what opens it."""

    api_key: str = attrs.field(repr=False)
    base_url: str
    """Without a trailing slash."""


def resolve(
    *,
    api_key: str | None = None,
    base_url: str | None = None,
    allow_insecure: bool = False,
    environment: Mapping[str, str] = os.environ,
    others: Sequence[ErrorDetail] = (),
) -> Settings:
    """The settings to use; an explicit argument beats the environment.

    Args:
        api_key: The API key.
        base_url: Where the API is.
        allow_insecure: Whether the key may go to another machine in the clear.
        environment: Where the variables are looked up.
        others: What is wrong with the client's other settings, to be told together with these.

    Raises:
        ConfigurationError: the key is missing or malformed, the URL is not one, or it would carry
            the key in the clear to another machine; or there are other problems.
    """
    apply_log_level(environment)
    problems: list[ErrorDetail] = []
    settings = Settings(
        _checked_key(problems, api_key, environment.get("TELNYX_API_KEY")),
        _checked_url(problems, base_url, environment.get("TELNYX_BASE_URL"), allow_insecure),
    )
    check.boolean(problems, "allow_insecure", allow_insecure)
    problems += others
    if problems:
        raise ConfigurationError("; ".join(map(str, problems)))
    return settings


def apply_log_level(environment: Mapping[str, str]) -> None:
    """Log to stderr if ``TELNYX_LOG`` is ``debug`` or ``info``, as the official SDK does.

    Services that configure :mod:`logging` themselves leave the variable unset.
    """
    level = _LOG_LEVELS.get(environment.get("TELNYX_LOG", ""))
    if level is None:
        return
    logger = logging.getLogger("telnyx_video")
    logger.setLevel(level)
    if not logger.hasHandlers():
        handler = logging.StreamHandler()
        handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s %(message)s"))
        logger.addHandler(handler)


def _checked_key(problems: list[ErrorDetail], argument: object, variable: str | None) -> str:
    key = variable if argument is None else argument
    source = "TELNYX_API_KEY" if argument is None else "api_key"
    if not key:
        problem = "no API key: pass api_key=..., or set the environment variable TELNYX_API_KEY"
    elif not isinstance(key, str) or not key.isascii() or not key.isprintable() or " " in key:
        problem = (
            f"{source} is not an API key: it holds a space, a line break or a character "
            "outside ASCII; copy it again"
        )
    else:
        return plain_str(key)
    problems.append(ErrorDetail(problem))
    return ""


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
        return f"holds more than scheme, host, port and path; {_EXAMPLE}"
    # Any word would pass for true, even "false"; nothing else permits it than the bool itself.
    if parts.scheme == "http" and allow_insecure is not True and not is_loopback(parts):
        return (
            f"{base_url} would send the API key in the clear; "
            "use https, or pass allow_insecure=True if that is what you want"
        )
    return None


def is_loopback(parts: SplitResult) -> bool:
    """Whether the URL's host can only be this machine."""
    host = parts.hostname or ""
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False
