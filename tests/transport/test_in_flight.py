"""One timer serves all requests: each ends at its own deadline."""

import asyncio
from math import inf

import pytest

from support.virtual_time import virtual_time
from telnyx_video._transport.transport import InFlight


async def wait_for_end(in_flight: InFlight, seconds: float) -> str:
    """Sleep with a deadline; return how the sleep ended, and when."""
    loop = asyncio.get_running_loop()
    began = loop.time()
    deadline = in_flight.enter(began + seconds)
    try:
        await asyncio.sleep(inf)
    except asyncio.CancelledError:
        ours = deadline.uncancel()
        how = "late" if deadline.passed else "closed"
        return f"{how if ours else 'cancelled'} after {loop.time() - began:.1f} s"
    finally:
        in_flight.leave(deadline)
    raise AssertionError("it never ends")


@virtual_time
async def test_each_task_ends_at_its_deadline() -> None:
    """In any order of deadlines, and when several coincide."""
    in_flight = InFlight()
    seconds = [5.0, 1.0, 3.0, 1.0, 20.0]
    ends = await asyncio.gather(*(wait_for_end(in_flight, each) for each in seconds))
    assert ends == [f"late after {each:.1f} s" for each in seconds]


@virtual_time
async def test_a_request_that_has_ended_is_not_cancelled() -> None:
    """A timer that fires after a task has ended cancels nothing."""
    in_flight = InFlight()
    first = asyncio.create_task(wait_for_end(in_flight, 1.0))
    await asyncio.sleep(0.5)
    first.cancel()
    assert await first == "cancelled after 0.5 s"
    assert await wait_for_end(in_flight, 2.0) == "late after 2.0 s"


@virtual_time
async def test_no_timer_is_set_when_no_request_is_in_flight() -> None:
    """When the last request has left, the timer is not set again."""
    in_flight = InFlight()
    task = asyncio.create_task(wait_for_end(in_flight, 1.0))
    await asyncio.sleep(0)
    task.cancel()
    await task
    await asyncio.sleep(5)
    assert await wait_for_end(in_flight, 1.0) == "late after 1.0 s"


@virtual_time
@pytest.mark.parametrize("seconds", [0.0, -3.0])
async def test_a_deadline_in_the_past_passes_immediately(seconds: float) -> None:
    """A request without time left is cancelled."""
    assert await wait_for_end(InFlight(), seconds) == "late after 0.0 s"


@virtual_time
async def test_all_requests_can_be_cancelled_together() -> None:
    """As when a client is closed: that is not reported as a deadline."""
    in_flight = InFlight()
    tasks = [asyncio.create_task(wait_for_end(in_flight, seconds)) for seconds in (1.0, 9.0)]
    await asyncio.sleep(0.5)
    in_flight.cancel_all()
    assert await asyncio.gather(*tasks) == ["closed after 0.5 s"] * 2
    InFlight().cancel_all()


@virtual_time
async def test_a_cancelled_task_that_cleans_up_has_a_deadline_too() -> None:
    """Its requests may be late as well, and that is not its earlier cancellation."""
    in_flight = InFlight()
    ends: list[str] = []

    async def clean_up() -> None:
        try:
            await asyncio.sleep(inf)
        finally:
            ends.append(await wait_for_end(in_flight, 1.0))

    task = asyncio.create_task(clean_up())
    await asyncio.sleep(0)
    task.cancel()
    await asyncio.wait([task])
    assert task.cancelled()
    assert ends == ["late after 1.0 s"]


@virtual_time
async def test_one_task_may_have_two_requests_in_flight() -> None:
    """As when a trace hook makes a call: each has its own deadline."""
    in_flight = InFlight()
    outer = in_flight.enter(asyncio.get_running_loop().time() + 5.0)
    assert await wait_for_end(in_flight, 1.0) == "late after 1.0 s"
    with pytest.raises(asyncio.CancelledError):
        await asyncio.sleep(inf)
    assert outer.passed
    in_flight.leave(outer)
    task = asyncio.current_task()
    assert task is not None
    assert task.cancelling() == 0
