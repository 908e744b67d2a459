"""Keeps the raw reply of a call, for callers who want it beside the result.

The call is made by a view of its resource, so that all other calls cost nothing more.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing
from typing import Any, Final, TypeVar, cast

import attrs

from telnyx_video._base.errors import ErrorDetail
from telnyx_video._base.http import HttpReply, HttpRequest
from telnyx_video._base.validate import InvalidRequestError
from telnyx_video._execution.attempt import AttemptRunner, CallOptions
from telnyx_video._execution.paging import AsyncPager
from telnyx_video._execution.retry import RetryState
from telnyx_video._wire import replies
from telnyx_video.models import Page, RawResponse, Record
from telnyx_video.models.base import Answered
from telnyx_video.resources._resource import Resource, view

T = TypeVar("T")
A = TypeVar("A", bound=Answered | None)
R = TypeVar("R", bound=Record)

UNRECORDED: Final = frozenset(
    ("aclose", "close", "create_many", "open", "stream_many", "with_options", "with_raw_response")
)
"""Public methods of clients and resources that are not one call with one result."""


@attrs.define
class Recorder:
    """Keeps the last reply of a call, which is the one that decided its result."""

    runner: AttemptRunner
    reply: HttpReply | None = None

    def raw(self) -> RawResponse:
        """Return the last reply as it came, without the key."""
        reply = cast("HttpReply", self.reply)  # no call returns without one
        return replies.raw_response(reply, self.runner.transport.redact_headers)

    async def result(self, call: Awaitable[T]) -> tuple[T, RawResponse]:
        """Wait for the call; return its result, and its raw reply."""
        return await call, self.raw()

    async def pages(self, pager: AsyncPager[R]) -> AsyncGenerator[tuple[Page[R], RawResponse]]:
        """Yield each page of a list, and its raw reply.

        The next page is fetched only after this one was yielded.
        """
        async with aclosing(pager.pages()) as pages:
            async for page in pages:
                yield page, self.raw()


@attrs.frozen
class _RecordingRunner(AttemptRunner):
    """Makes attempts as another runner does, and shows their replies to a recorder."""

    recorder: Recorder = attrs.field(kw_only=True)

    async def run(
        self,
        request: HttpRequest,
        read: Callable[[HttpReply], A],
        state: RetryState,
        options: CallOptions,
        within: float,
        now: float,
    ) -> A:
        """Send once, and keep the reply."""

        def record(reply: HttpReply) -> A:
            self.recorder.reply = reply
            return read(reply)

        return await self.recorder.runner.run(request, record, state, options, within, now)


def record(resource: object, method: str) -> tuple[Any, Recorder]:
    """Return a view of a resource to make one call with, and the recorder of that call.

    Raises:
        InvalidRequestError: it is not a resource, or the method does not make one call.
    """
    if not isinstance(resource, Resource) or method in UNRECORDED:
        problem = "must be a method of this client or of its resources that makes one call"
        raise InvalidRequestError((ErrorDetail(problem, code="wrong_value", pointer="/method"),))
    runner: AttemptRunner = vars(resource)["_runner"]
    recorder = Recorder(runner)
    shared = {field.name: getattr(runner, field.name) for field in attrs.fields(AttemptRunner)}
    return view(resource, _runner=_RecordingRunner(**shared, recorder=recorder)), recorder
