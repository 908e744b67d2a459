"""One timer for all requests: each ends in its own time, and nobody else's."""

import asyncio
from math import inf

import pytest

from support.leaping import leaping
from telnyx_video._transport.watch import Watch


async def watched(watch: Watch, seconds: float) -> str:
    """Wait for ever, but be watched; tell how it ended, and when."""
    loop = asyncio.get_running_loop()
    began = loop.time()
    under_way = watch.begin()
    watch.end_by(under_way, began + seconds)
    try:
        await asyncio.sleep(inf)
    except asyncio.CancelledError:
        ours = under_way.take_back()
        how = "late" if under_way.late else "closed"
        return f"{how if ours else 'cancelled'} after {loop.time() - began:.1f} s"
    finally:
        watch.leave(under_way)
    raise AssertionError("it never ends")


@leaping
async def test_each_task_is_ended_in_its_time() -> None:
    """Whichever order they come in, and also where several ends fall together."""
    watch = Watch()
    seconds = [5.0, 1.0, 3.0, 1.0, 20.0]
    ends = await asyncio.gather(*(watched(watch, each) for each in seconds))
    assert ends == [f"late after {each:.1f} s" for each in seconds]


@leaping
async def test_what_has_ended_is_left_alone() -> None:
    """A timer that fires when its task is done already ends nobody."""
    watch = Watch()
    first = asyncio.create_task(watched(watch, 1.0))
    await asyncio.sleep(0.5)
    first.cancel()
    assert await first == "cancelled after 0.5 s"
    assert await watched(watch, 2.0) == "late after 2.0 s"


@leaping
async def test_an_end_that_nobody_waits_for_is_forgotten() -> None:
    """When the last one has left, the timer is not set again."""
    watch = Watch()
    task = asyncio.create_task(watched(watch, 1.0))
    await asyncio.sleep(0)
    task.cancel()
    await task
    await asyncio.sleep(5)
    assert await watched(watch, 1.0) == "late after 1.0 s"


@leaping
@pytest.mark.parametrize("seconds", [0.0, -3.0])
async def test_an_end_that_has_passed_comes_at_once(seconds: float) -> None:
    """Who has no time left gets none."""
    assert await watched(Watch(), seconds) == "late after 0.0 s"


@leaping
async def test_all_can_be_cancelled_at_once() -> None:
    """As when a client is closed: then it is not their time that is up."""
    watch = Watch()
    tasks = [asyncio.create_task(watched(watch, seconds)) for seconds in (1.0, 9.0)]
    await asyncio.sleep(0.5)
    watch.cancel_all()
    assert await asyncio.gather(*tasks) == ["closed after 0.5 s"] * 2
    Watch().cancel_all()


@leaping
async def test_a_task_that_cleans_up_after_a_cancellation_is_watched_as_well() -> None:
    """What it does then may be late, too, and that is not the cancellation it had before."""
    watch = Watch()
    ends: list[str] = []

    async def clean_up() -> None:
        try:
            await asyncio.sleep(inf)
        finally:
            ends.append(await watched(watch, 1.0))

    task = asyncio.create_task(clean_up())
    await asyncio.sleep(0)
    task.cancel()
    await asyncio.wait([task])
    assert task.cancelled()
    assert ends == ["late after 1.0 s"]


@leaping
async def test_one_task_may_have_two_requests_under_way() -> None:
    """As when a trace hook makes a call of its own: each has its own end."""
    watch = Watch()
    outer = watch.begin()
    watch.end_by(outer, asyncio.get_running_loop().time() + 5.0)
    assert await watched(watch, 1.0) == "late after 1.0 s"
    with pytest.raises(asyncio.CancelledError):
        await asyncio.sleep(inf)
    assert outer.late
    watch.leave(outer)
    task = asyncio.current_task()
    assert task is not None
    assert task.cancelling() == 0
