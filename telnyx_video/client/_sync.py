"""Wraps async methods for blocking code, so that nothing is written twice.

Each method is one line in a :class:`SyncProxy`, with the signature and docstring of the async
method minus ``await``: ``get: Final = blocking(AsyncSessions.get)``. ``Final`` lets type checkers
infer the rest.
"""

from __future__ import annotations

import functools
import inspect
import re
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from contextlib import AbstractAsyncContextManager, suppress
from functools import partial
from types import TracebackType
from typing import Any, Concatenate, Generic, ParamSpec, Self, TypeVar, cast

from telnyx_video._execution.download import FileStream
from telnyx_video._execution.paging import AsyncPager
from telnyx_video.client._portal import Caller, Portal
from telnyx_video.errors import ConfigurationError
from telnyx_video.models import Page, RawResponse, Record
from telnyx_video.resources._resource import Recorder

P = ParamSpec("P")
T = TypeVar("T")
A = TypeVar("A")
A_co = TypeVar("A_co", covariant=True)
C = TypeVar("C", bound=Callable[..., object])
M_co = TypeVar("M_co", bound=AbstractAsyncContextManager[Any], covariant=True)
R = TypeVar("R", bound=Record)
S = TypeVar("S", bound="SyncProxy[Any]")


class SyncProxy(Generic[A_co]):
    """Blocking counterpart of an object with async methods.

    Args:
        target: The object.
        portal: The event loop that its coroutines run in.
        owner: The client to keep alive: one that is not referenced is closed.
    """

    def __init__(self, target: A_co, portal: Portal, owner: object = None) -> None:
        self._target = target
        self._portal = portal
        self._owner = owner


def proxy_of(proxy: S, target: object) -> S:
    """Return a copy of a proxy for another target."""
    copy = type(proxy).__new__(type(proxy))
    vars(copy).update(vars(proxy), _target=target, _owner=proxy)
    return copy


def copy_signature(method: Callable[..., object]) -> Callable[[C], C]:
    """Copy an async method's name, signature and docstring, minus ``await``."""

    def decorate(call: C) -> C:
        functools.update_wrapper(call, method)
        # `python -OO` leaves no docstrings.
        call.__doc__ = None if method.__doc__ is None else _without_await(method.__doc__)
        annotation = method.__annotations__["return"]
        returns = _without_await(annotation)
        if returns != annotation:
            call.__annotations__ = {**method.__annotations__, "return": returns}
            # Otherwise `inspect.signature` follows `__wrapped__` to the async method.
            signature = inspect.signature(method).replace(return_annotation=returns)
            vars(call)["__signature__"] = signature
        return call

    return decorate


def _without_await(text: str) -> str:
    for pattern, replacement in _REPLACEMENTS:
        text = pattern.sub(replacement, text)
    return text


_REPLACEMENTS = (
    (re.compile(r"\basync (for|with)\b"), r"\1"),
    (re.compile(r"\bawait "), ""),
    (re.compile(r"\bAsyncGenerator\[FileStream, None\]"), "BlockingFileStream"),
    (re.compile(r"\bAsync(?=[A-Z])"), ""),
    (re.compile(r"\bOutcomeStream\b"), "BlockingOutcomeStream"),
)


def wrap(
    proxy: SyncProxy[A], method: Callable[Concatenate[A, P], T], *args: P.args, **kwargs: P.kwargs
) -> tuple[T, Portal]:
    """Call a method of the proxy's target; return its result, and the portal to use it in.

    Wrong arguments are reported as passed to the proxy's method.
    """
    target, portal = proxy._target, proxy._portal  # pyright: ignore[reportPrivateUsage] # of above
    try:
        return method(target, *args, **kwargs), portal
    except TypeError as error:
        before, qualname, problem = str(error).partition(f"{method.__qualname__}()")
        if before or not qualname:  # not about the arguments
            raise
        message = f"{type(proxy).__name__}.{method.__name__}(){problem}"
    finally:
        del args
        kwargs.clear()  # tracebacks may show locals, and a webhook URL may hold a password
    raise TypeError(message)


def blocking(
    method: Callable[Concatenate[A, P], Coroutine[Any, Any, T]],
) -> Callable[Concatenate[SyncProxy[A], P], T]:
    """Return a method that runs the coroutine and waits for its result."""

    @copy_signature(method)
    def call(self: SyncProxy[A], /, *args: P.args, **kwargs: P.kwargs) -> T:
        try:
            coroutine, portal = wrap(self, method, *args, **kwargs)
        finally:
            del args
            kwargs.clear()
        return portal.run(coroutine)

    return call


def blocking_list(
    method: Callable[Concatenate[A, P], AsyncPager[R]],
) -> Callable[Concatenate[SyncProxy[A], P], Pager[R]]:
    """Return a method that returns the blocking counterpart of a list."""

    @copy_signature(method)
    def call(self: SyncProxy[A], /, *args: P.args, **kwargs: P.kwargs) -> Pager[R]:
        return Pager(*wrap(self, method, *args, **kwargs), self)

    return call


def blocking_progress(
    method: Callable[Concatenate[A, P], Coroutine[Any, Any, T]],
) -> Callable[Concatenate[SyncProxy[A], P], T]:
    """As :func:`blocking`, for a method whose ``on_progress`` runs in the caller's thread."""

    @copy_signature(method)
    def call(self: SyncProxy[A], /, *args: P.args, **kwargs: P.kwargs) -> T:
        caller, on_progress = Caller(), cast("Callable[[object], None]", kwargs.get("on_progress"))
        if callable(on_progress):  # the method refuses anything else

            def report(progress: object) -> None:
                caller.do(partial(on_progress, progress))

            kwargs["on_progress"] = report
        coroutine, portal = wrap(self, method, *args, **kwargs)
        return portal.run(coroutine, caller)

    return call


def blocking_file(
    method: Callable[Concatenate[A, P], AbstractAsyncContextManager[FileStream]],
) -> Callable[Concatenate[SyncProxy[A], P], BlockingFileStream]:
    """Return a method that opens a file for blocking code."""

    @copy_signature(method)
    def call(self: SyncProxy[A], /, *args: P.args, **kwargs: P.kwargs) -> BlockingFileStream:
        return BlockingFileStream(*wrap(self, method, *args, **kwargs), self)

    return call


class Pager(SyncProxy[AsyncPager[R]], Generic[R]):
    """All objects of a list: ``for room in pager``. Each loop sends new requests.

    The next page is fetched while the current one is processed, by one task, which ends with the
    loop.
    """

    def pages(self) -> Iterator[Page[R]]:
        """Yield the pages, with their totals, request ids and rate limits."""
        yield from iterate(self._target.pages(), self._portal)

    def first(self) -> R | None:
        """Return the first object, or None if the list is empty; fetches the first page only."""
        return self._portal.run(self._target.first())

    def __iter__(self) -> Iterator[R]:
        for page in self.pages():
            yield from page.items


class BlockingContext(SyncProxy[M_co]):
    """Leaves an async context manager in the portal's loop."""

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        with suppress(ConfigurationError):  # a client that was closed has ended the stream
            self._portal.run(self._target.__aexit__(exc_type, exc, traceback))


class BlockingFileStream(BlockingContext[AbstractAsyncContextManager[FileStream]]):
    """A file that is being read: ``for chunk in stream``, within its ``with`` block.

    After a break, reading continues where it stopped. The length is checked at the end.
    """

    _stream: FileStream | None = None

    @property
    def total(self) -> int | None:
        """The file's size in bytes, if the host announced it."""
        return None if self._stream is None else self._stream.total

    def __enter__(self) -> Self:
        self._stream = self._portal.run(self._target.__aenter__())
        return self

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        if self._stream is None:
            raise ConfigurationError("enter it first: with rooms.recordings.open(...) as stream:")
        chunk = self._portal.run(next_or_none(self._stream))
        if chunk is None:
            raise StopIteration
        return chunk


def raw_pages(pager: Pager[R], recorder: Recorder) -> Iterator[tuple[Page[R], RawResponse]]:
    """Yield the pages of a list, each with its raw reply."""
    pages, portal = wrap(pager, recorder.pages)
    yield from iterate(pages, portal)


def iterate(items: AsyncIterator[T], portal: Portal) -> Iterator[T]:
    """Yield the items of an iterator that runs in the portal's loop."""
    while (item := portal.run(next_or_none(items))) is not None:
        yield item


async def next_or_none(items: AsyncIterator[T]) -> T | None:
    """Return the next item, or None at the end."""
    return await anext(items, None)
