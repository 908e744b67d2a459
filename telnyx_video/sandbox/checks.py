"""Which values the API takes: the bounds of a room's fields, and the parameters of a list.

Bodies are reported on as a whole, one problem for each field that is wrong; of parameters the
first that is wrong is enough, since their published error holds one message.
Bounds: https://developers.telnyx.com/api-reference/rooms/create-a-room
"""

import itertools
import re
from collections.abc import Callable, Iterator, Mapping
from datetime import date
from typing import Literal
from urllib.parse import urlsplit

import attrs

from telnyx_video.sandbox.replies import Code, Problem
from telnyx_video.sandbox.state import DateFilter, ListQuery

Complaint = str | None
"""What is wrong with a value, as the end of a sentence that starts with its name; None is fine."""

_MAX_URL_LENGTH = 2000  # characters

# Fifteen digits keep number × size within the 64 bits of SQLite's integers.
_WHOLE_NUMBER = re.compile(r"[0-9]{1,15}")
_SPACE_OR_CONTROL = re.compile(r"[\x00-\x20\x7f]")


def _integer(least: int, most: int) -> Callable[[object], Complaint]:
    def check(value: object) -> Complaint:
        # JSON's true arrives as an int to Python; 10.0 is refused like any other fraction.
        if type(value) is int and least <= value <= most:
            return None
        return f"must be an integer from {least} to {most}"

    return check


def _boolean(value: object) -> Complaint:
    return None if isinstance(value, bool) else "must be true or false"


def _is_text(value: str) -> bool:
    """Tell whether the value is text: JSON can also spell half a character (a lone surrogate)."""
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True


def _name(value: object) -> Complaint:
    if isinstance(value, str) and value and _is_text(value):
        return None
    return "must be a string of at least one character"


def _url(value: object) -> Complaint:
    if (
        isinstance(value, str)
        and len(value) <= _MAX_URL_LENGTH
        and _is_text(value)
        and _SPACE_OR_CONTROL.search(value) is None
        and _has_scheme_and_host(value)
    ):
        return None
    return f"must be a URL with a scheme and a host, of at most {_MAX_URL_LENGTH} characters"


def _has_scheme_and_host(url: str) -> bool:
    try:
        parts = urlsplit(url)
        _ = parts.port  # raises when it is not a number of a port
    except ValueError:
        return False
    return bool(parts.scheme and parts.hostname)


def _url_or_empty(value: object) -> Complaint:
    return None if value == "" else _url(value)


@attrs.frozen
class _Field:
    check: Callable[[object], Complaint]
    default: str | int | bool | None
    nullable: bool = False


_FIELDS: Mapping[str, _Field] = {
    "unique_name": _Field(_name, None),
    "max_participants": _Field(_integer(2, 50), 10),
    "enable_recording": _Field(_boolean, False),
    "webhook_event_url": _Field(_url, None),
    "webhook_event_failover_url": _Field(_url_or_empty, "", nullable=True),
    "webhook_timeout_secs": _Field(_integer(0, 30), None, nullable=True),
}

DEFAULTS: Mapping[str, object] = {name: field.default for name, field in _FIELDS.items()}
"""What a new room has in each field that its creator left out."""


def check_fields(body: Mapping[str, object]) -> tuple[dict[str, object], list[Problem]]:
    """Return the settings that a body asks for, and a problem for each one out of its bounds.

    A null, where the field allows it, asks for the default. Fields that the API does not know are
    ignored: what the real server does with them is undocumented.
    """
    settings: dict[str, object] = {}
    problems: list[Problem] = []
    for name, field in _FIELDS.items():
        if name not in body:
            continue
        value = body[name]
        if value is None and field.nullable:
            settings[name] = field.default
        elif complaint := field.check(value):
            detail = f"{name} {complaint}."
            problems.append(Problem(Code.BAD_REQUEST, detail, pointer=f"/{name}"))
        else:
            settings[name] = value
    return settings, problems


class ParameterError(Exception):
    """A query parameter has a value that it cannot have."""

    def __init__(self, parameter: str, complaint: str) -> None:
        super().__init__(f"{parameter} {complaint}.")
        self.parameter = parameter


def check_list(query: Mapping[str, str]) -> ListQuery:
    """Return what a list is asked for; parameters that the API does not know are ignored.

    Source: https://developers.telnyx.com/api-reference/rooms/view-a-list-of-rooms

    Raises:
        ParameterError: for the first parameter that has an impossible value.
    """
    name = query.get("filter[unique_name]")
    if name is not None and not _is_text(name):
        raise ParameterError("filter[unique_name]", "must be text in UTF-8")
    return ListQuery(
        unique_name=name,
        dates=tuple(_date_filters(query)),
        page_number=_whole_number(query, "page[number]", default=1),
        page_size=_whole_number(query, "page[size]", default=20, most=250),
        include_sessions=check_include_sessions(query),
    )


def check_include_sessions(query: Mapping[str, str]) -> bool:
    """Tell whether sessions are wanted along with their rooms.

    Raises:
        ParameterError: for anything but `true` and `false`.
    """
    value = query.get("include_sessions", "false")
    if value not in {"true", "false"}:
        raise ParameterError("include_sessions", "must be true or false")
    return value == "true"


def _date_filters(query: Mapping[str, str]) -> Iterator[DateFilter]:
    fields: tuple[Literal["created_at", "updated_at"], ...] = ("created_at", "updated_at")
    comparisons: tuple[Literal["eq", "gte", "lte"], ...] = ("eq", "gte", "lte")
    for field, comparison in itertools.product(fields, comparisons):
        parameter = f"filter[date_{field}][{comparison}]"
        if parameter in query:
            yield DateFilter(field, comparison, _day(parameter, query[parameter]))


def _day(parameter: str, value: str) -> date:
    try:
        day = date.fromisoformat(value)
    except ValueError:
        day = None
    # The standard library also reads other spellings of ISO 8601, such as 20210425.
    if day is None or day.isoformat() != value:
        raise ParameterError(parameter, "must be a date like 2021-04-25")
    return day


def _whole_number(
    query: Mapping[str, str], parameter: str, *, default: int, most: int | None = None
) -> int:
    value = query.get(parameter)
    if value is None:
        return default
    number = int(value) if _WHOLE_NUMBER.fullmatch(value) else 0
    if number < 1 or (most is not None and number > most):
        bounds = "of at least 1" if most is None else f"from 1 to {most}"
        raise ParameterError(parameter, f"must be a whole number {bounds}")
    return number
