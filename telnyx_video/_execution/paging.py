"""Lists of any length, page by page: fetched ahead by one, ended whatever the server does."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from typing import Generic, TypeVar

import attrs

from telnyx_video.errors import NotFoundError
from telnyx_video.models import Page, Record

R = TypeVar("R", bound=Record)

Fetch = Callable[[int], Awaitable[Page[R]]]
"""Gets the page of a number, counted from 1."""

TWICE = 2
"""One page like an earlier one may come of rooms made meanwhile, which push the others on."""


class AsyncPager(Generic[R]):
    """All objects of a list: ``async for room in pager``; each loop over it asks anew.

    While a page is being worked off the next one is fetched, by one task at the most. It ends with
    the loop: at once if the iterator is closed (``async with aclosing(...)``), else as soon as an
    iterator that was left early is collected, which without a reference cycle is immediately.
    """

    def __init__(self, fetch: Fetch[R]) -> None:
        self._fetch = fetch

    async def pages(self) -> AsyncGenerator[Page[R], None]:
        """The pages, with their totals and what came beside them.

        A list may change while it is read, and then repeat objects on the next page: they are left
        out there. It ends when a page is empty, is not found any more, or is the last by its own
        figures; and when the server goes in circles.
        """
        reader = Reader(self._fetch)
        try:
            while (page := await reader.next()) is not None:
                reader.look_ahead()
                yield page
        finally:
            await reader.aclose()

    async def first(self) -> R | None:
        """The first object, or None where there is none.

        It is on the first page, which is all that is asked for: ``list(..., page_size=1)`` has
        nothing else on it.
        """
        page = await self._fetch(1)
        return page.items[0] if page.items else None

    async def __aiter__(self) -> AsyncGenerator[R, None]:
        reader = Reader(self._fetch)
        try:
            while (page := await reader.next()) is not None:
                half = len(page.items) // 2
                for index, item in enumerate(page.items):
                    if index == half:  # not before: many a loop wants the first few only
                        reader.look_ahead()
                    yield item
        finally:
            await reader.aclose()


class Reader(Generic[R]):
    """Reads the pages of a list one after the other."""

    def __init__(self, fetch: Fetch[R]) -> None:
        self._fetch = fetch
        self._course = Course()
        self._ahead: asyncio.Future[Page[R]] | None = None

    async def next(self) -> Page[R] | None:
        """The next page that has anything new, or the first; None at the end."""
        while not self._course.ended:
            number = self._course.number
            ahead, self._ahead = self._ahead, None
            try:
                page = await (ahead or self._fetch(number))
            except NotFoundError:
                if number == 1:
                    raise
                return None  # there were more pages a moment ago
            fresh = self._course.follow(page)
            if fresh or number == 1:
                return attrs.evolve(page, items=[i for i in page.items if i.id in fresh])
        return None

    def look_ahead(self) -> None:
        """Begin to fetch the page that will be wanted next, if there is one."""
        if self._ahead is None and not self._course.ended:
            self._ahead = asyncio.ensure_future(self._fetch(self._course.number))

    async def aclose(self) -> None:
        """End what was begun, and wait for its end."""
        ahead, self._ahead = self._ahead, None
        if ahead is not None:
            ahead.cancel()
            await asyncio.wait([ahead])
            if not ahead.cancelled():
                ahead.exception()  # nobody wants it any more: it is not to be reported as lost


class Course:
    """Where one is in a list, and whether there is anything ahead.

    A server that goes in circles is noticed by comparing each page with a landmark, which moves on
    at pages 1, 2, 4, 8, … (Brent's algorithm), and is believed to be lost when it came by twice.
    """

    def __init__(self) -> None:
        self.number: int = 1
        """The page to ask for next."""
        self.ended: bool = False
        self._before: set[str] = set()
        self._landmark: set[str] | None = None
        self._met = 0

    def follow(self, page: Page[R]) -> set[str]:
        """Move past a page; tells the ids on it that were not on the page before."""
        ids = {item.id for item in page.items}
        self._met += ids == self._landmark
        fresh = ids - self._before
        self.ended = page.is_last or self._met == TWICE
        if self.number & (self.number - 1) == 0:
            self._landmark = ids
        self._before = ids if fresh else self._before | ids
        self.number += 1
        return fresh
