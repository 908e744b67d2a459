"""The base class of the resources: what their methods send requests with, options, and lists."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cached_property
from typing import TYPE_CHECKING, TypeVar

import attrs

from telnyx_video._base import validate as check
from telnyx_video._base.http import HttpReply, HttpRequest
from telnyx_video._execution.attempt import AttemptRunner, CallOptions
from telnyx_video._execution.call import execute
from telnyx_video._execution.paging import AsyncPager
from telnyx_video._execution.retry import RetryPolicy
from telnyx_video._transport.session import as_timeout, check_timeout
from telnyx_video.errors import ErrorDetail
from telnyx_video.models import Page, Record
from telnyx_video.resources._arguments import check_headers, check_policy, merge_headers

if TYPE_CHECKING:
    from aiohttp import ClientTimeout

R = TypeVar("R", bound=Record)
V = TypeVar("V", bound="Resource")


def view(resource: V, **changes: object) -> V:
    """Return a copy of a resource that shares its connections, with other attributes.

    Its own resources are made anew, with these attributes.
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
        check.refuse(problems)
        options = self._options
        return attrs.evolve(
            options,
            policy=retry or options.policy,
            timeout=options.timeout if timeout is None else as_timeout(timeout),
            headers=merge_headers(options.headers, headers),
        )

    def _list(
        self,
        page_request: Callable[[int], HttpRequest],
        read: Callable[[HttpReply], Page[R]],
        options: CallOptions,
    ) -> AsyncPager[R]:
        """Return a list whose pages are requested by their numbers."""

        async def fetch(number: int) -> Page[R]:
            return await execute(self._runner, page_request(number), read, options, idempotent=True)

        page_request(1)  # refuses invalid arguments now, and not when the first page is fetched
        return AsyncPager(fetch)
