"""What to ask for next of a file, and what an answer means."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from support.words import short
from telnyx_video import RetryPolicy
from telnyx_video._execution._download_state import (
    Again,
    Course,
    Expired,
    Patience,
    Refused,
    Take,
    Verdict,
    Whole,
)

TAG = {"etag": '"a"', "content-length": "10"}


def halfway() -> Course:
    """Return the course of a file of 10 bytes that broke off after 4."""
    course = Course()
    assert course.ask() == {}
    assert course.answered(200, TAG) == Take()
    course.received = 4
    assert course.ended() == Again("4 of 10 bytes came")
    return course


def test_the_rest_is_asked_for_where_the_file_can_be_told() -> None:
    """By its tag, or else by the time of its last change; and never by a weak tag."""
    assert halfway().ask() == {"Range": "bytes=4-", "If-Range": '"a"'}
    for headers, validator in (
        ({"last-modified": "then"}, "then"),
        ({"etag": 'W/"a"', "last-modified": "then"}, "then"),
        ({"etag": 'W/"a"'}, None),
        ({}, None),
    ):
        course = Course()
        course.answered(200, headers)
        course.received = 4
        asked = {"Range": "bytes=4-", "If-Range": validator} if validator else {}
        assert course.ask() == asked
        assert course.received == (4 if validator else 0)


def test_the_rest_is_taken_from_where_it_broke_off() -> None:
    """A part that begins there, of the same file, is what was asked for."""
    for headers in ({"content-range": "bytes 4-9/10"}, {"content-range": "bytes 4-9/10", **TAG}):
        course = halfway()
        assert course.answered(206, headers) == Take()
        assert course.received == 4
        course.received = 10
        assert course.ended() == Whole()


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
def test_a_part_of_something_else_is_not_taken(headers: dict[str, str]) -> None:
    """Another place, another size, another file: it begins again instead of mixing two files."""
    course = halfway()
    assert isinstance(course.answered(206, headers), Again)
    assert course.ask() == {}


def test_a_part_that_nobody_asked_for_is_not_taken() -> None:
    """A server that sends a part at once has not sent the file."""
    assert isinstance(Course().answered(206, {"content-range": "bytes 0-9/10"}), Again)


def test_a_server_that_sends_the_whole_again_is_followed() -> None:
    """The file has changed, or it knows no ranges: what came is replaced."""
    course = halfway()
    assert course.answered(200, {"content-length": "20"}) == Take()
    assert (course.received, course.total) == (0, 20)


@pytest.mark.parametrize(
    ("received", "content_range", "whole"),
    [(10, "bytes */10", True), (4, "bytes */3", False), (4, "", False), (10, "bytes */12", False)],
)
def test_a_place_beyond_the_end(received: int, content_range: str, whole: bool) -> None:
    """All was there already, or the file has shrunk."""
    course = halfway()
    course.received = received
    verdict = course.answered(416, {"content-range": content_range})
    assert (verdict == Whole()) is whole
    assert (course.received == 0) is not whole


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (403, Expired),
        (404, Expired),
        (400, Expired),
        (410, Expired),
        (429, Again),
        (408, Again),
        (500, Again),
        (503, Again),
        (204, Refused),
        (304, Refused),
        (307, Refused),
        (405, Refused),
    ],
)
def test_refusals_are_told_apart(status: int, kind: type[Verdict]) -> None:
    """An address that has expired, a server that is busy, and what will never be."""
    verdict = Course().answered(status, {})
    assert isinstance(verdict, kind)
    assert getattr(verdict, "reason", None) == f"status {status}"


def test_what_is_compressed_on_the_way_is_not_taken() -> None:
    """Its sizes are not those of the file."""
    assert isinstance(Course().answered(200, {"content-encoding": "gzip"}), Refused)
    assert Course().answered(200, {"content-encoding": "identity"}) == Take()


def test_more_than_the_whole_is_not_the_file() -> None:
    """A body that is too long is as wrong as one that is too short."""
    course = Course()
    course.answered(200, TAG)
    course.received = 11
    assert course.ended() == Again("11 of 10 bytes came")
    assert course.received == 0


def test_a_file_of_untold_size_ends_where_it_ends() -> None:
    """Without a size there is nothing to compare; nonsense is none."""
    for length in ({}, {"content-length": "many"}, {"content-length": "-1"}):
        course = Course()
        course.answered(200, length)
        course.received = 3
        assert course.ended() == Whole()


contents = st.binary(max_size=12)


@given(st.lists(st.tuples(contents, st.integers(0, 12)), min_size=1, max_size=5), st.booleans())
@example([(b"abcdef", 3), (b"abcdef", 12)], True)
@example([(b"abcdef", 3), (b"uvwxyz", 12)], True)
def test_what_is_whole_is_one_file(breaks: list[tuple[bytes, int]], ranges: bool) -> None:
    """However often it breaks, and the file changes: never is a part of one joined to another.

    Each try meets a server with some content, whose tag tells which, and that breaks off after so
    many bytes; the last try meets none that breaks off.
    """
    course, written = Course(), b""
    for number, (content, breaks_after) in enumerate([*breaks, (breaks[-1][0], 99)]):
        asked, tag = course.ask(), f'"{content.hex()}"'
        first = int(asked["Range"][6:-1]) if asked.get("If-Range") == tag and ranges else None
        if first is None:
            headers = {"content-length": str(len(content))}
            verdict = course.answered(200, {"etag": tag, **headers})
        elif first >= len(content):
            verdict = course.answered(416, {"content-range": f"bytes */{len(content)}"})
        else:
            place = f"bytes {first}-{len(content) - 1}/{len(content)}"
            verdict = course.answered(206, {"etag": tag, "content-range": place})
        if verdict == Take():
            came = content[first or 0 :][:breaks_after]
            written = written[: course.received] + came
            course.received += len(came)
            verdict = course.ended()
        if verdict == Whole():
            assert written == content
            return
        assert isinstance(verdict, Again)
        assert number < len(breaks)


def test_patience_is_lost_only_while_nothing_comes() -> None:
    """Each new byte renews it; what came before, coming again, does not."""
    patience = Patience(RetryPolicy(attempts=3, deadline=60.0, backoff=1.0), since=0.0)
    assert patience.wait(1.0, 0.5) == 0.5
    assert patience.wait(2.0, 0.5) == 1.0
    patience.came_to(5, 3.0)
    assert patience.wait(4.0, 0.5) == 0.5
    patience.came_to(5, 5.0)
    assert patience.wait(6.0, 0.5) == 1.0
    assert patience.wait(7.0, 0.5) is None


def test_patience_has_a_deadline_from_the_latest_byte_on() -> None:
    """Seconds in which nothing comes, whatever the number of tries."""
    patience = Patience(RetryPolicy(deadline=10.0, backoff=1.0), since=0.0)
    patience.came_to(1, 100.0)
    assert patience.wait(109.4, 0.5) == 0.5
    assert patience.wait(109.4, 0.5) is None
