"""Executes requests; retries idempotent ones. Creating a room is in ``create``."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from random import random
from typing import TypeVar

from telnyx_video._base.errors import ConfigurationError, TelnyxVideoError
from telnyx_video._base.http import HttpReply, HttpRequest, note_sent
from telnyx_video._execution.attempt import AttemptRunner, CallOptions
from telnyx_video._execution.paging import AsyncPager
from telnyx_video._execution.retry import RetryState, is_transient
from telnyx_video._wire import replies
from telnyx_video.errors import NotFoundError, OutcomeUnknownError
from telnyx_video.models.base import Answered, Page, Record

R = TypeVar("R", bound=Record)
T = TypeVar("T", bound=Answered | None)

Verify = Callable[[OutcomeUnknownError, CallOptions], Awaitable[bool]]
"""Finds out whether a request of unknown outcome was applied."""

REPEAT_HINT = "read the object to see, or repeat the call: it leads to the same result"


async def execute(
    runner: AttemptRunner,
    request: HttpRequest,
    read: Callable[[HttpReply], T],
    options: CallOptions,
    *,
    idempotent: bool,
    hint: str = REPEAT_HINT,
) -> T:
    """Execute a request.

    Args:
        runner: Makes the attempts.
        request: The request.
        read: Reads the reply; raises if it is an error.
        options: Limits of the call.
        idempotent: Whether it may be sent again though it may have been applied.
        hint: What the caller can do if the outcome stays unknown.

    Raises:
        OutcomeUnknownError: it may have been applied, and no reply says so.
    """
    with runner.traced(options, request.operation, request.method) as traced:
        try:
            return await _attempts(runner, request, read, traced, idempotent, hint)
        except OutcomeUnknownError as unknown:
            runner.instrument.failed(request, None, unknown)
            raise


async def execute_and_verify(
    runner: AttemptRunner,
    request: HttpRequest,
    read: Callable[[HttpReply], Answered | None],
    options: CallOptions,
    verify: Verify,
) -> None:
    """Execute an idempotent request whose effect can be looked up after a lost reply.

    Args:
        runner: Makes the attempts.
        request: The request.
        read: Reads the reply; raises if it is an error.
        options: Limits of the call.
        verify: Asked if the outcome is unknown.
    """
    with runner.traced(options, request.operation, request.method) as traced:
        try:
            await _attempts(runner, request, read, traced, True, REPEAT_HINT)
        except OutcomeUnknownError as unknown:
            if not await verify(unknown, traced):
                runner.instrument.failed(request, None, unknown)
                raise


async def delete(runner: AttemptRunner, request: HttpRequest, options: CallOptions) -> None:
    """Delete an object; a deletion by an earlier attempt of this call counts as success."""
    await execute_and_verify(runner, request, replies.read_deleted, options, _is_gone)


async def _is_gone(unknown: OutcomeUnknownError, _: CallOptions) -> bool:
    return isinstance(unknown.last_error, NotFoundError)


def list_pages(
    runner: AttemptRunner,
    page_request: Callable[[int], HttpRequest],
    read: Callable[[HttpReply], Page[R]],
    options: CallOptions,
    owner: object = None,
) -> AsyncPager[R]:
    """Return a list whose pages are requested by their numbers, each by a separate call.

    Args:
        runner: What the attempts share.
        page_request: Returns the request for a page, by its number.
        read: Reads a page.
        options: Limits of each call.
        owner: The client to keep alive while the list is used.

    Raises:
        InvalidRequestError: an argument of the requests is invalid.
    """

    async def fetch(number: int) -> Page[R]:
        return await execute(runner, page_request(number), read, options, idempotent=True)

    page_request(1)  # refuses invalid arguments now, and not when the first page is fetched
    return AsyncPager(fetch, owner)


async def _attempts(
    runner: AttemptRunner,
    request: HttpRequest,
    read: Callable[[HttpReply], T],
    options: CallOptions,
    idempotent: bool,
    hint: str,
) -> T:
    """Send until there is a reply, or no sense or time in another attempt."""
    state = RetryState(options.policy, runner.budget, runner.transport.time())
    try:
        while True:
            try:
                now = runner.transport.time()
                result = await runner.run(
                    request, read, state, options, options.policy.deadline, now
                )
            except TelnyxVideoError as error:
                failure = error
            else:
                runner.budget.refund()
                return result
            state.record_failure(failure)
            resend = idempotent or state.unresolved_error is None
            if not resend or not await _wait(runner, request, state, options, failure):
                break
    except asyncio.CancelledError as cancelled:
        if state.unresolved_error is not None:
            note_sent(cancelled, request)
        raise
    if state.unresolved_error is None:
        raise failure
    raise OutcomeUnknownError(
        f"{request.method} {request.path} may have been applied "
        f"({state.unresolved_error.message.partition(' - ')[0]}) - {hint}",
        attempts=state.sent,
        last_error=failure,
    )


async def _wait(
    runner: AttemptRunner,
    request: HttpRequest,
    state: RetryState,
    options: CallOptions,
    error: TelnyxVideoError,
) -> bool:
    """Wait for another attempt; return False if there is none."""
    if not is_transient(error) or not state.may_retry(error):
        return False
    seconds = state.wait(error, runner.transport.time(), random())
    if seconds is None:
        return False
    runner.instrument.retry_scheduled(options.trace, request, None, error, seconds, "send")
    try:
        await runner.transport.sleep(seconds)
    except ConfigurationError:  # closed: the error is the result
        return False
    return True
