"""The next step of a delivery, as a function of its attempts."""

import json

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from telnyx_video.sandbox.state.records import Attempt, Delivery
from telnyx_video.sandbox.webhooks import End, Policy, Send, Skip, timeout_of

HERE, THERE = "http://127.0.0.1:1/a", "https://example.com/b"


def delivery(url: str, failover: str, *attempts: Attempt) -> Delivery:
    return Delivery(
        id="event",
        event_type="video.room.session.started",
        occurred_at="",
        room_id="room",
        url=url,
        failover_url=failover,
        timeout_secs=None,
        payload="{}",
        file_name=None,
        record=json.dumps([attrs.asdict(attempt) for attempt in attempts]),
    )


@pytest.mark.parametrize(
    ("url", "refusal"),
    [
        ("http://127.0.0.1/x", None),
        ("HTTPS://LOCALHOST:8443", None),
        ("http://[::1]:80", None),
        ("http://127.9.9.9", None),
        ("http://app:8000/hook", None),
        ("http://10.0.0.1", "not sent: not a loopback address"),
        ("http://localhost.example.com", "not sent: not a loopback address"),
        ("http://127.0.0.1@example.com", "not sent: not a loopback address"),
        ("file://127.0.0.1/x", "not sent: not an HTTP address"),
    ],
)
def test_only_this_machine_and_named_hosts_are_called(url: str, refusal: str | None) -> None:
    """A test that uses a real address by mistake does not call it."""
    assert Policy(hosts=["app"]).refusal(url) == refusal


@given(
    urls=st.tuples(st.sampled_from([HERE, THERE]), st.sampled_from([HERE, HERE + "2", THERE, ""])),
    retries=st.lists(st.floats(0, 9), max_size=4),
)
def test_every_delivery_ends(urls: tuple[str, str], retries: list[float]) -> None:
    """The room's URL with all its retries comes first, then the failover URL."""
    policy = Policy(retries=retries)
    attempts: list[Attempt] = []
    waits: list[tuple[str, float]] = []
    for _ in range(2 * (len(retries) + 1) + 1):
        step = policy.next_step(delivery(*urls, *attempts))
        match step:
            case Send(url, wait):
                waits.append((url, wait))
                attempts.append(Attempt(url, "", status=500))
            case Skip(url, reason):
                attempts.append(Attempt(url, "", error=reason, sent=False))
            case End(state):
                break
    else:
        raise AssertionError("it never ends")
    called = [url for url in dict.fromkeys(urls) if url.startswith("http://127")]
    assert waits == [(url, wait) for url in called for wait in (0, *retries)]
    assert state == ("failed" if called else "not_sent")


@pytest.mark.parametrize(("given", "seconds"), [(None, 10), (0, 10), (1, 1), (30, 30)])
def test_a_room_sets_the_timeout_of_an_attempt(given: int | None, seconds: float) -> None:
    """Without a time-out, or with 0, it is ten seconds."""
    assert timeout_of(attrs.evolve(delivery(HERE, ""), timeout_secs=given)) == seconds
