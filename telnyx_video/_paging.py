"""Lists of any length, page by page: drawn as they are read, ended whatever the server does."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Generic, TypeVar

import attrs

from telnyx_video.models import Page, Record

R = TypeVar("R", bound=Record)


class AsyncPager(Generic[R]):
    """All objects of a list: ``async for room in pager``; each loop over it asks anew."""

    def __init__(self, fetch: Callable[[int], Awaitable[Page[R]]]) -> None:
        self._fetch = fetch

    async def pages(self) -> AsyncIterator[Page[R]]:
        """The pages, with their totals and what came beside them.

        A list may change while it is read, and then repeat objects on the next page. They are
        left out there, and a page that has nothing else is taken for the end.
        """
        before: set[str] = set()
        number = 1
        while True:
            page = await self._fetch(number)
            fresh = [item for item in page.items if item.id not in before]
            if fresh or number == 1:
                yield attrs.evolve(page, items=fresh)
            if page.is_last or not fresh:
                return
            before = {item.id for item in page.items}
            number += 1

    async def __aiter__(self) -> AsyncIterator[R]:
        async for page in self.pages():
            for item in page.items:
                yield item
