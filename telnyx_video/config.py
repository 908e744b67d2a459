"""Settings of a client: arguments first, then the environment, then the defaults; checked once.

The environment's names are those of the official SDK: ``TELNYX_API_KEY``, ``TELNYX_BASE_URL``
and ``TELNYX_LOG``.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Mapping
from ipaddress import ip_address
from urllib.parse import SplitResult, urlsplit

import attrs

from telnyx_video.errors import ConfigurationError

__all__ = ["DEFAULT_BASE_URL", "Settings", "resolve"]

DEFAULT_BASE_URL = "https://api.telnyx.com/v2"
"""Where the API is served; ``https://api.telnyx.eu/v2`` serves the EU region."""

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
) -> Settings:
    """The settings to use; an explicit argument beats the environment.

    Raises:
        ConfigurationError: the key is missing or malformed, the URL is not one, or it would carry
            the key in the clear to another machine.
    """
    apply_log_level(environment)
    return Settings(
        _checked_key(api_key, environment.get("TELNYX_API_KEY")),
        _checked_url(base_url, environment.get("TELNYX_BASE_URL"), allow_insecure),
    )


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


def _checked_key(argument: object, variable: str | None) -> str:
    key = variable if argument is None else argument
    source = "TELNYX_API_KEY" if argument is None else "api_key"
    if not key:
        raise ConfigurationError(
            "no API key: pass api_key=..., or set the environment variable TELNYX_API_KEY"
        )
    if not isinstance(key, str) or not key.isascii() or not key.isprintable() or " " in key:
        raise ConfigurationError(
            f"{source} is not an API key: it holds a space, a line break or a character "
            "outside ASCII; copy it again"
        )
    return key


def _checked_url(argument: str | None, variable: str | None, allow_insecure: bool) -> str:
    base_url = (variable or DEFAULT_BASE_URL) if argument is None else argument
    source = "TELNYX_BASE_URL" if argument is None else "base_url"
    example = f"it must look like {DEFAULT_BASE_URL}"
    try:
        parts = urlsplit(base_url)
        valid = bool(parts.hostname) and parts.port != 0 and base_url.isprintable()
    except (ValueError, AttributeError, TypeError):
        raise ConfigurationError(f"{source} is not a URL; {example}") from None
    if not valid or parts.scheme not in ("http", "https") or " " in base_url:
        raise ConfigurationError(f"{source} is not an HTTP URL with a host; {example}")
    if any(mark in base_url for mark in "@?#"):
        raise ConfigurationError(f"{source} holds more than scheme, host, port and path; {example}")
    if parts.scheme == "http" and not allow_insecure and not is_loopback(parts):
        raise ConfigurationError(
            f"{source} {base_url} would send the API key in the clear; "
            "use https, or pass allow_insecure=True if that is what you want"
        )
    return base_url.rstrip("/")


def is_loopback(parts: SplitResult) -> bool:
    """Whether the URL's host can only be this machine."""
    host = parts.hostname or ""
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False
