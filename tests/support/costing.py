"""Counts the cost of a call in figures that do not depend on the machine or its load."""

from __future__ import annotations

import asyncio
import gc
import itertools
import sys
import tracemalloc
import types
from collections.abc import Awaitable, Callable, Generator
from contextvars import Context
from pathlib import Path
from typing import Any, NamedTuple, TypeVarTuple

import attrs

import telnyx_video

Ts = TypeVarTuple("Ts")

Call = Callable[[], Awaitable[object]]

PACKAGE = str(Path(telnyx_video.__file__).parent)

REPEATS = 5
"""Measurements of each figure; the least counts, since garbage collection may interfere."""


class CountingLoop(asyncio.SelectorEventLoop):
    """An event loop that counts its callbacks, timers and tasks."""

    callbacks = timers = tasks = 0

    def call_soon(
        self, callback: Callable[[*Ts], object], *args: *Ts, context: Context | None = None
    ) -> asyncio.Handle:
        self.callbacks += 1
        return super().call_soon(callback, *args, context=context)

    def call_at(
        self,
        when: float,
        callback: Callable[[*Ts], object],
        *args: *Ts,
        context: Context | None = None,
    ) -> asyncio.TimerHandle:
        self.timers += 1
        return super().call_at(when, callback, *args, context=context)

    def create_task(self, *args: Any, **kwargs: Any) -> asyncio.Task[Any]:
        self.tasks += 1
        return super().create_task(*args, **kwargs)


class Turns(NamedTuple):
    """The event loop's work for a call."""

    waits: int
    """The number of times the call suspends."""
    tasks: int
    timers: int
    callbacks: int


@attrs.frozen
class Cost:
    """The cost of one call, with open connections and filled caches."""

    functions: int
    """Functions of the package that are called; resuming a coroutine is not a call."""
    files: int
    """Files of the package that define these functions."""
    changes: int
    """The number of calls from one of these files into another, without returns."""
    turns: Turns
    held: int
    """Peak memory of the call, in bytes."""
    kept: int
    """Memory that the result keeps, in bytes."""


async def cost_of(call: Call) -> Cost:
    """Measure the cost of a call.

    Must run in a :class:`CountingLoop`.
    """
    for _ in range(REPEATS):
        await call()
    turns = min([await _turns(call) for _ in range(REPEATS)])
    functions, files, changes = map(
        min, zip(*[await _path(call) for _ in range(REPEATS)], strict=True)
    )
    held, kept = [
        min(figures) for figures in zip(*[await _bytes(call) for _ in range(REPEATS)], strict=True)
    ]
    return Cost(functions, files, changes, turns, held, kept)


async def _turns(call: Call) -> Turns:
    loop = asyncio.get_running_loop()
    assert isinstance(loop, CountingLoop)
    waits = 0

    @types.coroutine
    def counted() -> Generator[Any, Any, None]:
        nonlocal waits
        for awaited in call().__await__():
            waits += 1
            yield awaited

    before = loop.tasks, loop.timers, loop.callbacks
    await counted()
    return Turns(
        waits,
        loop.tasks - before[0],
        loop.timers - before[1],
        loop.callbacks - before[2],
    )


async def _path(call: Call) -> tuple[int, int, int]:
    """Count the functions, files and file changes of one call."""
    begun = set[types.FrameType]()  # kept alive to tell resumed coroutines from new calls
    entered: list[str] = []

    def note(frame: types.FrameType, event: str, _: object) -> None:
        if event == "call" and PACKAGE in frame.f_code.co_filename:
            begun.add(frame)
            entered.append(frame.f_code.co_filename)

    sys.setprofile(note)
    try:
        await call()
    finally:
        sys.setprofile(None)
    changes = sum(one != next_one for one, next_one in itertools.pairwise(entered))
    return len(begun), len(set(entered)), changes


async def _bytes(call: Call) -> tuple[int, int]:
    gc.collect(0)
    tracer = sys.gettrace()
    sys.settrace(None)  # a coverage tracer allocates memory for each frame
    tracemalloc.start()
    try:
        await call()
        tracemalloc.reset_peak()
        before, _ = tracemalloc.get_traced_memory()
        result = await call()
        after, peak = tracemalloc.get_traced_memory()
        del result
        return peak - before, after - before
    finally:
        tracemalloc.stop()
        sys.settrace(tracer)
