"""The arguments of an operation, checked one by one, and refused or written together."""

from __future__ import annotations

from datetime import date
from urllib.parse import urlencode

from telnyx_video._base import validate as check
from telnyx_video._base.text import plain_str
from telnyx_video._wire import MAX_PAGE_SIZE
from telnyx_video.errors import ErrorDetail
from telnyx_video.models import UNSET, DateRange, Unset


class Query:
    """The query of a request in the making, and all that is wrong with its arguments."""

    def __init__(self) -> None:
        self.problems: list[ErrorDetail] = []
        self._parameters: dict[str, object] = {}

    def flag(self, name: str, value: bool | Unset) -> None:
        """A choice, such as ``include_sessions``."""
        if value is not UNSET:
            check.boolean(self.problems, name, value)
            self._parameters[name] = value

    def switch(self, field: str, value: bool | Unset) -> None:
        """A filter by true or false."""
        if value is not UNSET:
            check.boolean(self.problems, field, value)
            self._parameters[f"filter[{field}]"] = value

    def text(self, field: str, value: str | Unset) -> None:
        """A filter by a text."""
        if value is not UNSET:
            check.text(self.problems, field, value)
            self._parameters[f"filter[{field}]"] = value

    def name(self, field: str, value: str | Unset) -> None:
        """A filter by a room's name."""
        if value is not UNSET:
            check.name(self.problems, field, value)
            self._parameters[f"filter[{field}]"] = value

    def identifier(self, field: str, value: str | Unset) -> None:
        """A filter by an id."""
        if value is not UNSET:
            check.identifier(self.problems, field, value)
            self._parameters[f"filter[{field}]"] = value

    def least(self, field: str, value: int | Unset, parameter: str) -> None:
        """A filter by a number that is 0 or more."""
        if value is not UNSET:
            check.sent_integer(self.problems, field, value, 0)
            self._parameters[f"filter[{parameter}]"] = value

    def days(self, field: str, value: date | DateRange | Unset) -> None:
        """The filter for one time of an object, such as ``filter[date_created_at][gte]``."""
        if value is UNSET:
            return
        if isinstance(value, DateRange):
            bounds = {"gte": value.gte, "lte": value.lte}
        else:
            check.day(self.problems, field, value)
            bounds = {"eq": value}
        for operator, day in bounds.items():
            if day is not None:
                self._parameters[f"filter[date_{field}][{operator}]"] = day

    def page(self, number: int | Unset, size: int | Unset) -> None:
        """Which page of a list."""
        if number is not UNSET:
            check.sent_integer(self.problems, "page_number", number, 1)
            self._parameters["page[number]"] = number
        if size is not UNSET:
            check.integer(self.problems, "page_size", size, 1, MAX_PAGE_SIZE)
            self._parameters["page[size]"] = size

    @property
    def filters(self) -> bool:
        """Whether anything narrows the list."""
        return any(name.startswith("filter[") for name in self._parameters)

    def after(self, path: str) -> str:
        """The path with the query.

        Raises:
            InvalidRequestError: an argument cannot be sent; all such are listed.
        """
        check.refuse(self.problems)
        # Only now: what was refused may be a number of too many digits, which cannot be written.
        written = {name: _written(value) for name, value in self._parameters.items()}
        return f"{path}?{urlencode(written)}" if written else path


def object_path(collection: str, field: str, value: str) -> str:
    """The path of one object.

    Raises:
        InvalidRequestError: the id is none.
    """
    problems: list[ErrorDetail] = []
    path = f"/{collection}/{path_id(problems, field, value)}"
    check.refuse(problems)
    return path


def path_id(problems: list[ErrorDetail], field: str, value: str) -> str:
    """An id as it stands in a path; nothing in place of what is none, which is a problem."""
    found = len(problems)
    check.identifier(problems, field, value)
    return plain_str(value) if len(problems) == found else ""


def _written(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(int(value))  # a member of an enumeration may write its name
    return value.isoformat() if isinstance(value, date) else str(plain_str(value))
