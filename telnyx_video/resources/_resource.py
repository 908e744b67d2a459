"""The base class of the resources, and views of them: with other options, or keeping raw replies.

A view shares its resource's connections, so that all other calls cost nothing more.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Mapping
from contextlib import aclosing
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final, TypeVar, cast

import attrs

from telnyx_video._base import validate as check
from telnyx_video._base.errors import ErrorDetail
from telnyx_video._base.http import HttpReply
from telnyx_video._base.validate import InvalidRequestError
from telnyx_video._execution.attempt import AttemptRunner, CallOptions
from telnyx_video._execution.paging import AsyncPager
from telnyx_video._execution.retry import RetryPolicy
from telnyx_video._transport.session import as_timeout, check_timeout
from telnyx_video._transport.transport import Transport
from telnyx_video._wire import replies
from telnyx_video.models import Page, RawResponse, Record
from telnyx_video.resources._arguments import check_headers, check_policy, merge_headers

if TYPE_CHECKING:
    from aiohttp import ClientTimeout

R = TypeVar("R", bound=Record)
T = TypeVar("T")
V = TypeVar("V", bound="Resource")

UNRECORDED: Final = frozenset(
    ("aclose", "close", "create_many", "open", "stream_many", "with_options", "with_raw_response")
)
"""Public methods of clients and resources that are not one call with one result."""


def view(resource: V, **changes: object) -> V:
    """Return a copy of a resource that shares its connections, with other attributes.

    Its sub-resources are created again, with these attributes.
    """
    own_class = type(resource)
    copy = own_class.__new__(own_class)
    kept = {
        name: value
        for name, value in vars(resource).items()
        if not isinstance(getattr(own_class, name, None), cached_property)
    }
    vars(copy).update(kept, _origin=resource, **changes)
    return copy


class Resource:
    """Methods that share one client's connections, options and retries."""

    _origin: Resource | None = None
    """What this one is a view of."""

    def __init__(self, runner: AttemptRunner, options: CallOptions) -> None:
        self._runner = runner
        self._options = options

    def _call_options(
        self,
        timeout: float | ClientTimeout | None,
        retry: RetryPolicy | None,
        headers: Mapping[str, str] | None = None,
    ) -> CallOptions:
        """Return the options of one call: the client's, unless it has its own.

        Raises:
            InvalidRequestError: one of them is invalid.
        """
        if timeout is None and retry is None and headers is None:
            return self._options
        problems: list[ErrorDetail] = []
        check_timeout(problems, timeout)
        check_policy(problems, retry)
        check_headers(problems, "headers", headers)
        options = self._options
        merged = None if problems else merge_headers(options.headers, headers)
        del headers  # a traceback may show locals, and a header may be a secret
        check.refuse(problems)
        return attrs.evolve(
            options,
            policy=retry or options.policy,
            timeout=options.timeout if timeout is None else as_timeout(timeout),
            headers=merged,
        )


@attrs.define
class Recorder:
    """Keeps the last reply of a call, which is the one that decided its result."""

    transport: Transport
    reply: HttpReply | None = None

    def keep(self, reply: HttpReply) -> None:
        """Keep a reply; it replaces the previous one."""
        self.reply = reply

    def raw(self) -> RawResponse:
        """Return the last reply as it came, without the key."""
        reply = cast("HttpReply", self.reply)  # no call returns without one
        return replies.raw_response(reply, self.transport.redact_headers)

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


def record(resource: object, method: str) -> tuple[Any, Recorder]:
    """Return a view of a resource to make one call with, and the recorder of that call.

    Raises:
        InvalidRequestError: it is not a resource, or the method does not make one call.
    """
    if not isinstance(resource, Resource) or method in UNRECORDED:
        problem = "must be a method of this client or of its resources that makes one call"
        raise InvalidRequestError((ErrorDetail(problem, code="wrong_value", pointer="/method"),))
    runner, options = resource._runner, resource._options  # pyright: ignore[reportPrivateUsage]
    recorder = Recorder(runner.transport)
    return view(resource, _options=attrs.evolve(options, on_reply=recorder.keep)), recorder
