"""Callbacks for progress: their exceptions never look like the end of a batch."""

import asyncio
from collections.abc import Callable
from typing import cast

import pytest

from batch.fake_creator import FakeCreator
from support.asking import asked_for
from telnyx_video import ConfigurationError
from telnyx_video.batch import OnProgress, OutcomeStream, Progress, collect


def batch(on_progress: Callable[[Progress], object]) -> OutcomeStream:
    """Return a batch of three rooms, as untyped code may start it."""
    untyped = cast("OnProgress", on_progress)
    return OutcomeStream(FakeCreator(), asked_for(3), concurrency=2, on_progress=untyped)


@pytest.mark.parametrize("error", [StopIteration, StopAsyncIteration])
async def test_stop_iteration_of_on_progress_is_an_error(error: type[Exception]) -> None:
    """It does not look like the end of the stream."""

    def report(_: Progress) -> None:
        raise error

    with pytest.raises(RuntimeError, match=f"on_progress raised {error.__name__}"):
        await collect(batch(report))


async def test_an_async_on_progress_is_refused() -> None:
    """A function that returns a coroutine is refused at its first call."""
    calls: list[int] = []

    def report(progress: Progress) -> object:
        calls.append(progress.done)
        return asyncio.sleep(0)

    with pytest.raises(ConfigurationError, match="on_progress is called, not awaited"):
        await collect(batch(report))
    assert calls == [1]


async def test_progress_may_begin_tasks() -> None:
    """A function may return a task, which runs by itself."""
    tasks: list[asyncio.Task[None]] = []

    def report(_: Progress) -> object:
        tasks.append(asyncio.create_task(asyncio.sleep(0)))
        return tasks[-1]

    assert len(await collect(batch(report))) == 3
    await asyncio.gather(*tasks)
    assert len(tasks) == 3
