"""Cancels a call at a given await."""

from __future__ import annotations

import asyncio
import types
from collections.abc import Coroutine, Generator
from typing import Any, TypeVar

T = TypeVar("T")


@types.coroutine
def cancelled_at(number: int, call: Coroutine[Any, Any, T]) -> Generator[Any, None, T]:
    """Run a call, and cancel its task at its await with this number, from 1.

    A call with fewer awaits ends as usual.
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
        except BaseException as error:  # raised into the call
            thrown = error
