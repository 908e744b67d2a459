"""A request as the operations see it, and their common code: ids, bodies, lists, refusals.

Refusals have three published formats: one bare error for an object that does not exist; a list
under `errors` for a body or a parameter; `success` and `message` for lists and for actions on
sessions. An operation raises `RefusedError`; `with_generic_refusals` changes the format.
"""

import json
from collections.abc import Callable, Iterable, Mapping
from typing import TypeVar, cast

import attrs

from telnyx_video.sandbox.checks.bodies import Fields, check_fields
from telnyx_video.sandbox.checks.parameters import Filters, check_list
from telnyx_video.sandbox.checks.values import is_uuid
from telnyx_video.sandbox.replies import (
    Code,
    Problem,
    RefusedError,
    Reply,
    bare_refusal,
    document,
    generic_refusal,
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
        """Return the call, with an empty object in place of a missing body."""
        return attrs.evolve(self, content_type="application/json", body=self.body or b"{}")

    @property
    def files(self) -> str:
        """Prefix of file URLs."""
        return f"{self.origin()}{FILES}"


Operation = Callable[[Call, str], Reply]
"""Answers a call, given the id in its path or ""."""

Operations = Mapping[str, Operation]
"""By name, such as "GET /rooms/{id}"."""


def with_generic_refusals(operation: Operation) -> Operation:
    """Return the operation, with refusals in the format of lists and of actions on sessions."""

    def answer(call: Call, subject: str) -> Reply:
        try:
            return operation(call, subject)
        except RefusedError as error:
            message = " ".join(problem.detail for problem in error.problems)
            return generic_refusal(error.status, message)

    return answer


def find(kind: str, get: Callable[[str], T | None], subject: str) -> T:
    """Return the object with an id, which may be in upper case.

    Args:
        kind: Its kind, for the message.
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
        raise not_found(kind, subject)
    return found


def not_found(kind: str, subject: str) -> RefusedError:
    """Return the refusal of an unknown id."""
    problem = Problem(Code.NOT_FOUND, f"The {kind} {subject} does not exist.")
    return RefusedError(404, problem, reply=bare_refusal)


def json_in(call: Call) -> object:
    """Return the JSON of a body, or refuse it."""
    try:
        return _decode(call.body.decode())
    except (ValueError, RecursionError) as error:
        detail = f"The body is not JSON: {error}."
        raise RefusedError(400, Problem(Code.INVALID_JSON, detail)) from error


def object_in(call: Call) -> dict[str, object]:
    """Return the JSON object in a body, or refuse it."""
    if call.content_type != "application/json":
        detail = "The body must be sent as application/json."
        raise RefusedError(415, Problem(Code.MEDIA_TYPE, detail))
    body = json_in(call)
    if not isinstance(body, dict):
        raise RefusedError(
            422, Problem(Code.BAD_REQUEST, "The body must be an object.", pointer="")
        )
    return cast("dict[str, object]", body)


def settings_in(call: Call, fields: Fields) -> dict[str, object]:
    """Return the settings in a body, or refuse it with a problem for each invalid field."""
    settings, problems = check_fields(object_in(call), fields)
    if problems:
        raise RefusedError(422, *problems)
    return settings


def list_query(call: Call, filters: Filters, include: str | None = None) -> Query:
    """Return the query of a list, or refuse its first invalid parameter."""
    query = check_list(call.query, filters, include)
    return query if call.view is None else call.view(query)


def page_reply(query: Query, shown: Iterable[object], total: int) -> Reply:
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
