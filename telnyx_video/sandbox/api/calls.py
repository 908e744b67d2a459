"""A request as the operations see it, and what they share: ids, bodies, lists, refusals.

Refusals have three published formats: one bare error for an object that does not exist; a list
under `errors` for a body or a parameter; `success` and `message` for lists and for actions on
sessions. An operation raises `RefusedError`; `generically` changes the format.
"""

import json
from collections.abc import Callable, Iterable, Mapping
from typing import TypeVar, cast

import attrs

from telnyx_video.sandbox.checks.bodies import Fields, check_fields
from telnyx_video.sandbox.checks.parameters import (
    Filters,
    ParameterError,
    check_include,
    check_list,
)
from telnyx_video.sandbox.checks.values import is_uuid
from telnyx_video.sandbox.replies import (
    Code,
    Problem,
    Reply,
    bare_refusal,
    document,
    generic_refusal,
    refusal,
)
from telnyx_video.sandbox.routes import FILES
from telnyx_video.sandbox.state.database import Query

T = TypeVar("T")


@attrs.frozen
class Call:
    """A request, independent of HTTP."""

    method: str
    """GET, POST, …"""
    path: str
    """Decoded, without the query."""
    authorization: str = ""
    """The header, or ""."""
    content_type: str = ""
    """The media type, in lower case."""
    query: Mapping[str, str] = attrs.field(factory=dict[str, str])
    """Parameters by their decoded names."""
    body: bytes = b""
    """The whole body."""
    view: Callable[[Query], Query] | None = None
    """Falsifies the query of a list, unless None."""
    headers: Mapping[str, str] = attrs.field(factory=dict[str, str])
    """All headers; case-insensitive when they come from HTTP."""
    origin: Callable[[], str] = str
    """Returns the scheme and host that the client used."""

    def with_optional_body(self) -> "Call":
        """Return the call with an empty object for a missing body."""
        return attrs.evolve(self, content_type="application/json", body=self.body or b"{}")

    @property
    def files(self) -> str:
        """What file URLs start with."""
        return f"{self.origin()}{FILES}"


Operation = Callable[[Call, str], Reply]
"""Answers a call, given the id in its path or ""."""

Operations = Mapping[str, Operation]
"""By name, such as "GET /rooms/{id}"."""


class RefusedError(Exception):
    """The operation refuses the call.

    Attributes:
        status: Of the reply.
        problems: What is wrong.
        reply: The answer, unless the operation has another format for it.
    """

    def __init__(
        self, status: int, *problems: Problem, reply: Callable[..., Reply] = refusal
    ) -> None:
        super().__init__(status, problems)
        self.status = status
        self.problems = problems
        self.reply: Reply = reply(status, *problems)


def generically(operation: Operation) -> Operation:
    """Return the operation with refusals in the format of lists and of actions on sessions."""

    def answer(call: Call, subject: str) -> Reply:
        try:
            return operation(call, subject)
        except RefusedError as error:
            message = " ".join(problem.detail for problem in error.problems)
            return generic_refusal(error.status, message)

    return answer


def looked_up(kind: str, get: Callable[[str], T | None], subject: str) -> T:
    """Return the object with an id, which may be in upper case.

    Args:
        kind: What it is, in words.
        get: Returns it, or None.
        subject: Its id.

    Raises:
        RefusedError: if it does not exist.
    """
    if not is_uuid(subject):
        detail = f"{subject} is not the id of a {kind}: it is not a UUID."
        raise RefusedError(404, Problem(Code.INVALID_ID, detail), reply=bare_refusal)
    found = get(subject.lower())
    if found is None:
        raise absent(kind, subject)
    return found


def absent(kind: str, subject: str) -> RefusedError:
    """Return the refusal of an unknown id."""
    problem = Problem(Code.NOT_FOUND, f"The {kind} {subject} does not exist.")
    return RefusedError(404, problem, reply=bare_refusal)


def json_of(call: Call) -> object:
    """Return the JSON of a body, or refuse it."""
    try:
        return _decode(call.body.decode())
    except (ValueError, RecursionError) as error:
        detail = f"The body is not JSON: {error}."
        raise RefusedError(400, Problem(Code.INVALID_JSON, detail)) from error


def body_of(call: Call) -> dict[str, object]:
    """Return the object in a body, or refuse it for the first reason that makes it useless."""
    if call.content_type != "application/json":
        detail = "The body must be sent as application/json."
        raise RefusedError(415, Problem(Code.MEDIA_TYPE, detail))
    body = json_of(call)
    if not isinstance(body, dict):
        raise RefusedError(
            422, Problem(Code.BAD_REQUEST, "The body must be an object.", pointer="")
        )
    return cast("dict[str, object]", body)


def settings_of(call: Call, fields: Fields) -> dict[str, object]:
    """Return the settings in a body, or refuse it for every field out of bounds."""
    settings, problems = check_fields(body_of(call), fields)
    if problems:
        raise RefusedError(422, *problems)
    return settings


def query_of(call: Call, filters: Filters, include: str | None = None) -> Query:
    """Return the query of a list, or refuse it for its first invalid parameter."""
    try:
        query = check_list(call.query, filters, include)
    except ParameterError as error:
        raise parameter_refused(400, error) from error
    return query if call.view is None else call.view(query)


def included(call: Call, parameter: str) -> bool:
    """Tell whether related objects are to be included."""
    try:
        return check_include(call.query, parameter)
    except ParameterError as error:
        raise parameter_refused(400, error) from error


def parameter_refused(status: int, error: ParameterError) -> RefusedError:
    """Return the refusal of a parameter."""
    return RefusedError(status, Problem(Code.BAD_REQUEST, str(error), parameter=error.parameter))


def whole_number(call: Call, parameter: str, most: int) -> int:
    """Return a parameter of a control request, or refuse it unless it is from 1 to a limit."""
    value = call.query[parameter]
    number = int(value) if value.isascii() and value.isdigit() and len(value) < 10 else 0
    if not 1 <= number <= most:
        error = ParameterError(parameter, f"must be a whole number from 1 to {most}")
        raise parameter_refused(400, error)
    return number


def page_of(query: Query, shown: Iterable[object], total: int) -> Reply:
    """Return a page of a list.

    Args:
        query: The query.
        shown: The published objects of the page.
        total: The number of objects on all pages.
    """
    meta = {
        "page_number": query.page_number,
        "page_size": query.page_size,
        "total_pages": -(-total // query.page_size),
        "total_results": total,
    }
    return document(200, {"data": list(shown), "meta": meta})


def _refuse_constant(name: str) -> object:
    raise ValueError(f"{name} is not valid JSON")


# Python accepts NaN and infinities by default.
_decode = json.JSONDecoder(parse_constant=_refuse_constant).decode
