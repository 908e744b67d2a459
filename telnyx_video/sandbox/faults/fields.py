"""A fault, the fields of a fault plan with their bounds, and the shorthands.

The package documents them.
"""

import re
from collections.abc import Iterable, Mapping
from typing import Any, Literal, cast, get_args

import attrs

from telnyx_video.sandbox.checks.values import Check, Complaint, boolean, integer, number, one_of
from telnyx_video.sandbox.routes import OPERATIONS

Commit = Literal["before", "never"] | float
"""When a request is applied; a number is a delay in seconds."""

Point = Literal["read", "reading", "commit", "reply", "status", "headers", "body", "end", "next"]
"""A point in an exchange."""

POINTS: tuple[Point, ...] = get_args(Point)
"""In the order in which an exchange reaches them."""

_CUTS = ("read", "reading", "reply", "status", "headers", "body", "end", "next")
_STALLS = ("read", "commit", "reply", "status", "headers", "body")

_DAY = 86_400.0  # seconds
_DECADES = 1e9  # seconds from now: an HTTP date has four digits for the year
_MAX_SIZE = 10_000_000  # characters of a header
_MAX_PAGE = 10**15
_MAX_SEED = 2**63  # fits 64-bit integers of other languages

BODIES = (
    "error",
    "empty",
    "html",
    "bad_json",
    "no_id",
    "wrong_types",
    "bad_gzip",
    "bomb",
    "endless",
    "duplicate",
    "duplicate_map",
    "duplicate_other",
)
"""Named bodies."""

_LISTS = ("empty", "doubled", "inexact", "first_page")
_FRAMINGS = ("length", "chunked", "close", "bad_chunk", "two_lengths")

_HEADER_NAME = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
_HEADER_VALUE = re.compile(r"[\t\x20-\x7e\x80-\xff]*")
_LATIN_1 = re.compile(r"[\x00-\xff]+")


@attrs.frozen
class Fault:
    """A fault for one request: the fields of the plan, with defaults filled in."""

    label: str
    commit: Commit
    status: int | None = None
    headers: Mapping[str, Any] = attrs.field(factory=dict[str, Any])
    body: Any = None
    list: Any = None
    framing: str = "length"
    interim: int | None = None
    raw: str | None = None
    cut: Point | None = None
    reset: bool = False
    stall: Point | None = None
    seconds: float | None = None
    drip: float = 0


def effect_of(fault: Fault) -> str:
    """Describe what a fault does to a request and its answer."""
    commits = {"before": "committed", "never": "not committed"}
    commit = commits.get(str(fault.commit), f"committed {fault.commit} s late")
    parts = [f"The request was {commit}"]
    if fault.stall:
        until = "until the client left" if fault.seconds is None else f"for {fault.seconds:g} s"
        parts.append(f"stalled at {fault.stall} {until}")
    falsified = [
        name
        for name in ("status", "headers", "body", "list", "interim", "raw", "drip")
        if getattr(fault, name)
    ]
    if fault.framing != "length":
        falsified.append("framing")
    if falsified:
        parts.append(f"changed {listed(falsified)}")
    if fault.cut:
        parts.append(f"cut at {fault.cut} by {'RST' if fault.reset else 'FIN'}")
    return f"{'; '.join(parts)}."


def listed(values: Iterable[object]) -> str:
    """Return the values separated by commas."""
    return ", ".join(map(str, values))


check_status: Check = integer(200, 999)
"""Checks the status of a final reply."""


def _string(value: object) -> Complaint:
    return None if isinstance(value, str) else "must be a string"


def _raw(value: object) -> Complaint:
    if isinstance(value, str) and _LATIN_1.fullmatch(value):
        return None
    return "must be a string of characters up to U+00FF, at least one"


def _commit(value: object) -> Complaint:
    if value in ("before", "never") or number(0, _DAY)(value) is None:
        return None
    return f"must be before, never or seconds from 0 to {_DAY:.0f}"


def _headers(value: object) -> Complaint:
    if not isinstance(value, dict):
        return "must be an object of names and values"
    for name, content in cast("dict[str, object]", value).items():
        if not _HEADER_NAME.fullmatch(name):
            return f"has {name!r}, which is not a header name"
        if not _is_header_value(content):
            return (
                f"has a value of {name} that is not a Latin-1 string without control characters, "
                "an integer, null, date_in with seconds, or size with characters"
            )
    return None


def _is_header_value(value: object) -> bool:
    if isinstance(value, str):
        return _HEADER_VALUE.fullmatch(value) is not None
    within = {"date_in": number(-_DECADES, _DECADES), "size": integer(0, _MAX_SIZE)}
    key, inside = _single(value)
    if key in within:
        return within[key](inside) is None
    return value is None or type(value) is int


def _single(value: object) -> tuple[str, object]:
    """Return key and value of an object with one entry; else the key is ""."""
    if isinstance(value, dict):
        items = list(cast("dict[str, object]", value).items())
        if len(items) == 1:
            return items[0]
    return "", None


def _body(value: object) -> Complaint:
    key, inside = _single(value)
    if value in BODIES or key == "json" or (key == "text" and isinstance(inside, str)):
        return None
    return f'must be {{"json": …}}, {{"text": …}} or one of {listed(BODIES)}'


def _list(value: object) -> Complaint:
    key, inside = _single(value)
    if value in _LISTS or (key == "without_younger_than" and number(0, _DAY)(inside) is None):
        return None
    return f'must be {{"without_younger_than": seconds}} or one of {listed(_LISTS)}'


def _script(value: object) -> Complaint:
    return None if isinstance(value, list) and value else "must be a list of at least one fault"


def _draw(value: object) -> Complaint:
    entries = cast("list[object]", value) if isinstance(value, list) else []
    if entries and all(map(_is_chance, entries)):
        return None
    return 'must be a list of {"fault": …, "probability": 0 to 1}, at least one'


def _is_chance(entry: object) -> bool:
    if not isinstance(entry, dict):
        return False
    fields = cast("dict[str, object]", entry)
    return fields.keys() == {"fault", "probability"} and (
        number(0, 1)(fields["probability"]) is None
    )


RULE_FIELDS: Mapping[str, Check] = {
    "on": one_of(*OPERATIONS, "*"),
    "name": _string,
    "page": integer(1, _MAX_PAGE),
    "faults": _script,
    "repeat": boolean,
    "draw": _draw,
    "seed": integer(0, _MAX_SEED),
}
"""The fields of a rule."""

FAULT_FIELDS: Mapping[str, Check] = {
    "commit": _commit,
    "status": check_status,
    "headers": _headers,
    "body": _body,
    "list": _list,
    "framing": one_of(*_FRAMINGS),
    "interim": one_of(100, 102, 103),
    "raw": _raw,
    "cut": one_of(*_CUTS),
    "reset": boolean,
    "stall": one_of(*_STALLS),
    "seconds": number(0, _DAY),
    "drip": number(0, _DAY),
}
"""The fields of a fault."""

SHORTHANDS: Mapping[str, Mapping[str, Any]] = {
    "dropped": {"cut": "read"},
    "dropped_reset": {"cut": "read", "reset": True},
    "lost": {"cut": "reply"},
    "lost_reset": {"cut": "reply", "reset": True},
    "late": {"cut": "reply", "commit": 1},
    "hang": {"stall": "reply"},
    "hang_uncommitted": {"stall": "commit"},
    "truncated": {"cut": "body"},
    "truncated_chunked": {"cut": "body", "framing": "chunked"},
    "truncated_close": {"cut": "body", "framing": "close"},
    "garbage": {"raw": "\x16\x03\x01\x02 this is not HTTP\r\n\r\n"},
    "huge_header": {"headers": {"x-huge": {"size": 1_000_000}}},
    "close": {"headers": {"Connection": "close"}, "cut": "end"},
    "closed_idle": {"cut": "end"},
    "closed_next": {"cut": "next"},
    "html": {"status": 200, "body": "html"},
    **{name: {"body": name} for name in BODIES if name not in ("error", "html")},
    **{name: {"framing": name} for name in ("bad_chunk", "two_lengths")},
    "list_stale": {"list": {"without_younger_than": 1}},
    **{f"list_{name}": {"list": name} for name in _LISTS},
}
"""Named faults."""
