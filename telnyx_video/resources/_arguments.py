"""Arguments of the client's methods: put together and checked, before anything is sent."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Final, cast, get_args

from telnyx_video._base import validate as check
from telnyx_video._base.text import few, plain_str, show
from telnyx_video._execution.reconcile import IfExists
from telnyx_video._execution.retry import RetryPolicy
from telnyx_video.errors import ErrorDetail, InvalidRequestError
from telnyx_video.models import CreateRoomRequest, RoomFields

if TYPE_CHECKING:
    from telnyx_video.models import CompositionFields, CreateCompositionRequest
    from telnyx_video.observing import Hook

_IF_EXISTS: Final[tuple[str, ...]] = get_args(IfExists)


def room_request(request: object, fields: RoomFields) -> CreateRoomRequest:
    """A request that is given either as an object or as its fields.

    Raises:
        InvalidRequestError: it is given as neither or as both, or a field breaks a bound.
    """
    if request is None:
        return CreateRoomRequest(**fields)
    if isinstance(request, CreateRoomRequest) and not fields:
        return request
    raise _no_request(request, CreateRoomRequest)


def composition_request(request: object, fields: CompositionFields) -> CreateCompositionRequest:
    """The same for a composition."""
    from telnyx_video.models import CreateCompositionRequest

    if request is None:
        return CreateCompositionRequest(**fields)
    if isinstance(request, CreateCompositionRequest) and not fields:
        return request
    raise _no_request(request, CreateCompositionRequest)


def _no_request(request: object, wanted: type) -> InvalidRequestError:
    if isinstance(request, wanted):
        problem = "give either a request or fields, not both"
    else:
        problem = f"must be a {wanted.__name__}, not {type(request).__name__}"
        if isinstance(request, str) and wanted is CreateRoomRequest:
            problem += f"; for a room of this name use unique_name={show(request)}"
        if isinstance(request, Mapping):
            problem += f"; use {wanted.__name__}(**fields)"
    return InvalidRequestError((ErrorDetail(problem, code="wrong_type", pointer="/request"),))


def all_wrong(*checks: Callable[[], object]) -> InvalidRequestError:
    """What several checks refuse, as one error: for when one of them is known to refuse."""
    details: list[ErrorDetail] = []
    for refuses in checks:
        try:
            refuses()
        except InvalidRequestError as error:
            details += error.details
    return InvalidRequestError(tuple(details))


def sought_name(unique_name: str) -> str:
    """The name of a room to look for, as a plain string.

    Raises:
        InvalidRequestError: it is no name.
    """
    name = plain_str(unique_name)
    problems: list[ErrorDetail] = []
    check.name(problems, "unique_name", name)
    check.refuse(problems)
    return name


def check_if_exists(if_exists: object) -> None:
    """Raise ``InvalidRequestError`` for anything but the three choices."""
    if not isinstance(if_exists, str) or if_exists not in _IF_EXISTS:
        problems: list[ErrorDetail] = []
        check.choice(problems, "if_exists", if_exists, _IF_EXISTS)
        check.refuse(problems)


def check_batch(
    requests: object,
    concurrency: object,
    if_exists: object,
    max_rate: object,
    journal: object,
    fail_fast: object,
    give_up_after: object,
    on_progress: object,
    since: object = None,
) -> None:
    """Raise ``InvalidRequestError`` with all that is wrong with a batch's arguments."""
    problems: list[ErrorDetail] = []
    check.several(problems, "requests", requests, "CreateRoomRequest")
    check.integer(problems, "concurrency", concurrency, 1)
    check.choice(problems, "if_exists", if_exists, _IF_EXISTS)
    if max_rate is not None:
        check.positive(problems, "max_rate", max_rate)
    if journal is not None:
        check.path(problems, "journal", journal)
    check.boolean(problems, "fail_fast", fail_fast)
    check.positive(problems, "give_up_after", give_up_after)
    if on_progress is not None:
        check.callback(problems, "on_progress", on_progress)
    if since is not None:
        check.positive(problems, "since", since)
    check.refuse(problems)


def check_settings(
    problems: list[ErrorDetail], retry: object, concurrency: object, auto_name: object
) -> None:
    """Note all that is wrong with the settings of a client that are not about connecting."""
    check_policy(problems, retry)
    check.integer(problems, "concurrency", concurrency, 1)
    check.boolean(problems, "auto_name", auto_name)


def checked_hooks(problems: list[ErrorDetail], hooks: object) -> tuple[Hook, ...]:
    """The hooks, one by one; those that cannot be called, or would be awaited, are noted."""
    several: tuple[object, ...] = (hooks,)
    if not callable(hooks) and not isinstance(hooks, str | bytes) and isinstance(hooks, Iterable):
        several = tuple(cast("Iterable[object]", hooks))
    wrong: list[ErrorDetail] = []
    for hook in several:
        check.callback(wrong, "hooks", hook)
    if wrong:
        problems.append(ErrorDetail(few(wrong, len(wrong))))
    return cast("tuple[Hook, ...]", several)


def check_policy(problems: list[ErrorDetail], retry: object) -> None:
    """A policy is a ``RetryPolicy``, or None for the one that holds anyway."""
    if not isinstance(retry, RetryPolicy | None):
        problem = f"must be a RetryPolicy, not {type(retry).__name__}"
        problems.append(ErrorDetail(problem, code="wrong_type", pointer="/retry"))
