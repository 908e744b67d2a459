"""The bounds of the API as small checks; each appends the problem it finds to a list.

They accept any object, because they guard against callers whose code is not type-checked. Sizes are
compared before contents: a text of 10 MB must not block the event loop before it is refused.
"""

from __future__ import annotations

from collections.abc import AsyncIterable, Collection, Iterable, Mapping, Sequence
from datetime import date, datetime
from inspect import iscoroutinefunction
from sys import float_info, getfilesystemencodeerrors, getfilesystemencoding
from typing import Protocol, cast
from urllib.parse import quote_plus, urlsplit

import attrs

from telnyx_video._base.errors import ErrorDetail, TelnyxVideoError
from telnyx_video._base.json import dumps, is_deep, is_json
from telnyx_video._base.text import few, one_line, show, without_userinfo

MAX_URL_LENGTH = 2000
"""Characters in a webhook URL, by the API's reference."""

MAX_NAME_LENGTH = 4000
"""Bytes of a room's name in a URL. The API documents no bound, but a name is looked up by a URL,
and many servers refuse one of more than 8 KB: such a room could be created, and never found."""

MAX_TEXT_LENGTH = 1_000_000
"""Characters of any other text that is sent."""

MAX_ID_LENGTH = 4000
"""Characters of an id, which is part of a URL; those of the API have 36."""

MAX_BITS = 63
"""Bits of an integer that is sent, not counting its sign."""

_LONGEST_ESCAPE = len("%F0%9F%98%80")
"""Bytes that one character takes in a URL, at most."""


@attrs.define(slots=False, eq=False, str=False, repr=False)
class InvalidRequestError(TelnyxVideoError, ValueError):
    """The request breaks a bound of the API; nothing was sent."""

    details: tuple[ErrorDetail, ...]
    """Every problem found, in the order of the fields."""
    message: str = attrs.field(init=False, default="")

    def __attrs_post_init__(self) -> None:
        self.message = one_line(f"nothing was sent: {few(self.details, len(self.details))}")


class _Path(Protocol):
    def __fspath__(self) -> object: ...


def name(
    problems: list[ErrorDetail], field: str, value: object, if_empty: str = "must not be empty"
) -> None:
    """Check a name: a text that is short enough to be looked up."""
    if isinstance(value, str) and len(value) > MAX_NAME_LENGTH:
        problem = f"must take at most {MAX_NAME_LENGTH} bytes in a URL, not {len(value)} or more"
        _add(problems, field, "too_long", problem)
        return
    text(problems, field, value, if_empty)
    if isinstance(value, str) and len(value) > MAX_NAME_LENGTH // _LONGEST_ESCAPE:
        length = len(quote_plus(value, errors="replace"))
        if length > MAX_NAME_LENGTH:
            problem = f"must take at most {MAX_NAME_LENGTH} bytes in a URL, not {length}"
            _add(problems, field, "too_long", problem)


def text(
    problems: list[ErrorDetail], field: str, value: object, if_empty: str = "must not be empty"
) -> None:
    """Check a text: a string that is not empty and can be encoded as UTF-8."""
    if not isinstance(value, str):
        _wrong_type(problems, field, "a string", value)
    elif not value:
        _add(problems, field, "empty", if_empty)
    elif len(value) > MAX_TEXT_LENGTH:
        problem = f"must have at most {MAX_TEXT_LENGTH:,} characters, not {len(value):,}"
        _add(problems, field, "too_long", problem)
    elif not value.isascii() and not _is_text(value):
        _add(problems, field, "not_text", "has a lone surrogate, which UTF-8 cannot express")


def secret(problems: list[ErrorDetail], field: str, value: object) -> None:
    """Check a secret: a text. An invalid value is not quoted, as it may be a secret, too."""
    found: list[ErrorDetail] = []
    text(found, field, value)
    if found:
        problem = f"must be a non-empty string, not this {type(value).__name__}"
        _add(problems, field, found[0].code or "", problem)


def integer(
    problems: list[ErrorDetail],
    field: str,
    value: object,
    least: int | None = None,
    most: int | None = None,
) -> None:
    """Check an integer of at most 64 bits; neither ``True`` nor ``10.0`` is one."""
    if not isinstance(value, int) or isinstance(value, bool):
        _wrong_type(problems, field, f"an integer{_bounds(least, most)}", value)
    elif (least is not None and value < least) or (most is not None and value > most):
        problem = f"must be{_bounds(least, most)}, not {show(value)}"
        _add(problems, field, "out_of_range", problem)
    elif value.bit_length() > MAX_BITS:
        _add(problems, field, "out_of_range", f"must fit into 64 bits, not {show(value)}")


def boolean(problems: list[ErrorDetail], field: str, value: object) -> None:
    """Check a boolean: ``True`` or ``False``."""
    if not isinstance(value, bool):
        _wrong_type(problems, field, "true or false", value)


def positive(problems: list[ErrorDetail], field: str, value: object) -> None:
    """Check a duration or a rate: a finite number above 0."""
    if not isinstance(value, int | float) or isinstance(value, bool):
        _wrong_type(problems, field, "a number above 0", value)
    elif not 0 < value <= float_info.max:
        _add(problems, field, "out_of_range", f"must be above 0 and finite, not {show(value)}")


def url(problems: list[ErrorDetail], field: str, value: object) -> None:
    """Check a URL: it has a scheme and a host, and at most 2000 characters."""
    if not isinstance(value, str):
        _wrong_type(problems, field, "a URL with a scheme and a host", value)
    elif len(value) > MAX_URL_LENGTH:
        problem = f"must have at most {MAX_URL_LENGTH} characters, not {len(value)}"
        _add(problems, field, "too_long", problem)
    elif not _is_url(value):
        problem = (
            "must be a URL with a scheme and a host, such as https://example.com/hook, "
            f"not {show(without_userinfo(value))}"
        )
        _add(problems, field, "not_a_url", problem)


def url_or_none(problems: list[ErrorDetail], field: str, value: object) -> None:
    """Check a URL, or None or ``""`` for no URL."""
    if value is not None and not (isinstance(value, str) and not value):
        url(problems, field, value)


def identifier(problems: list[ErrorDetail], field: str, value: object) -> None:
    """Check an id: one segment of a path, so that it cannot address another resource."""
    if not isinstance(value, str):
        _wrong_type(problems, field, "a string", value)
    elif len(value) > MAX_ID_LENGTH or not _is_id(value):
        problem = f"must be an id as the API gave it, not {show(value)}"
        _add(problems, field, "not_an_id", problem)


def identifiers(problems: list[ErrorDetail], field: str, value: object) -> None:
    """Check a collection of ids that is not empty; a string is not a collection."""
    if not isinstance(value, list | tuple | set | frozenset):
        _wrong_type(problems, field, "a list of ids", value)
        return
    items = cast("Collection[object]", value)
    if not items:
        _add(problems, field, "empty", "must not be empty")
    for item in items:
        identifier(problems, field, item)


def refuse(problems: list[ErrorDetail]) -> None:
    """Raise ``InvalidRequestError`` with all problems, if there are any."""
    if problems:
        raise InvalidRequestError(tuple(problems))


def choice(problems: list[ErrorDetail], field: str, value: object, choices: Sequence[str]) -> None:
    """Check a choice of several strings."""
    if not isinstance(value, str) or value not in choices:
        *others, last = (f'"{choice}"' for choice in choices)
        problem = f"must be {', '.join(others)} or {last}, not {show(value)}"
        _add(problems, field, "wrong_value", problem)


def path(problems: list[ErrorDetail], field: str, value: object) -> None:
    """Check a path: a string that can name a file, or an ``os.PathLike`` of one."""
    name = cast("_Path", value).__fspath__() if hasattr(type(value), "__fspath__") else value
    if not isinstance(name, str):
        _wrong_type(problems, field, "a path", value)
    elif not name or "\0" in name or not _can_name_a_file(name):
        _add(problems, field, "not_a_path", f"must be the path of a file, not {show(name)}")


def callback(problems: list[ErrorDetail], field: str, value: object) -> None:
    """Check a callback: a callable whose result is not awaited."""
    if not callable(value):
        _wrong_type(problems, field, "callable", value)
    elif iscoroutinefunction(value) or iscoroutinefunction(type(value).__call__):
        _add(problems, field, "awaited", "is called, not awaited: pass a plain function")


def several(problems: list[ErrorDetail], field: str, value: object, what: str) -> None:
    """Check an iterable or async iterable that is neither a string nor a mapping."""
    kind = type(value)
    single = issubclass(kind, str | bytes | bytearray | memoryview | Mapping)
    if single or not issubclass(kind, Iterable | AsyncIterable):
        problem = f"must be an iterable of {what}, not {kind.__name__}"
        if issubclass(kind, Mapping):
            problem += f"; for a single one use [{what}(**fields)]"
        _add(problems, field, "wrong_type", problem)


def day(problems: list[ErrorDetail], field: str, value: object) -> None:
    """Check a day: a date without a time, which would be cut off silently."""
    if not isinstance(value, date) or isinstance(value, datetime):
        problem = f"must be a datetime.date (a day in UTC), not {type(value).__name__}"
        _add(problems, field, "wrong_type", problem)


def mapping(problems: list[ErrorDetail], field: str, value: object) -> None:
    """Check a mapping of names to values."""
    if not isinstance(value, Mapping):
        _wrong_type(problems, field, "a mapping of names to values", value)


def json_body(problems: list[ErrorDetail], field: str, value: object) -> bytes | None:
    """Check a JSON value of bounded depth and return it encoded; errors do not quote it."""
    try:
        if is_json(value) and not is_deep(value):
            return dumps(value)
    except (TypeError, ValueError, RecursionError):
        pass
    problem = "must be JSON: objects with string keys, arrays, strings, finite numbers"
    _add(problems, field, "wrong_type", problem)
    return None


def pointer(*names: str) -> str:
    """The JSON pointer (RFC 6901) to a field of a body."""
    return "".join("/" + name.replace("~", "~0").replace("/", "~1") for name in names)


def _bounds(least: int | None, most: int | None) -> str:
    if most is not None:
        return f" from {least} to {most}"
    return "" if least is None else f" {least} or more"


def _is_id(value: str) -> bool:
    return value.isascii() and value.replace("-", "").replace("_", "").isalnum()


def _is_url(value: str) -> bool:
    if not value.isprintable() or " " in value:
        return False
    try:
        parts = urlsplit(value)
        return bool(parts.scheme and parts.hostname) and parts.port != 0
    except ValueError:
        return False


def _is_text(value: str) -> bool:
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True


def _can_name_a_file(path: str) -> bool:
    try:
        path.encode(getfilesystemencoding(), getfilesystemencodeerrors())  # as the OS does
    except UnicodeEncodeError:
        return False
    return True


def _wrong_type(problems: list[ErrorDetail], field: str, wanted: str, value: object) -> None:
    problem = f"must be {wanted}, not {show(value)} ({type(value).__name__})"
    _add(problems, field, "wrong_type", problem)


def _add(problems: list[ErrorDetail], field: str, code: str, problem: str) -> None:
    problems.append(ErrorDetail(problem, code=code, pointer=f"/{field}"))
