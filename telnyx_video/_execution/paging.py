"""Reads lists page by page, one page ahead; always ends, even with a faulty server."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from typing import TYPE_CHECKING, Generic, NoReturn, TypeVar

import attrs

from telnyx_video.errors import NotFoundError
from telnyx_video.models import Page, Record

R = TypeVar("R", bound=Record)

Fetch = Callable[[int], Awaitable[Page[R]]]
"""Fetches the page of a number, counted from 1."""

REPETITIONS = 2
"""How often a page may come again until the list counts as endless: objects created in between push
the others on, so that one repetition proves nothing."""


class AsyncPager(Generic[R]):
    """All objects of a list: ``async for room in pager``. Each loop sends new requests.

    The next page is fetched while the current one is processed, by one task. That task ends with
    the loop: immediately if the iterator is closed (``async with aclosing(...)``), else when an
    iterator that was left early is garbage-collected.
    """

    def __init__(self, fetch: Fetch[R], owner: object = None) -> None:
        self._fetch = fetch
        self._owner = owner  # keeps the client alive: without a reference it would be closed

    async def pages(self) -> AsyncGenerator[Page[R], None]:
        """Yield the pages, with their totals, request ids and rate limits.

        A list may change while it is read, so that objects come again on the next page: they are
        left out there. Iteration ends when a page is empty, not found, or the last by its own
        figures, and when the server keeps sending the same pages.
        """
        reader = PageReader(self._fetch)
        try:
            while (page := await reader.next()) is not None:
                reader.fetch_ahead()
                yield page
        finally:
            await reader.aclose()

    async def first(self) -> R | None:
        """Return the first object, or None if the list is empty.

        Fetches the first page only; with ``list(..., page_size=1)`` that is one object.
        """
        page = await self._fetch(1)
        return page.items[0] if page.items else None

    async def __aiter__(self) -> AsyncGenerator[R, None]:
        reader = PageReader(self._fetch)
        try:
            while (page := await reader.next()) is not None:
                half = len(page.items) // 2
                for index, item in enumerate(page.items):
                    if index == half:  # not earlier: many loops need the first few objects only
                        reader.fetch_ahead()
                    yield item
        finally:
            await reader.aclose()

    if not TYPE_CHECKING:  # type checkers report it as not iterable

        def __iter__(self) -> NoReturn:
            raise TypeError(
                "this list is asynchronous: use `async for`, or RoomsClient in blocking code"
            )


class PageReader(Generic[R]):
    """Reads the pages of a list one after the other."""

    def __init__(self, fetch: Fetch[R]) -> None:
        self._fetch = fetch
        self._cursor = Cursor()
        self._ahead: asyncio.Future[Page[R]] | None = None

    async def next(self) -> Page[R] | None:
        """Return the next page that has new objects, or the first page; None at the end."""
        while not self._cursor.ended:
            number = self._cursor.number
            ahead, self._ahead = self._ahead, None
            try:
                page = await (ahead or self._fetch(number))
            except NotFoundError:
                if number == 1:
                    raise
                return None  # the list has become shorter
            new = self._cursor.advance(page)
            if new or number == 1:
                return attrs.evolve(page, items=[i for i in page.items if i.id in new])
        return None

    def fetch_ahead(self) -> None:
        """Start to fetch the next page, if there is one."""
        if self._ahead is None and not self._cursor.ended:
            self._ahead = asyncio.ensure_future(self._fetch(self._cursor.number))

    async def aclose(self) -> None:
        """Cancel the fetch that is running, and wait for its end."""
        ahead, self._ahead = self._ahead, None
        if ahead is not None:
            ahead.cancel()
            await asyncio.wait([ahead])
            if not ahead.cancelled():
                ahead.exception()  # retrieved, so that asyncio does not log it


class Cursor:
    """The position in a list.

    A server that sends pages in a circle is detected by comparing each page with a landmark, which
    moves on at pages 1, 2, 4, 8, … (Brent's algorithm).
    """

    def __init__(self) -> None:
        self.number: int = 1
        """The page to fetch next."""
        self.ended: bool = False
        self._previous: set[str] = set()
        self._landmark: set[str] | None = None
        self._repetitions = 0

    def advance(self, page: Page[R]) -> set[str]:
        """Move past a page; return the ids on it that were not on the previous one."""
        ids = {item.id for item in page.items}
        self._repetitions += ids == self._landmark
        new = ids - self._previous
        self.ended = page.is_last or self._repetitions == REPETITIONS
        if self.number & (self.number - 1) == 0:
            self._landmark = ids
        self._previous = ids if new else self._previous | ids
        self.number += 1
        return new
