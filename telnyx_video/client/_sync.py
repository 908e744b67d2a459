"""Blocking twins of what is awaited: nothing is written twice.

Each operation is one line in a twin, and has the signature and the docstring of the coroutine that
it runs, less what is about awaiting: ``get: Final = blocking(AsyncSessions.get)``. The ``Final``
lets type checkers infer the rest.
"""

from __future__ import annotations

import functools
import inspect
import re
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from functools import partial
from typing import Any, Concatenate, Generic, ParamSpec, TypeVar, cast

from telnyx_video._execution.paging import AsyncPager
from telnyx_video.client._portal import Caller, Portal
from telnyx_video.models import Page, Record

P = ParamSpec("P")
T = TypeVar("T")
A = TypeVar("A")
A_co = TypeVar("A_co", covariant=True)
C = TypeVar("C", bound=Callable[..., object])
R = TypeVar("R", bound=Record)


class Twin(Generic[A_co]):
    """The blocking twin of something whose methods are awaited.

    Args:
        awaited: Whose twin it is.
        portal: The loop that its coroutines run in.
        owner: What must stay alive meanwhile: a client that nobody holds is closed.
    """

    def __init__(self, awaited: A_co, portal: Portal, owner: object = None) -> None:
        self._awaited = awaited
        self._portal = portal
        self._owner = owner


def like(method: Callable[..., object]) -> Callable[[C], C]:
    """Give what stands for a method its name, signature and docstring, less what is awaited."""

    def dress(call: C) -> C:
        functools.update_wrapper(call, method)
        # `python -OO` leaves no docstrings.
        call.__doc__ = None if method.__doc__ is None else _unawaited(method.__doc__)
        returned = method.__annotations__["return"]
        returns = _unawaited(returned)
        if returns != returned:
            call.__annotations__ = {**method.__annotations__, "return": returns}
            # `inspect.signature` would look at the method itself for it.
            signature = inspect.signature(method).replace(return_annotation=returns)
            vars(call)["__signature__"] = signature
        return call

    return dress


def _unawaited(text: str) -> str:
    for awaited, unawaited in _WORDS:
        text = awaited.sub(unawaited, text)
    return text


_WORDS = (
    (re.compile(r"\basync (for|with)\b"), r"\1"),
    (re.compile(r"\bawait "), ""),
    (re.compile(r"\bAsync(?=[A-Z])"), ""),
    (re.compile(r"\bOutcomeStream\b"), "BlockingOutcomeStream"),
)
"""What the awaited say and return, and what is said and returned in its place."""


def blocking(
    method: Callable[Concatenate[A, P], Coroutine[Any, Any, T]],
) -> Callable[Concatenate[Twin[A], P], T]:
    """A method that runs the coroutine and waits for its result."""

    @like(method)
    def call(self: Twin[A], /, *args: P.args, **kwargs: P.kwargs) -> T:
        awaited, portal = parts(self)
        return portal.run(method(awaited, *args, **kwargs))

    return call


def blocking_list(
    method: Callable[Concatenate[A, P], AsyncPager[R]],
) -> Callable[Concatenate[Twin[A], P], Pager[R]]:
    """A method that returns the blocking twin of a list."""

    @like(method)
    def call(self: Twin[A], /, *args: P.args, **kwargs: P.kwargs) -> Pager[R]:
        awaited, portal = parts(self)
        return Pager(method(awaited, *args, **kwargs), portal, self)

    return call


def blocking_download(
    method: Callable[Concatenate[A, P], Coroutine[Any, Any, T]],
) -> Callable[Concatenate[Twin[A], P], T]:
    """The same for a method with ``on_progress``, which is called in the caller's thread."""

    @like(method)
    def call(self: Twin[A], /, *args: P.args, **kwargs: P.kwargs) -> T:
        awaited, portal = parts(self)
        caller, report = Caller(), cast("Callable[[object], None]", kwargs.get("on_progress"))
        if callable(report):  # what is not, the method refuses

            def pass_on(progress: object) -> None:
                caller.do(partial(report, progress))

            kwargs["on_progress"] = pass_on
        return portal.run(method(awaited, *args, **kwargs), caller)

    return call


def parts(twin: Twin[A]) -> tuple[A, Portal]:
    """What a method written outside of the class works with."""
    return twin._awaited, twin._portal  # pyright: ignore[reportPrivateUsage] # as said above


class Pager(Generic[R]):
    """All objects of a list: ``for room in pager``; each loop over it asks anew.

    While a page is being worked off the next one is fetched, by one task at the most, which ends
    with the loop.
    """

    def __init__(self, pager: AsyncPager[R], portal: Portal, owner: object) -> None:
        self._pager = pager
        self._portal = portal
        self._owner = owner  # kept alive: a client that nobody holds is closed

    def pages(self) -> Iterator[Page[R]]:
        """The pages, with their totals and what came beside them."""
        pages = self._pager.pages()
        while (page := self._portal.run(next_or_none(pages))) is not None:
            yield page

    def first(self) -> R | None:
        """The first object, or None where there is none; asks for the first page only."""
        return self._portal.run(self._pager.first())

    def __iter__(self) -> Iterator[R]:
        for page in self.pages():
            yield from page.items


async def next_or_none(items: AsyncIterator[T]) -> T | None:
    """The next item, or None at the end."""
    return await anext(items, None)
