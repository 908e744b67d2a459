"""Checks the arguments of the client's methods, before anything is sent."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, cast

from telnyx_video._base import validate as check
from telnyx_video._base.text import few, show
from telnyx_video._execution.retry import RetryPolicy
from telnyx_video.errors import ErrorDetail

if TYPE_CHECKING:
    from telnyx_video.observing import Hook


def check_client(
    problems: list[ErrorDetail], retry: object, concurrency: object, auto_name: object
) -> None:
    """Check the arguments of a client that are not about connecting."""
    check_policy(problems, retry)
    check.integer(problems, "concurrency", concurrency, 1)
    check.boolean(problems, "auto_name", auto_name)


def checked_hooks(problems: list[ErrorDetail], hooks: object) -> tuple[Hook, ...]:
    """Return the hooks; add a problem if one is not callable, or is a coroutine function."""
    several: tuple[object, ...] = (hooks,)
    if not callable(hooks) and not isinstance(hooks, str | bytes) and isinstance(hooks, Iterable):
        several = tuple(cast("Iterable[object]", hooks))
    wrong: list[ErrorDetail] = []
    for hook in several:
        check.callback(wrong, "hooks", hook)
    if wrong:
        problems.append(ErrorDetail(few(wrong, len(wrong))))
    return cast("tuple[Hook, ...]", several)


def check_headers(problems: list[ErrorDetail], field: str, headers: object) -> None:
    """Headers are a mapping of names to values, without those that only the client can set.

    A value is not quoted, as it may be a secret.
    """
    if headers is None:
        return
    if not isinstance(headers, Mapping):
        wrong = f"must be a mapping of names to values, not {type(headers).__name__}"
        problems.append(ErrorDetail(wrong, code="wrong_type", pointer=f"/{field}"))
        return
    seen: set[str] = set()
    for name, value in cast("Mapping[object, object]", headers).items():
        problem: str | None = None
        if not (isinstance(name, str) and _TOKEN.fullmatch(name)):
            problem = f"{show(name)} is not the name of a header"
        elif name.lower() in _RESERVED:
            problem = f"{name} is set by the client"
        elif name.lower() in seen:
            problem = f"{name} is given twice"
        elif not (isinstance(value, str) and _HEADER_VALUE.fullmatch(value)):
            problem = f"the value of {name} must be a string of visible ASCII characters"
        else:
            seen.add(name.lower())
        if problem is not None:
            problems.append(ErrorDetail(problem, code="invalid", pointer=f"/{field}"))


def check_app_info(problems: list[ErrorDetail], app_info: object) -> None:
    """The name of the caller's program, and its version if it has one."""
    if app_info is None or (isinstance(app_info, str) and _PRODUCT.fullmatch(app_info)):
        return
    problem = f"must be a name and a version, such as crm/2.1, not {show(app_info)}"
    problems.append(ErrorDetail(problem, code="invalid", pointer="/app_info"))


def merge_headers(
    before: Mapping[str, str] | None, added: Mapping[str, str] | None
) -> Mapping[str, str] | None:
    """Merge the headers; if both have a name, in any case, the added value counts."""
    if before is None or added is None:
        return before if added is None else dict(added)
    replaced = {name.lower() for name in added}
    kept = {name: value for name, value in before.items() if name.lower() not in replaced}
    return {**kept, **added}


_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_PRODUCT = re.compile(rf"{_TOKEN.pattern}(/{_TOKEN.pattern})?")
_HEADER_VALUE = re.compile(r"(?:[!-~](?:[ \t!-~]*[!-~])?)?")

_RESERVED = frozenset(
    (
        "authorization",
        "connection",
        "content-encoding",
        "content-length",
        "cookie",
        "expect",
        "host",
        "proxy-authorization",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
    )
)
"""The key, the length and framing of the body, and what decides how it is written."""


def check_policy(problems: list[ErrorDetail], retry: object) -> None:
    """A policy is a ``RetryPolicy``, or None for the default."""
    if not isinstance(retry, RetryPolicy | None):
        problem = f"must be a RetryPolicy, not {type(retry).__name__}"
        problems.append(ErrorDetail(problem, code="wrong_type", pointer="/retry"))
