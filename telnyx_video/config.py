"""Settings of a client: arguments first, then the environment, then the defaults; checked once.

The environment's names are those of the official SDK: ``TELNYX_API_KEY``, ``TELNYX_BASE_URL``,
``TELNYX_PUBLIC_KEY`` and ``TELNYX_LOG``.
"""

from __future__ import annotations

import binascii
import logging
import os
from base64 import b64decode
from collections.abc import Iterable, Mapping, Sequence
from ipaddress import ip_address
from typing import TypeGuard
from urllib.parse import SplitResult, urlsplit

import attrs

from telnyx_video._base import validate as check
from telnyx_video._base.errors import ConfigurationError, ErrorDetail
from telnyx_video._base.text import plain_str

__all__ = ["DEFAULT_BASE_URL", "PublicKeys", "Settings", "resolve", "resolve_public_keys"]

PublicKeys = str | bytes | Iterable[str | bytes]
"""One public key, or several: each in base64, as Telnyx shows it, or as its 32 raw bytes."""

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


def resolve_public_keys(
    public_key: PublicKeys | None = None, *, environment: Mapping[str, str] = os.environ
) -> tuple[bytes, ...]:
    """The keys, 32 bytes each, one of which must have signed a webhook.

    Args:
        public_key: One key or several; by default those of ``TELNYX_PUBLIC_KEY``, which may be
            several, parted by commas.
        environment: Where the variable is looked up.

    Raises:
        ConfigurationError: there is no key, or one is malformed.
    """
    if public_key is None:
        source = "TELNYX_PUBLIC_KEY"
        given: Iterable[object] = environment.get(source, "").split(",")
    else:
        source = "public_key"
        given = public_key if _holds_several(public_key) else [public_key]
    keys = tuple(_checked_public_key(key, source) for key in given if key not in ("", b""))
    if not keys:
        raise ConfigurationError(
            "no public key to check webhooks with: pass public_key=..., or set the environment "
            "variable TELNYX_PUBLIC_KEY to the account's public key, which Mission Control shows"
        )
    return keys


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


def _holds_several(public_key: object) -> TypeGuard[Iterable[object]]:
    return isinstance(public_key, Iterable) and not isinstance(public_key, str | bytes)


def _checked_public_key(given: object, source: str) -> bytes:
    key: object = given
    if isinstance(given, str):
        try:
            key = b64decode(given.strip(), validate=True)
        except (binascii.Error, ValueError):
            key = None
    if not isinstance(key, bytes) or len(key) != 32:
        raise ConfigurationError(
            f"{source} is not an Ed25519 public key: it must be 32 bytes, or those in base64 "
            "(44 characters, the last one '='); copy it again from Mission Control"
        )
    return key


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
