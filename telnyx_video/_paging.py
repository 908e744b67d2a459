"""Lists of any length, page by page: drawn as they are read, ended whatever the server does."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from itertools import count
from typing import Generic, TypeVar

import attrs

from telnyx_video.models import Page, Record

R = TypeVar("R", bound=Record)


TWICE = 2
"""One page like an earlier one may come of rooms made meanwhile, which push the others on."""


class AsyncPager(Generic[R]):
    """All objects of a list: ``async for room in pager``; each loop over it asks anew."""

    def __init__(self, fetch: Callable[[int], Awaitable[Page[R]]]) -> None:
        self._fetch = fetch

    async def pages(self) -> AsyncIterator[Page[R]]:
        """The pages, with their totals and what came beside them.

        A list may change while it is read, and then repeat objects on the next page: they are left
        out there. A server that goes in circles is noticed by comparing each page with a landmark,
        which moves on at pages 1, 2, 4, 8, … (Brent's algorithm), and is believed to be lost when
        it has come by twice.
        """
        before: set[str] = set()
        landmark: set[str] | None = None
        met = 0
        for number in count(1):
            page = await self._fetch(number)
            ids = {item.id for item in page.items}
            met += ids == landmark
            fresh = [item for item in page.items if item.id not in before]
            if fresh or number == 1:
                yield attrs.evolve(page, items=fresh)
            if page.is_last or met == TWICE:
                return
            if number & (number - 1) == 0:
                landmark = ids
            before = ids if fresh else before | ids

    async def __aiter__(self) -> AsyncIterator[R]:
        async for page in self.pages():
            for item in page.items:
                yield item
