"""What a server is to be like, checked before there is one: all that is wrong is told at once."""

import os
import ssl
from collections.abc import Collection, Mapping, Sequence
from reprlib import repr as short
from typing import cast

import attrs

from telnyx_video.sandbox.checks.values import Check, Complaint, integer, number, text
from telnyx_video.sandbox.faults.plan import FaultPlan
from telnyx_video.sandbox.webhooks import KEY_SIZE, Policy, Signer

_DAY = 86_400.0  # seconds


@attrs.frozen(kw_only=True)
class Settings:
    """What a server is to be like; `Sandbox` explains the fields.

    Raises:
        ValueError: when some of them cannot be meant; it names them all.
    """

    host: str
    port: int
    api_key: str
    db: str | os.PathLike[str] | None
    rate_limit: int | None
    ssl_context: ssl.SSLContext | None
    faults: FaultPlan
    composition_delay: float
    webhook_key: bytes
    webhook_hosts: Collection[str]
    webhook_retries: Sequence[float]

    def __attrs_post_init__(self) -> None:
        given = ((name, getattr(self, name), check) for name, check in _CHECKS.items())
        found = ((name, value, check(value)) for name, value, check in given)
        problems = [
            f"{name} {complaint}, not {_shown(value)}"
            for name, value, complaint in found
            if complaint
        ]
        if problems:
            raise ValueError("; ".join(problems))

    @property
    def signer(self) -> Signer:
        """Signs what is delivered."""
        return Signer(self.webhook_key)

    @property
    def policy(self) -> Policy:
        """How deliveries are made."""
        return Policy(self.webhook_hosts, self.webhook_retries)


def _shown(value: object) -> str:
    """The value, unless it may be a key."""
    return f"{len(value)} bytes" if isinstance(value, bytes) else short(value)


def _or_none(check: Check) -> Check:
    return lambda value: None if value is None else check(value)


def _path(value: object) -> Complaint:
    return None if value and isinstance(value, str | os.PathLike) else "must be the path of a file"


def _tls(value: object) -> Complaint:
    return None if isinstance(value, ssl.SSLContext) else "must be an SSLContext"


def _key(value: object) -> Complaint:
    fits = isinstance(value, bytes) and len(value) == KEY_SIZE
    return None if fits else f"must be {KEY_SIZE} bytes"


def _hosts(value: object) -> Complaint:
    # One string alone is a collection, too, and would let in every part of itself.
    hosts = cast("Collection[object]", value) if isinstance(value, Collection) else [None]
    if isinstance(value, str) or any(map(text, hosts)):
        return "must be a collection of the names of hosts"
    return None


def _waits(value: object) -> Complaint:
    waits = cast("Sequence[object]", value) if isinstance(value, Sequence) else [None]
    if any(map(_SECONDS, waits)):
        return f"must be a sequence of seconds, each from 0 to {_DAY:.0f}"
    return None


_SECONDS = number(0, _DAY)

_CHECKS: Mapping[str, Check] = {
    "host": text,
    "port": integer(0, 65_535),
    "api_key": text,
    "db": _or_none(_path),
    "rate_limit": _or_none(integer(1)),
    "ssl_context": _or_none(_tls),
    "composition_delay": _SECONDS,
    "webhook_key": _key,
    "webhook_hosts": _hosts,
    "webhook_retries": _waits,
}
"""What each may be. A plan of faults is checked where it is read."""
