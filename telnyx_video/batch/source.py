"""The input of a batch: any iterable, numbered, and drawn from by one worker at a time."""

from __future__ import annotations

import asyncio
from collections.abc import (
    AsyncGenerator,
    AsyncIterable,
    AsyncIterator,
    Callable,
    Collection,
    Iterable,
    Iterator,
    Sized,
)
from collections.abc import Set as AbstractSet
from contextlib import suppress
from typing import Any, Self, TypeAlias, cast

from telnyx_video.errors import OutcomeUnknownError
from telnyx_video.models import CreateRoomRequest

Requests: TypeAlias = Iterable[CreateRoomRequest] | AsyncIterable[CreateRoomRequest]
"""Any source of requests, drawn lazily: a list, a generator, an async generator."""

Do: TypeAlias = Callable[[Callable[[], None]], None]
"""Runs a function in another thread, soon."""

_Drawn: TypeAlias = tuple[CreateRoomRequest] | None
"""The next request, or None at the input's end, for an input may raise any exception."""

_CANCELLED = (
    "something that the batch's input waits for was cancelled, so the input has ended early - "
    "rooms may have been made of earlier requests: look before sending those again"
)


async def wait_for_all(futures: AbstractSet[asyncio.Future[Any]]) -> None:
    """Wait until all have ended, even if cancelled meanwhile; then raise the cancellation."""
    cancellation: asyncio.CancelledError | None = None
    while running := {future for future in futures if not future.done()}:
        try:
            await asyncio.wait(running)
        except asyncio.CancelledError as cancelled:
            cancellation = cancelled
    if cancellation is not None:
        raise cancellation


class Source:
    """The requests with their indexes; ends when the input does, or when it is stopped."""

    def __init__(self, requests: Requests) -> None:
        self.total: int | None = len(requests) if isinstance(requests, Sized) else None
        self._items: Iterator[CreateRoomRequest] | _Asynchronous | _Threaded
        if isinstance(requests, AsyncIterable):
            self._items = _Asynchronous(aiter(requests))
        else:
            self._items = iter(requests)
        self._at_hand = isinstance(requests, Collection)
        self._lock = asyncio.Lock()
        self.drawn: int = 0
        self.stopped: bool = False
        self._ended = False

    def stop(self) -> None:
        """Draw no more, and end the wait for the next request."""
        self.stopped = True
        if isinstance(self._items, _Asynchronous):
            self._items.stop()

    @property
    def tasks(self) -> set[asyncio.Task[None]]:
        """The running task that draws from the input, if any."""
        return self._items.tasks if isinstance(self._items, _Asynchronous) else set()

    @property
    def is_at_hand(self) -> bool:
        """Whether the next request can be drawn without waiting."""
        return isinstance(self._items, Iterator)

    @property
    def is_used_up(self) -> bool:
        """Whether as many requests were drawn as the input says it has."""
        return self.drawn == self.total

    def draw_through(self, do: Do) -> None:
        """Draw from a plain iterator by ``do``, since it may block or belong to a thread."""
        if isinstance(self._items, Iterator) and not self._at_hand:
            self._items = _Threaded(self._items, do)

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> tuple[int, CreateRoomRequest]:
        async with self._lock:
            if self.stopped or self._ended:
                raise StopAsyncIteration
            try:
                if isinstance(self._items, Iterator):
                    drawn = _take(self._items)
                else:
                    drawn = await self._items.draw()
            except Exception as error:
                self._ended = True  # `map` would continue, and leave a gap in the indexes
                if isinstance(error, StopAsyncIteration):  # as in a generator (PEP 479)
                    raise RuntimeError("the input raised StopAsyncIteration") from error
                raise
            if drawn is None:
                self._ended = True  # an iterator need not support a further call
                raise StopAsyncIteration
            self.drawn += 1
            return self.drawn - 1, drawn[0]


class _Asynchronous:
    """An asynchronous iterator, drawn from by one task, so that its scopes may span yields.

    The same task closes a generator, exhausted or not: the garbage collector would do so in another
    task, and late or never.
    """

    def __init__(self, items: AsyncIterator[CreateRoomRequest]) -> None:
        self._items = items
        self._asked = asyncio.Semaphore(0)
        self._answers: asyncio.Queue[_Drawn] = asyncio.Queue()
        self._drawing: asyncio.Task[None] | None = None
        self._stopped = False

    def stop(self) -> None:
        if self._drawing is not None and not self._stopped:  # again would interrupt its closing
            self._drawing.cancel()
        self._stopped = True

    async def draw(self) -> _Drawn:
        if self._drawing is None:
            self._drawing = asyncio.create_task(self._draw())
            self._drawing.add_done_callback(self._ended)
        self._asked.release()
        answer = await self._answers.get()
        if answer is not None:
            return answer
        self._answers.put_nowait(None)  # for the next call
        if self._stopped:
            return None
        if self._drawing.cancelled():
            raise OutcomeUnknownError(_CANCELLED)
        self._drawing.result()  # raises what the input raised
        return None

    @property
    def tasks(self) -> set[asyncio.Task[None]]:
        return set() if self._drawing is None else {self._drawing}

    def _ended(self, drawing: asyncio.Task[None]) -> None:
        if not drawing.cancelled():
            drawing.exception()  # retrieved, or asyncio would log it
        self._answers.put_nowait(None)

    async def _draw(self) -> None:
        try:
            await self._asked.acquire()
            async for item in self._items:
                self._answers.put_nowait((item,))
                await self._asked.acquire()
        finally:
            items = self._items
            if isinstance(items, AsyncGenerator):
                await cast("AsyncGenerator[object, None]", items).aclose()


class _Threaded:
    """A plain iterator, drawn from in another thread, where it may block."""

    def __init__(self, items: Iterator[CreateRoomRequest], do: Do) -> None:
        self._items = items
        self._do = do

    async def draw(self) -> _Drawn:
        loop = asyncio.get_running_loop()
        drawn: asyncio.Future[_Drawn] = loop.create_future()

        def answer(item: _Drawn, error: Exception | None) -> None:
            with suppress(RuntimeError):  # the loop was closed
                loop.call_soon_threadsafe(_resolve, drawn, item, error)

        def draw() -> None:
            try:
                item = _take(self._items)
            except Exception as error:
                answer(None, error)
            except BaseException:  # Ctrl-C belongs to that thread; the input has ended
                answer(None, None)
                raise
            else:
                answer(item, None)

        self._do(draw)
        return await drawn


def _take(items: Iterator[CreateRoomRequest]) -> _Drawn:
    try:
        for item in items:
            return (item,)
    except asyncio.CancelledError as error:  # would look like a cancellation of the batch
        raise OutcomeUnknownError(_CANCELLED) from error
    return None


def _resolve(drawn: asyncio.Future[_Drawn], item: _Drawn, error: Exception | None) -> None:
    if drawn.cancelled():
        return
    if error is None:
        drawn.set_result(item)
    else:
        drawn.set_exception(error)
