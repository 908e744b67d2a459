"""Counts what a call costs, in figures that are the same on every machine and at any load."""

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
"""How often each figure is taken; the least counts, as garbage may be collected meanwhile."""


class CountingLoop(asyncio.SelectorEventLoop):
    """A loop that counts what it is asked to do."""

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
    """What the loop has to do for a call."""

    waits: int
    """How often the call hands control to it."""
    tasks: int
    timers: int
    callbacks: int


@attrs.frozen
class Cost:
    """What one call costs, once connections are made and caches are filled."""

    functions: int
    """Functions of the package that are called; to go on with a coroutine is no call."""
    files: int
    """Files of the package that these functions are in."""
    changes: int
    """How often control passes from one of these files to another; returning is not counted."""
    turns: Turns
    held: int
    """Bytes of the most memory that is in use while the call is under way."""
    kept: int
    """Bytes that are in use as long as the result is."""


async def cost_of(call: Call) -> Cost:
    """Make the call a few times, and count.

    It must run in a :class:`CountingLoop`.
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
    """Count the functions, files and changes of file of one call."""
    begun = set[types.FrameType]()  # holding them tells a coroutine that goes on from a new one
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
    sys.settrace(None)  # whoever measures coverage meanwhile needs memory for each frame
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
