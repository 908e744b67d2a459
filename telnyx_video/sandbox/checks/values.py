"""Checks of single values."""

import re
from collections.abc import Callable
from ipaddress import ip_address
from typing import cast
from urllib.parse import urlsplit

Complaint = str | None
"""Why a value is invalid, as the end of a sentence that starts with its name; else None."""

Check = Callable[[object], Complaint]

_MAX_URL_LENGTH = 2000  # characters
_SPACE_OR_CONTROL = re.compile(r"[\x00-\x20\x7f]")
_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)


def integer(least: int | None = None, most: int | None = None) -> Check:
    """Return a check for an integer within inclusive bounds."""
    if least is None:
        expected = "an integer"
    elif most is None:
        expected = f"an integer of at least {least}"
    else:
        expected = f"an integer from {least} to {most}"

    def check(value: object) -> Complaint:
        # bool is an int in Python; 10.0 is refused like any other fraction.
        if (
            type(value) is int
            and (least is None or value >= least)
            and (most is None or value <= most)
        ):
            return None
        return f"must be {expected}"

    return check


def number(least: float, most: float) -> Check:
    """Return a check for a number within inclusive bounds."""

    def check(value: object) -> Complaint:
        if type(value) in (int, float) and least <= cast("float", value) <= most:
            return None
        return f"must be a number from {least:.15g} to {most:.15g}"

    return check


def one_of(*known: str | int) -> Check:
    """Return a check for one of these values."""
    names = ", ".join(map(str, known))

    def check(value: object) -> Complaint:
        # To Python, 1.0 and JSON's true equal 1.
        if any(value == item and type(value) is type(item) for item in known):
            return None
        return f"must be one of {names}"

    return check


def boolean(value: object) -> Complaint:
    """Check a boolean."""
    return None if isinstance(value, bool) else "must be true or false"


def is_text(value: str) -> bool:
    """Return whether the value is valid Unicode: JSON can also contain lone surrogates."""
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True


def text(value: object) -> Complaint:
    """Check a string that is not empty."""
    if isinstance(value, str) and value and is_text(value):
        return None
    return "must be a string of at least one character"


def is_uuid(value: object) -> bool:
    """Return whether the value is a UUID in canonical form, in any case."""
    return isinstance(value, str) and _UUID.fullmatch(value) is not None


def uuid(value: object) -> Complaint:
    """Check an id."""
    return None if is_uuid(value) else "must be a UUID"


def url(value: object) -> Complaint:
    """Check a URL."""
    if (
        isinstance(value, str)
        and len(value) <= _MAX_URL_LENGTH
        and is_text(value)
        and _SPACE_OR_CONTROL.search(value) is None
        and _has_scheme_and_host(value)
    ):
        return None
    return f"must be a URL with a scheme and a host, of at most {_MAX_URL_LENGTH} characters"


def _has_scheme_and_host(value: str) -> bool:
    try:
        parts = urlsplit(value)
        _ = parts.port  # raises if the port is invalid
    except ValueError:
        return False
    return bool(parts.scheme and parts.hostname)


def url_or_empty(value: object) -> Complaint:
    """Check a URL or an empty string."""
    return None if value == "" else url(value)


def is_loopback(host: str) -> bool:
    """Return whether a host is this machine: localhost, or a loopback address."""
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False
