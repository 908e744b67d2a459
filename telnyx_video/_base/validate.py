"""The bounds of the API as small checks: each adds the problem it finds, in words, to a list.

They take any object, since what they guard against is callers whose types were never checked.
"""

from __future__ import annotations

from collections.abc import AsyncIterable, Collection, Iterable, Mapping, Sequence
from datetime import date, datetime
from inspect import iscoroutinefunction
from sys import float_info, getfilesystemencodeerrors, getfilesystemencoding
from typing import Protocol, cast
from urllib.parse import quote_plus, urlsplit

from telnyx_video._base.errors import ErrorDetail, InvalidRequestError
from telnyx_video._base.text import show

MAX_URL_LENGTH = 2000
"""Characters in a webhook URL, by the API's reference."""

MAX_NAME_LENGTH = 4000
"""Bytes of a room's name in a URL. The API tells no bound; but a name is looked up by a URL, and
many servers refuse one of more than 8 KB: such a room could be made, and never be found."""

MAX_BITS = 63
"""Bits of an integer that is sent, beside its sign."""

_LONGEST_ESCAPE = len("%F0%9F%98%80")
"""Bytes that one character takes at most in a URL."""


class _Path(Protocol):
    def __fspath__(self) -> object: ...


def name(
    problems: list[ErrorDetail], field: str, value: object, if_empty: str = "must not be empty"
) -> None:
    """A name is a text, and short enough to be looked up."""
    text(problems, field, value, if_empty)
    if isinstance(value, str) and len(value) > MAX_NAME_LENGTH // _LONGEST_ESCAPE:
        length = len(quote_plus(value, errors="replace"))
        if length > MAX_NAME_LENGTH:
            problem = f"must take at most {MAX_NAME_LENGTH} bytes in a URL, not {length}"
            _add(problems, field, "too_long", problem)


def text(
    problems: list[ErrorDetail], field: str, value: object, if_empty: str = "must not be empty"
) -> None:
    """A text is a string, not empty, and can be written as UTF-8."""
    if not isinstance(value, str):
        _wrong_type(problems, field, "a string", value)
    elif not value:
        _add(problems, field, "empty", if_empty)
    elif not value.isascii() and not _is_text(value):
        _add(problems, field, "not_text", "has a lone surrogate, which UTF-8 cannot express")


def secret(problems: list[ErrorDetail], field: str, value: object) -> None:
    """A secret is a text; what was given instead is not shown, as it may be a secret, too."""
    found: list[ErrorDetail] = []
    text(found, field, value)
    if found:
        problem = f"must be a string that is not empty, not this {type(value).__name__}"
        _add(problems, field, found[0].code or "", problem)


def integer(
    problems: list[ErrorDetail],
    field: str,
    value: object,
    least: int | None,
    most: int | None = None,
) -> None:
    """An integer is an integer (neither ``True`` nor ``10.0``) from ``least`` to ``most``."""
    if not isinstance(value, int) or isinstance(value, bool):
        _wrong_type(problems, field, f"an integer{_bounds(least, most)}", value)
    elif (least is not None and value < least) or (most is not None and value > most):
        problem = f"must be{_bounds(least, most)}, not {show(value)}"
        _add(problems, field, "out_of_range", problem)


def sent_integer(
    problems: list[ErrorDetail],
    field: str,
    value: object,
    least: int | None,
    most: int | None = None,
) -> None:
    """An integer that is sent has at most 64 bits, as any reader of JSON expects."""
    found = len(problems)
    integer(problems, field, value, least, most)
    if len(problems) == found and cast("int", value).bit_length() > MAX_BITS:
        problem = f"must fit into 64 bits, unlike {show(value)}"
        _add(problems, field, "out_of_range", problem)


def boolean(problems: list[ErrorDetail], field: str, value: object) -> None:
    """A boolean is ``True`` or ``False``."""
    if not isinstance(value, bool):
        _wrong_type(problems, field, "true or false", value)


def positive(problems: list[ErrorDetail], field: str, value: object) -> None:
    """A span of time or a rate is a number above 0, and finite."""
    if not isinstance(value, int | float) or isinstance(value, bool):
        _wrong_type(problems, field, "a number above 0", value)
    elif not 0 < value <= float_info.max:
        _add(problems, field, "out_of_range", f"must be above 0 and finite, not {show(value)}")


def url(problems: list[ErrorDetail], field: str, value: object) -> None:
    """A URL has a scheme and a host, and at most 2000 characters."""
    if not isinstance(value, str):
        _wrong_type(problems, field, "a URL with a scheme and a host", value)
    elif len(value) > MAX_URL_LENGTH:
        problem = f"must have at most {MAX_URL_LENGTH} characters, not {len(value)}"
        _add(problems, field, "too_long", problem)
    elif not _is_url(value):
        problem = (
            "must be a URL with a scheme and a host, such as https://example.com/hook, "
            f"not {show(value)}"
        )
        _add(problems, field, "not_a_url", problem)


def url_or_none(problems: list[ErrorDetail], field: str, value: object) -> None:
    """The same, or None or ``""`` for no URL."""
    if value is not None and not (isinstance(value, str) and not value):
        url(problems, field, value)


def identifier(problems: list[ErrorDetail], field: str, value: object) -> None:
    """An id fits one segment of a path, so that it cannot reach another resource."""
    if not isinstance(value, str):
        _wrong_type(problems, field, "a string", value)
    elif not (value.isascii() and value.replace("-", "").replace("_", "").isalnum()):
        problem = f"must be an id as the API gave it, not {show(value)}"
        _add(problems, field, "not_an_id", problem)


def identifiers(problems: list[ErrorDetail], field: str, value: object) -> None:
    """Ids are a collection of them that is not empty; a single id is not taken for one."""
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
    """A choice is one of several words."""
    if not isinstance(value, str) or value not in choices:
        *others, last = (f'"{choice}"' for choice in choices)
        problem = f"must be {', '.join(others)} or {last}, not {show(value)}"
        _add(problems, field, "wrong_value", problem)


def path(problems: list[ErrorDetail], field: str, value: object) -> None:
    """A path is a string that may name a file, or an object that tells one (``os.PathLike``)."""
    told = cast("_Path", value).__fspath__() if hasattr(type(value), "__fspath__") else value
    if not isinstance(told, str):
        _wrong_type(problems, field, "a path", value)
    elif not told or "\0" in told or not _names_a_file(told):
        _add(problems, field, "not_a_path", f"must be the path of a file, not {show(told)}")


def callback(problems: list[ErrorDetail], field: str, value: object) -> None:
    """A callback can be called, and nobody would await what it returns."""
    if not callable(value):
        _wrong_type(problems, field, "callable", value)
    elif iscoroutinefunction(value) or iscoroutinefunction(type(value).__call__):
        _add(problems, field, "awaited", "is called, not awaited: give a plain function")


def several(problems: list[ErrorDetail], field: str, value: object, what: str) -> None:
    """Several are any iterable or async iterable of them; one of them alone is none.

    Neither are a text and the fields of one, which are iterables, but of letters and names.
    """
    kind = type(value)
    alone = issubclass(kind, str | bytes | bytearray | memoryview | Mapping)
    if alone or not issubclass(kind, Iterable | AsyncIterable):
        problem = f"must be an iterable of {what}, not {kind.__name__}"
        if issubclass(kind, Mapping):
            problem += f"; for one alone use [{what}(**fields)]"
        _add(problems, field, "wrong_type", problem)


def day(problems: list[ErrorDetail], field: str, value: object) -> None:
    """A day has no time of day, which would silently be cut off."""
    if not isinstance(value, date) or isinstance(value, datetime):
        problem = f"must be a datetime.date (a day in UTC), not {type(value).__name__}"
        _add(problems, field, "wrong_type", problem)


def mapping(problems: list[ErrorDetail], field: str, value: object) -> None:
    """A mapping is one of names to values, such as a dict."""
    if not isinstance(value, Mapping):
        _wrong_type(problems, field, "a mapping of names to values", value)


def pointer(*names: str) -> str:
    """The JSON pointer (RFC 6901) to a field of a body."""
    return "".join("/" + name.replace("~", "~0").replace("/", "~1") for name in names)


def _bounds(least: int | None, most: int | None) -> str:
    if most is not None:
        return f" from {least} to {most}"
    return "" if least is None else f" {least} or more"


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


def _names_a_file(path: str) -> bool:
    try:
        path.encode(getfilesystemencoding(), getfilesystemencodeerrors())  # as the system does
    except UnicodeEncodeError:
        return False
    return True


def _wrong_type(problems: list[ErrorDetail], field: str, wanted: str, value: object) -> None:
    problem = f"must be {wanted}, not {show(value)} ({type(value).__name__})"
    _add(problems, field, "wrong_type", problem)


def _add(problems: list[ErrorDetail], field: str, code: str, problem: str) -> None:
    problems.append(ErrorDetail(problem, code=code, pointer=f"/{field}"))
