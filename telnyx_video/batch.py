"""Many creates at once: a few workers draw from the input, and outcomes come out.

Nothing piles up: input is drawn when a worker is free, and workers wait until outcomes are taken.
The function that makes one room is handed in, so that nothing here knows of networks.
"""

from __future__ import annotations

import asyncio
from collections.abc import (
    AsyncIterable,
    AsyncIterator,
    Awaitable,
    Callable,
    Iterable,
    Iterator,
    Sized,
)
from types import TracebackType
from typing import Self, TypeAlias, cast

import attrs

from telnyx_video import _checks as check
from telnyx_video._delivery import Delivered
from telnyx_video.errors import ErrorDetail, InvalidRequestError, TelnyxVideoError
from telnyx_video.models import CreateRoomRequest, Room

__all__ = ["CreateOutcome", "OutcomeStream", "Progress", "Requests"]

Requests: TypeAlias = Iterable[CreateRoomRequest] | AsyncIterable[CreateRoomRequest]
"""Any source of requests, drawn lazily: a list, a generator, an async generator."""


@attrs.frozen(kw_only=True)
class CreateOutcome:
    """What became of one request of a batch."""

    index: int
    """The request's place in the input, from 0."""
    request: CreateRoomRequest
    room: Room | None = None
    """The room, made now or before; None if there is an error."""
    error: TelnyxVideoError | None = None
    """Why there is no room; its ``outcome`` says whether one may exist all the same."""
    attempts: int = 1
    """How many times the create was tried."""
    recovered: bool = False
    """Made by this request, though its answer was lost: found by looking it up."""
    existed: bool = False
    """Made before this request."""
    differences: tuple[str, ...] = ()
    """Fields in which a room that existed was not as asked."""

    def unwrap(self) -> Room:
        """The room.

        Raises:
            TelnyxVideoError: there is none, for this reason.
        """
        if self.room is None:
            raise self.error or InvalidRequestError(())
        return self.room


@attrs.frozen
class Progress:
    """How far a batch has come; handed to ``on_progress`` after each outcome."""

    done: int
    """Requests with an outcome."""
    created: int
    """Rooms made by this batch."""
    existed: int
    """Rooms that were there already."""
    failed: int
    """Requests without a room."""
    total: int | None
    """Requests in all, if the input has a length."""


CreateOne: TypeAlias = Callable[[CreateRoomRequest], Awaitable[Delivered]]
OnProgress: TypeAlias = Callable[[Progress], None]


class OutcomeStream:
    """The outcomes of a batch, as they finish: enter it, then iterate over it.

    Leaving the block early cancels what is under way and waits until it has ended. Such a create
    may have been applied, as after any cancellation.
    """

    def __init__(
        self,
        create_one: CreateOne,
        requests: Requests,
        *,
        concurrency: int,
        fail_fast: bool = False,
        on_progress: OnProgress | None = None,
    ) -> None:
        problems: list[ErrorDetail] = []
        check.integer(problems, "concurrency", concurrency, 1)
        check.boolean(problems, "fail_fast", fail_fast)
        if problems:
            raise InvalidRequestError(tuple(problems))
        self._create_one = create_one
        self._source = _Source(requests)
        self._concurrency = concurrency
        self._fail_fast = fail_fast
        self._on_progress = on_progress
        self._finished: asyncio.Queue[CreateOutcome | None] = asyncio.Queue(concurrency)
        self._workers: set[asyncio.Task[None]] = set()
        self._working = 0
        self._failure: Exception | None = None
        self._progress = Progress(0, 0, 0, 0, self._source.total)

    async def __aenter__(self) -> Self:
        self._add_worker()
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._source.stop()
        workers = list(self._workers)
        for worker in workers:
            worker.cancel()
        await asyncio.gather(*workers, return_exceptions=True)

    def __aiter__(self) -> AsyncIterator[CreateOutcome]:
        return self

    async def __anext__(self) -> CreateOutcome:
        outcome = await self._finished.get()
        if outcome is None:
            self._finished.put_nowait(None)  # whoever asks again gets the same answer
            if self._failure is not None:
                raise self._failure
            raise StopAsyncIteration
        if self._on_progress is not None:
            self._progress = _advanced(self._progress, outcome)
            self._on_progress(self._progress)
        return outcome

    def _add_worker(self) -> None:
        self._working += 1
        worker = asyncio.create_task(self._work())
        self._workers.add(worker)
        worker.add_done_callback(self._workers.discard)

    async def _work(self) -> None:
        """Draw and create until the input ends; whoever finds work calls for one more worker."""
        try:
            async for index, request in self._source:
                if self._working < self._concurrency:
                    self._add_worker()
                delivered = await self._create_one(request)
                if delivered.error is not None and self._fail_fast:
                    self._source.stop()
                await self._finished.put(_outcome(index, request, delivered))
        except Exception as error:
            self._source.stop()
            self._failure = self._failure or error
        self._working -= 1
        if not self._working:
            await self._finished.put(None)


class _Source:
    """The input, numbered and drawn by one worker at a time."""

    def __init__(self, requests: Requests) -> None:
        self.total = len(requests) if isinstance(requests, Sized) else None
        self._items = _iterate(requests)
        self._lock = asyncio.Lock()
        self._drawn = 0
        self._stopped = False

    def stop(self) -> None:
        """Draw no more."""
        self._stopped = True

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> tuple[int, CreateRoomRequest]:
        async with self._lock:
            if self._stopped:
                raise StopAsyncIteration
            try:
                request = await anext(self._items)
            except StopAsyncIteration:
                self._stopped = True  # an iterator need not bear being asked again
                raise
            index = self._drawn
            self._drawn += 1
            return index, request


class _Plain:
    """A plain iterator, read like an asynchronous one."""

    def __init__(self, items: Iterator[CreateRoomRequest]) -> None:
        self._items = items

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> CreateRoomRequest:
        for item in self._items:
            return item
        raise StopAsyncIteration


def _iterate(requests: object) -> AsyncIterator[CreateRoomRequest]:
    if isinstance(requests, AsyncIterable):
        return aiter(cast("AsyncIterable[CreateRoomRequest]", requests))
    if isinstance(requests, Iterable):
        return _Plain(iter(cast("Iterable[CreateRoomRequest]", requests)))
    problem = f"must be an iterable of CreateRoomRequest, not {type(requests).__name__}"
    raise InvalidRequestError((ErrorDetail(problem, code="wrong_type", pointer="/requests"),))


def _outcome(index: int, request: CreateRoomRequest, delivered: Delivered) -> CreateOutcome:
    return CreateOutcome(
        index=index,
        request=request,
        room=delivered.room,
        error=delivered.error,
        attempts=delivered.attempts,
        recovered=delivered.recovered,
        existed=delivered.existed,
        differences=delivered.differences,
    )


def _advanced(progress: Progress, outcome: CreateOutcome) -> Progress:
    return Progress(
        done=progress.done + 1,
        created=progress.created + (outcome.error is None and not outcome.existed),
        existed=progress.existed + outcome.existed,
        failed=progress.failed + (outcome.error is not None),
        total=progress.total,
    )
