"""The semaphore is fair, and cancelled waiters lose no place."""

import asyncio

from hypothesis import given
from hypothesis import strategies as st

from telnyx_video import ConfigurationError
from telnyx_video._execution.attempt import Semaphore

Steps = list[tuple[str, int]]
STEPS = st.lists(
    st.tuples(st.sampled_from(["ask", "cancel", "give back", "run"]), st.integers(0, 7)),
    max_size=60,
)


@given(st.integers(1, 3), STEPS)
def test_places_are_neither_lost_nor_doubled_and_in_order(count: int, steps: Steps) -> None:
    """However waits, cancellations and releases interleave."""
    asyncio.run(play(count, steps))


async def run() -> None:
    for _ in range(3):
        await asyncio.sleep(0)


async def play(count: int, steps: Steps) -> None:
    slots = Semaphore(count)
    asked: list[asyncio.Task[None]] = []
    cancelled: set[int] = set()
    served: list[int] = []
    held = 0

    async def hold(number: int) -> None:
        nonlocal held
        if not slots.try_acquire():
            await slots.acquire()
        held += 1
        served.append(number)

    for step, number in [*steps, *[("give back", 0), ("run", 0)] * 2 * len(steps)]:
        if step == "ask":
            await run()  # a waiter that was given a place has it before another one asks
            asked.append(asyncio.create_task(hold(len(asked))))
            await run()
        elif step == "cancel" and number < len(asked) and not asked[number].done():
            asked[number].cancel()
            cancelled.add(number)
        elif step == "give back" and held:
            held -= 1
            slots.release()
        elif step == "run":
            await run()
        assert held <= count
    await asyncio.gather(*asked, return_exceptions=True)

    assert served == sorted(served)
    assert {*served} | cancelled == {*range(len(asked))}
    slots_left = [slots.try_acquire() for _ in range(count - held + 1)]
    assert slots_left == [True] * (count - held) + [False]


async def test_a_place_handed_to_a_cancelled_waiter_goes_to_the_next() -> None:
    """It is not lost if both happen in the same pass of the loop."""
    slots = Semaphore(1)
    assert slots.try_acquire()
    first, second = (asyncio.create_task(slots.acquire()) for _ in range(2))
    await asyncio.sleep(0)
    slots.release()
    first.cancel()
    await asyncio.wait({first, second})
    assert first.cancelled()
    assert second.exception() is None
    assert not slots.try_acquire()


async def test_closing_skips_a_waiter_that_was_cancelled() -> None:
    """It ends cancelled; all others learn that the client is closed."""
    slots = Semaphore(1)
    assert slots.try_acquire()
    cancelled, waiting = asyncio.create_task(slots.acquire()), asyncio.create_task(slots.acquire())
    await run()
    cancelled.cancel()  # not run yet when the semaphore is closed
    slots.close()
    await asyncio.wait({cancelled, waiting})
    assert cancelled.cancelled()
    assert isinstance(waiting.exception(), ConfigurationError)


async def test_releasing_skips_a_waiter_that_was_cancelled() -> None:
    """The place goes to the next one."""
    slots = Semaphore(1)
    assert slots.try_acquire()
    cancelled, waiting = (asyncio.create_task(slots.acquire()) for _ in range(2))
    await run()
    cancelled.cancel()
    await run()
    slots.release()
    await waiting
