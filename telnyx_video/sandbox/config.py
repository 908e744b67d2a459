"""The settings of a sandbox, validated before it starts; one error lists all problems."""

import os
import re
import ssl
from collections.abc import Collection, Mapping, Sequence
from reprlib import repr as short
from typing import cast

import attrs

from telnyx_video.sandbox.checks.values import Check, Complaint, boolean, integer, number, text
from telnyx_video.sandbox.faults.plan import FaultPlan
from telnyx_video.sandbox.routes import VERSION
from telnyx_video.sandbox.seed import Seed
from telnyx_video.sandbox.webhooks import KEY_SIZE, Policy, Signer

DEFAULT_KEY = "sandbox-key"
"""The default API key; it protects nothing."""

_DAY = 86_400.0  # seconds
_MAX_LOG = 100_000  # requests

# What a header carries: no control characters, and no space at either end.
_HEADER_VALUE = re.compile(r"[^\x00-\x20\x7f]([^\x00-\x08\x0a-\x1f\x7f]*[^\x00-\x20\x7f])?")


@attrs.frozen(kw_only=True)
class SandboxConfig:
    """The settings of a sandbox; `Sandbox` documents the fields.

    Raises:
        ValueError: if any is invalid; it names all of them.
    """

    host: str
    port: int
    api_key: str = attrs.field(repr=False)
    db: str | os.PathLike[str] | None
    rate_limit: int | None
    ssl_context: ssl.SSLContext | None
    faults: FaultPlan
    composition_delay: float
    webhook_key: bytes = attrs.field(repr=False)
    webhook_hosts: Collection[str]
    webhook_retries: Sequence[float]
    deliver_anywhere: bool
    allow_hosts: Collection[str]
    log_size: int
    access_token_ttl: float
    seed: Seed | None
    seed_random: int | None

    def __attrs_post_init__(self) -> None:
        given = ((name, getattr(self, name), check) for name, check in _CHECKS.items())
        found = ((name, value, check(value)) for name, value, check in given)
        problems = [
            f"{name} {complaint}, not {_shown(name, value)}"
            for name, value, complaint in found
            if complaint
        ]
        if problems:
            raise ValueError("; ".join(problems))

    @property
    def signer(self) -> Signer:
        """Signs webhooks."""
        return Signer(self.webhook_key)

    @property
    def policy(self) -> Policy:
        """Decides on the attempts of deliveries."""
        return Policy(self.webhook_hosts, self.webhook_retries, self.deliver_anywhere)

    def url(self, port: int) -> str:
        """Return the base URL of the API on a port."""
        scheme = "http" if self.ssl_context is None else "https"
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{scheme}://{host}:{port}{VERSION}"


def _shown(name: str, value: object) -> str:
    """Return the value for a message, unless it may be a secret."""
    if isinstance(value, bytes):
        return f"{len(value)} bytes"
    if name == "api_key" and isinstance(value, str) and value:
        return f"one of {len(value)} characters"
    return short(value)


def _or_none(check: Check) -> Check:
    return lambda value: None if value is None else check(value)


def _path(value: object) -> Complaint:
    return None if value and isinstance(value, str | os.PathLike) else "must be the path of a file"


def _tls(value: object) -> Complaint:
    return None if isinstance(value, ssl.SSLContext) else "must be an SSLContext"


def _api_key(value: object) -> Complaint:
    if complaint := text(value):
        return complaint
    if _HEADER_VALUE.fullmatch(cast("str", value)):
        return None
    return "must be without control characters, and without a space at either end"


def _webhook_key(value: object) -> Complaint:
    fits = isinstance(value, bytes) and len(value) == KEY_SIZE
    return None if fits else f"must be {KEY_SIZE} bytes"


def _hosts(value: object) -> Complaint:
    # A single string is a collection, too, of its characters.
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
    "api_key": _api_key,
    "db": _or_none(_path),
    "rate_limit": _or_none(integer(1)),
    "ssl_context": _or_none(_tls),
    "composition_delay": _SECONDS,
    "webhook_key": _webhook_key,
    "webhook_hosts": _hosts,
    "webhook_retries": _waits,
    "deliver_anywhere": boolean,
    "allow_hosts": _hosts,
    "log_size": integer(0, _MAX_LOG),
    "access_token_ttl": _SECONDS,
    "seed_random": _or_none(integer(0, 2**63 - 1)),
}
"""Fault plans and seeds are checked where they are parsed."""
