"""Decisions of a download: what is requested next, and what a response means."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from support.words import short
from telnyx_video import RetryPolicy
from telnyx_video._execution._download_state import (
    Decision,
    Done,
    DownloadState,
    Failed,
    Retry,
    StallTimer,
    Take,
    UrlExpired,
    min_bytes,
)

TAG = {"etag": '"a"', "content-length": "10"}


def halfway() -> DownloadState:
    """Return the state of a file of 10 bytes, 4 of them received."""
    state = DownloadState()
    assert state.request_headers() == {}
    assert state.responded(200, TAG) == Take()
    state.received = 4
    assert state.ended() == Retry("4 of 10 bytes were received")
    return state


def test_the_rest_is_requested_if_the_file_can_be_identified() -> None:
    """By its entity tag, or else by the time of its last change; never by a weak tag."""
    assert halfway().request_headers() == {"Range": "bytes=4-", "If-Range": '"a"'}
    for headers, validator in (
        ({"last-modified": "then"}, "then"),
        ({"etag": 'W/"a"', "last-modified": "then"}, "then"),
        ({"etag": 'W/"a"'}, None),
        ({}, None),
    ):
        state = DownloadState()
        state.responded(200, headers)
        state.received = 4
        asked = {"Range": "bytes=4-", "If-Range": validator} if validator else {}
        assert state.request_headers() == asked
        assert state.received == (4 if validator else 0)


def test_the_requested_range_continues_the_file() -> None:
    """A range that starts there, of the same file, is appended."""
    for headers in ({"content-range": "bytes 4-9/10"}, {"content-range": "bytes 4-9/10", **TAG}):
        state = halfway()
        assert state.responded(206, headers) == Take()
        assert state.received == 4
        state.received = 10
        assert state.ended() == Done()


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"content-range": "bytes 3-9/10"},
        {"content-range": "bytes 4-9/11"},
        {"content-range": "bytes 4-9/*"},
        {"content-range": "bytes */10"},
        {"content-range": "4-9/10"},
        {"content-range": "bytes 4-9/10", "etag": '"b"'},
        {"content-range": "bytes 4-9/10", "last-modified": "later"},
    ],
    ids=short,
)
def test_a_range_of_another_file_is_discarded(headers: dict[str, str]) -> None:
    """Another position, size or tag: the download starts over instead of mixing two files."""
    state = halfway()
    assert isinstance(state.responded(206, headers), Retry)
    assert state.request_headers() == {}


def test_an_unrequested_range_is_discarded() -> None:
    """A host that sends a range at first has not sent the file."""
    assert isinstance(DownloadState().responded(206, {"content-range": "bytes 0-9/10"}), Retry)


def test_a_host_that_sends_the_whole_file_again_is_followed() -> None:
    """The file has changed, or the host does not support ranges: received bytes are replaced."""
    state = halfway()
    assert state.responded(200, {"content-length": "20"}) == Take()
    assert (state.received, state.total) == (0, 20)


@pytest.mark.parametrize(
    ("received", "content_range", "whole"),
    [(10, "bytes */10", True), (4, "bytes */3", False), (4, "", False), (10, "bytes */12", False)],
)
def test_a_range_beyond_the_end(received: int, content_range: str, whole: bool) -> None:
    """Everything was received already, or the file has become shorter."""
    state = halfway()
    state.received = received
    decision = state.responded(416, {"content-range": content_range})
    assert (decision == Done()) is whole
    assert (state.received == 0) is not whole


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (403, UrlExpired),
        (404, UrlExpired),
        (400, UrlExpired),
        (410, UrlExpired),
        (429, Retry),
        (408, Retry),
        (500, Retry),
        (503, Retry),
        (204, Failed),
        (304, Failed),
        (307, Failed),
        (405, Failed),
    ],
)
def test_each_status_leads_to_a_decision(status: int, kind: type[Decision]) -> None:
    """A URL that has expired, a host that is busy, and a permanent failure."""
    decision = DownloadState().responded(status, {})
    assert isinstance(decision, kind)
    assert getattr(decision, "reason", None) == f"status {status}"


def test_a_compressed_body_is_refused() -> None:
    """Its length is not that of the file."""
    assert isinstance(DownloadState().responded(200, {"content-encoding": "gzip"}), Failed)
    assert DownloadState().responded(200, {"content-encoding": "identity"}) == Take()


def test_a_body_that_is_too_long_is_not_the_file() -> None:
    """It is as wrong as one that is too short."""
    state = DownloadState()
    state.responded(200, TAG)
    state.received = 11
    assert state.ended() == Retry("11 of 10 bytes were received")
    assert state.received == 0


def test_a_file_of_unknown_size_is_complete_when_it_ends() -> None:
    """Without a size there is nothing to compare with; a malformed one counts as missing."""
    for length in ({}, {"content-length": "many"}, {"content-length": "-1"}):
        state = DownloadState()
        state.responded(200, length)
        state.received = 3
        assert state.ended() == Done()


def test_the_size_that_the_api_reports_reveals_a_truncated_body() -> None:
    """It counts only if the host announces no size and the body does not mark its own end."""
    for headers, decision in (
        ({}, Retry),
        ({"transfer-encoding": "gzip"}, Retry),
        ({"transfer-encoding": "chunked"}, Done),
        ({"content-length": "3000000"}, Done),
    ):
        state = DownloadState(size_mb=8.1)
        state.responded(200, headers)
        state.received = 3_000_000
        assert isinstance(state.ended(), decision)


@pytest.mark.parametrize(
    ("size_mb", "least"),
    [
        (None, 0),
        (0.0, 0),
        (-1.0, 0),
        (float("nan"), 0),
        (float("inf"), 0),
        (1, 0),
        (6, 5_000_000),
        (5.6, 5_500_000),
        (10.25, 10_240_000),
        (0.000001, 0),
    ],
)
def test_a_reported_size_may_be_rounded(size_mb: float | None, least: int) -> None:
    """5.6 MB may be anything from 5.5 on; MB may be the larger unit, and the body longer then."""
    assert min_bytes(size_mb) == least


contents = st.binary(max_size=12)


@given(st.lists(st.tuples(contents, st.integers(0, 12)), min_size=1, max_size=5), st.booleans())
@example([(b"abcdef", 3), (b"abcdef", 12)], True)
@example([(b"abcdef", 3), (b"uvwxyz", 12)], True)
def test_a_complete_file_is_one_version(breaks: list[tuple[bytes, int]], ranges: bool) -> None:
    """However often the connection breaks and the file changes, versions are never mixed.

    Each attempt meets a host with some content, identified by its tag, that closes the connection
    after so many bytes; the last attempt meets one that does not.
    """
    state, written = DownloadState(), b""
    for number, (content, breaks_after) in enumerate([*breaks, (breaks[-1][0], 99)]):
        asked, tag = state.request_headers(), f'"{content.hex()}"'
        first = int(asked["Range"][6:-1]) if asked.get("If-Range") == tag and ranges else None
        if first is None:
            headers = {"content-length": str(len(content))}
            decision = state.responded(200, {"etag": tag, **headers})
        elif first >= len(content):
            decision = state.responded(416, {"content-range": f"bytes */{len(content)}"})
        else:
            place = f"bytes {first}-{len(content) - 1}/{len(content)}"
            decision = state.responded(206, {"etag": tag, "content-range": place})
        if decision == Take():
            came = content[first or 0 :][:breaks_after]
            written = written[: state.received] + came
            state.received += len(came)
            decision = state.ended()
        if decision == Done():
            assert written == content
            return
        assert isinstance(decision, Retry)
        assert number < len(breaks)


def test_only_new_bytes_reset_the_stall_timer() -> None:
    """Bytes received again do not."""
    timer = StallTimer(RetryPolicy(attempts=3, deadline=60.0, backoff=1.0), since=0.0)
    assert timer.wait(1.0, 0.5) == 0.5
    assert timer.wait(2.0, 0.5) == 1.0
    timer.progressed(5, 3.0)
    assert timer.wait(4.0, 0.5) == 0.5
    timer.progressed(5, 5.0)
    assert timer.wait(6.0, 0.5) == 1.0
    assert timer.wait(7.0, 0.5) is None


def test_the_stall_timer_has_a_deadline() -> None:
    """It counts from the latest new byte, whatever the number of attempts."""
    timer = StallTimer(RetryPolicy(deadline=10.0, backoff=1.0), since=0.0)
    timer.progressed(1, 100.0)
    assert timer.wait(109.4, 0.5) == 0.5
    assert timer.wait(109.4, 0.5) is None
