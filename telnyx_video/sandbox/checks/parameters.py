"""The query parameters of lists: filters, pages and related objects.

Sources: https://developers.telnyx.com/api-reference/rooms/view-a-list-of-rooms and the pages of the
other lists. Parameters that the API does not know are ignored.
"""

import re
from collections.abc import Callable, Mapping
from datetime import date

from telnyx_video.sandbox.checks.values import is_text, is_uuid
from telnyx_video.sandbox.replies import Code, Problem, RefusedError
from telnyx_video.sandbox.state.database import MAX_INTEGER, Comparison, Filter, Query

_WHOLE_NUMBER = re.compile(r"[0-9]{1,1000}")

_Read = Callable[[str, str], Filter]
"""Builds a filter from the parameter's name, for errors, and its value."""

Filters = Mapping[str, _Read]
"""The filters of a list, by parameter."""


def _day_of(field: str, comparison: Comparison) -> _Read:
    def read(name: str, value: str) -> Filter:
        try:
            day = date.fromisoformat(value)
        except ValueError:
            day = None
        # The standard library also accepts other forms of ISO 8601, such as 20210425.
        if day is None or day.isoformat() != value:
            raise _refused(name, "must be a date like 2021-04-25")
        return Filter(field, value, comparison, whole_day=True)

    return read


def _text_of(field: str) -> _Read:
    def read(name: str, value: str) -> Filter:
        if not is_text(value):
            raise _refused(name, "must be text in UTF-8")
        return Filter(field, value)

    return read


def _id_of(field: str) -> _Read:
    def read(name: str, value: str) -> Filter:
        if not is_uuid(value):
            raise _refused(name, "must be a UUID")
        return Filter(field, value.lower())

    return read


def _one_of(field: str, *known: str) -> _Read:
    def read(name: str, value: str) -> Filter:
        if value not in known:
            raise _refused(name, f"must be one of {', '.join(known)}")
        return Filter(field, value)

    return read


def _active(name: str, value: str) -> Filter:
    return Filter("active", int(_boolean(name, value)))


def _duration(name: str, value: str) -> Filter:
    return Filter("duration_secs", min(whole_number(name, value, least=0), MAX_INTEGER), "gte")


def _dates(*fields: str) -> Filters:
    comparisons: tuple[Comparison, ...] = ("eq", "gte", "lte")
    return {
        f"filter[date_{field}][{comparison}]": _day_of(field, comparison)
        for field in fields
        for comparison in comparisons
    }


ROOMS: Filters = {
    "filter[unique_name]": _text_of("unique_name"),
    **_dates("created_at", "updated_at"),
}

SESSIONS_OF_ROOM: Filters = {
    **_dates("created_at", "updated_at", "ended_at"),
    "filter[active]": _active,
}

# These two ids are published as plain text, unlike those of the other lists.
SESSIONS: Filters = {**SESSIONS_OF_ROOM, "filter[room_id]": _text_of("room_id")}

PARTICIPANTS_OF_SESSION: Filters = {
    **_dates("joined_at", "updated_at", "left_at"),
    "filter[context]": _text_of("context"),
}

PARTICIPANTS: Filters = {
    **PARTICIPANTS_OF_SESSION,
    "filter[session_id]": _text_of("session_id"),
}

RECORDINGS: Filters = {
    **_dates("ended_at", "started_at"),
    "filter[room_id]": _id_of("room_id"),
    "filter[participant_id]": _id_of("participant_id"),
    "filter[session_id]": _id_of("session_id"),
    "filter[status]": _text_of("status"),
    "filter[type]": _text_of("type"),
    "filter[duration_secs]": _duration,
}

COMPOSITIONS: Filters = {
    **_dates("created_at"),
    "filter[session_id]": _id_of("session_id"),
    "filter[status]": _one_of("status", "completed", "processing", "enqueued"),
}


PAGE: frozenset[str] = frozenset(("page[number]", "page[size]"))
"""The parameters that select a page."""


def check_list(query: Mapping[str, str], filters: Filters, include: str | None = None) -> Query:
    """Return the query of a list.

    Args:
        query: The parameters of the request.
        filters: The filters of the list.
        include: The parameter that includes related objects, if the list has one.

    Raises:
        RefusedError: for the first invalid parameter.
    """
    number = query.get("page[number]", "1")
    size = query.get("page[size]", "20")
    return Query(
        filters=tuple(read(name, query[name]) for name, read in filters.items() if name in query),
        page_number=whole_number("page[number]", number),
        page_size=whole_number("page[size]", size, most=250),
        include=include is not None and check_include(query, include),
    )


def check_include(query: Mapping[str, str], parameter: str) -> bool:
    """Return whether related objects are to be included.

    Raises:
        RefusedError: for anything but `true` and `false`.
    """
    return _boolean(parameter, query.get(parameter, "false"))


def check_no_other_filter(query: Mapping[str, str], filters: Filters) -> None:
    """Refuse unknown filters, for operations that must not ignore them.

    Raises:
        RefusedError: for the first one.
    """
    for name in query:
        if name.startswith("filter") and name not in filters:
            raise _refused(name, "is not a filter of this operation")


def _boolean(parameter: str, value: str) -> bool:
    if value not in {"true", "false"}:
        raise _refused(parameter, "must be true or false")
    return value == "true"


def whole_number(parameter: str, value: str, *, least: int = 1, most: int | None = None) -> int:
    """Return the number in a parameter.

    Raises:
        RefusedError: if it is not a whole number within the bounds.
    """
    number = int(value) if _WHOLE_NUMBER.fullmatch(value) else -1
    if number < least or (most is not None and number > most):
        bounds = f"of at least {least}" if most is None else f"from {least} to {most}"
        raise _refused(parameter, f"must be a whole number {bounds}")
    return number


def _refused(parameter: str, complaint: str) -> RefusedError:
    detail = f"{parameter} {complaint}."
    return RefusedError(400, Problem(Code.BAD_REQUEST, detail, parameter=parameter))
