"""Cancels a call at one of its awaits: the first, the second, … each is a place to cut it."""

from __future__ import annotations

import asyncio
import types
from collections.abc import Coroutine, Generator
from typing import Any, TypeVar

T = TypeVar("T")


@types.coroutine
def cancelled_at(number: int, call: Coroutine[Any, Any, T]) -> Generator[Any, None, T]:
    """Carry a call out until it awaits something for the time of this number, from 1.

    There it is cancelled, as if by a ``cancel()`` of its task at that very moment. A call that
    does not wait as often ends as usual.
    """
    task = asyncio.current_task()
    awaits = call.__await__()
    thrown: BaseException | None = None
    while True:
        try:
            awaited = next(awaits) if thrown is None else awaits.throw(thrown)
        except StopIteration as end:
            result: T = end.value
            return result
        number -= 1
        if number == 0 and task is not None:
            task.cancel()
        thrown = None
        try:
            yield awaited
        except BaseException as error:  # belongs to the call
            thrown = error
