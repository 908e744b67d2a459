"""The deduplicator: what it knows again, what it forgets, and that its memory has a bound."""

import tracemalloc
from collections import OrderedDict
from concurrent.futures import ThreadPoolExecutor
from math import inf, nan
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from telnyx_video import ConfigurationError
from telnyx_video.testing import make_event
from telnyx_video.webhooks import Deduplicator, SessionEnded


def test_an_event_is_known_once_it_was_added() -> None:
    """The second delivery of an event is told from the first."""
    seen = Deduplicator()
    assert "event-1" not in seen
    seen.add("event-1")
    assert "event-1" in seen
    assert "event-2" not in seen
    assert len(seen) == 1


@given(
    capacity=st.integers(1, 5),
    added=st.lists(st.sampled_from("abcdefgh"), max_size=30),
)
def test_the_last_ones_are_known_and_no_others(capacity: int, added: list[str]) -> None:
    """It remembers just as many as it may: those that were added last, each counted once."""
    seen = Deduplicator(capacity)
    order: OrderedDict[str, None] = OrderedDict()
    for event_id in added:
        seen.add(event_id)
        order[event_id] = None
        order.move_to_end(event_id)
    last = list(order)[-capacity:]
    assert [event_id for event_id in sorted(set("abcdefgh")) if event_id in seen] == sorted(last)
    assert len(seen) == len(last)


def test_memory_does_not_depend_on_what_is_added() -> None:
    """A thousand ids of a kilobyte each take no more than the 200 bytes that are promised."""
    seen = Deduplicator(capacity=1000)
    tracemalloc.start()
    try:
        for number in range(3000):
            seen.add(str(number) * 250)
        size, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert len(seen) == 1000
    assert size < 300 * 1000


def test_threads_can_share_one() -> None:
    """Workers of a threaded server can all add at the same time, and the bound holds."""
    seen = Deduplicator(capacity=10)
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(seen.add, map(str, range(2000))))
    assert len(seen) == 10


@pytest.mark.parametrize("capacity", [0, -1, nan, inf, 1.5, True, "x", None])
def test_a_capacity_that_is_no_number_of_ids_is_refused(capacity: Any) -> None:
    """One that forgets at once lets every duplicate through, and one without end grows."""
    with pytest.raises(ConfigurationError, match="capacity must be a whole number of ids"):
        Deduplicator(capacity)


@pytest.mark.parametrize("event_id", [None, 7, b"event-1", make_event(SessionEnded)], ids=range(4))
def test_what_is_no_id_is_refused(event_id: Any) -> None:
    """Neither is an event remembered by something else than its id, nor looked for by it."""
    seen = Deduplicator()
    with pytest.raises(ConfigurationError, match="event_id must be the id of an event"):
        seen.add(event_id)
    with pytest.raises(ConfigurationError, match="event_id must be the id of an event"):
        assert event_id not in seen
    assert len(seen) == 0


def test_any_string_is_an_id() -> None:
    """Also one that cannot be written as UTF-8."""
    seen = Deduplicator()
    seen.add("\ud800")
    assert "\ud800" in seen
    assert "\ud801" not in seen
