"""Compositions: every bound of a request, at and beyond its edge, and what regions keep."""

from collections import UserDict
from types import MappingProxyType
from typing import Any

import attrs
import pytest

from support.words import is_one_line, short
from telnyx_video import InvalidRequestError
from telnyx_video.models import (
    CompositionFormat,
    CompositionStatus,
    CreateCompositionRequest,
    RoomComposition,
    VideoRegion,
)

FULL_HD_URL = "https://example.com/".ljust(2000, "x")


def make(**fields: Any) -> CreateCompositionRequest:
    """Make a request as an unchecked caller would."""
    return CreateCompositionRequest(**fields)


def region(**fields: Any) -> VideoRegion:
    """Make a region as an unchecked caller would."""
    return VideoRegion(**fields)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("session_id", "0ccc7b54-4df3-4bca-a65a-3da1ecc777b0"),
        ("format", CompositionFormat.MP4),
        ("format", "webm"),
        ("resolution", "16x16"),
        ("resolution", "1280x720"),
        ("resolution", "720x1280"),
        ("resolution", "0800x600"),
        ("video_layout", {}),
        ("video_layout", {"first": VideoRegion(), "second": VideoRegion()}),
        ("webhook_event_url", FULL_HD_URL),
        ("webhook_event_failover_url", ""),
        ("webhook_event_failover_url", None),
        ("webhook_timeout_secs", 0),
        ("webhook_timeout_secs", 30),
        ("webhook_timeout_secs", None),
    ],
    ids=short,
)
def test_a_value_within_its_bounds_is_kept_as_it_is(field: str, value: object) -> None:
    """Allowed values are kept, including formats of a later API version."""
    assert getattr(make(**{field: value}), field) == value


@pytest.mark.parametrize(
    ("field", "value", "code"),
    [
        ("session_id", "", "not_an_id"),
        ("session_id", None, "wrong_type"),
        ("session_id", "a/b", "not_an_id"),
        ("format", "", "empty"),
        ("format", None, "wrong_type"),
        ("format", "\ud800", "not_text"),
        ("resolution", "15x16", "out_of_range"),
        ("resolution", "16x15", "out_of_range"),
        ("resolution", "1281x16", "out_of_range"),
        ("resolution", "16x1281", "out_of_range"),
        ("resolution", "1280x721", "out_of_range"),
        ("resolution", "961x960", "out_of_range"),
        ("resolution", "800 x 600", "wrong_type"),
        ("resolution", "800X600", "wrong_type"),
        ("resolution", "800x600\n", "wrong_type"),
        ("resolution", "²x600", "wrong_type"),
        ("resolution", "9" * 5000 + "x16", "wrong_type"),
        ("resolution", (800, 600), "wrong_type"),
        ("resolution", None, "wrong_type"),
        ("video_layout", [VideoRegion()], "wrong_type"),
        ("video_layout", None, "wrong_type"),
        ("video_layout", dict.fromkeys("abc", VideoRegion()), "out_of_range"),
        ("webhook_event_url", "", "not_a_url"),
        ("webhook_event_url", FULL_HD_URL + "x", "too_long"),
        ("webhook_event_failover_url", "example.com", "not_a_url"),
        ("webhook_timeout_secs", 31, "out_of_range"),
        ("webhook_timeout_secs", True, "wrong_type"),
    ],
    ids=short,
)
def test_a_value_beyond_its_bounds_is_refused(field: str, value: object, code: str) -> None:
    """A value that the API would refuse is refused before it is sent, with its field."""
    with pytest.raises(InvalidRequestError) as caught:
        make(**{field: value})
    (problem,) = caught.value.details
    assert (problem.field, problem.pointer, problem.code) == (field, f"/{field}", code)
    assert is_one_line(str(caught.value))
    assert len(str(caught.value)) < 250


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("width", 16),
        ("height", 100_000),
        ("height", 2**63 - 1),
        ("x_pos", -5),
        ("y_pos", 0),
        ("z_pos", -99),
        ("z_pos", 99),
        ("max_columns", 1),
        ("max_rows", 1000),
        ("video_sources", ["a", "b"]),
        ("video_sources", ["*"]),
        ("width", None),
        ("video_sources", None),
    ],
    ids=short,
)
def test_a_region_within_its_bounds_is_accepted(field: str, value: object) -> None:
    """Regions may lie anywhere, and have the size and the grid that the API allows."""
    made = make(video_layout={"first": region(**{field: value})})
    assert made.video_layout == {"first": region(**{field: value})}


@pytest.mark.parametrize(
    ("field", "value", "code"),
    [
        ("width", 15, "out_of_range"),
        ("height", 15, "out_of_range"),
        ("x_pos", 1.5, "wrong_type"),
        ("x_pos", 2**63, "out_of_range"),
        ("y_pos", -(2**64), "out_of_range"),
        ("y_pos", "0", "wrong_type"),
        ("z_pos", -100, "out_of_range"),
        ("z_pos", 100, "out_of_range"),
        ("max_columns", 0, "out_of_range"),
        ("max_columns", 1001, "out_of_range"),
        ("max_rows", 0, "out_of_range"),
        ("max_rows", True, "wrong_type"),
        ("video_sources", [], "empty"),
        ("video_sources", ["a", "*"], "not_an_id"),
        ("video_sources", ["a/b"], "not_an_id"),
        ("video_sources", [7], "wrong_type"),
    ],
    ids=short,
)
def test_a_region_beyond_its_bounds_is_named(field: str, value: object, code: str) -> None:
    """The error names the region, in words and as a pointer."""
    with pytest.raises(InvalidRequestError) as caught:
        make(video_layout={"first": region(), "a/b": region(**{field: value})})
    (problem,) = caught.value.details
    assert (problem.field, problem.code) == (field, code)
    assert problem.pointer == f"/video_layout/a~1b/{field}"
    assert f"{field}: in region 'a/b': must " in str(caught.value)


def test_an_invalid_region_is_refused_under_its_name() -> None:
    """A dict in place of a region and an empty name are both reported, each with its pointer."""
    with pytest.raises(InvalidRequestError) as caught:
        make(video_layout={"first": {"width": 480}, "": VideoRegion()})
    first, second = caught.value.details
    assert (first.pointer, first.code) == ("/video_layout/first", "wrong_type")
    assert first.detail == "in region 'first': must be a VideoRegion, not dict"
    assert (second.pointer, second.code) == ("/video_layout//name", "empty")
    with pytest.raises(InvalidRequestError, match="in region 7: must be a string"):
        make(video_layout={7: VideoRegion()})


def test_all_problems_are_listed_in_the_order_of_the_fields() -> None:
    """One error lists every problem."""
    with pytest.raises(InvalidRequestError) as caught:
        make(
            webhook_timeout_secs=31,
            video_layout={"first": region(width=1, height=1)},
            resolution="1x1",
            session_id="",
        )
    fields = [problem.field for problem in caught.value.details]
    assert fields == ["session_id", "resolution", "width", "height", "webhook_timeout_secs"]


@pytest.mark.parametrize("kind", [dict, MappingProxyType, UserDict], ids=lambda kind: kind.__name__)
def test_a_checked_layout_does_not_change(kind: Any) -> None:
    """Changing a layout afterwards does not change the request that was made from it."""
    place, sources = VideoRegion(width=480), ["a"]
    place.video_sources = sources
    layout = {"first": place}
    made = make(video_layout=kind(layout))
    layout["second"], place.width = VideoRegion(), 1
    sources.append("b/c")
    assert made.video_layout == {"first": VideoRegion(width=480, video_sources=["a"])}


@pytest.mark.parametrize(
    ("given", "kept"),
    [("*", ["*"]), ("a", ["a"]), (("a", "b"), ["a", "b"]), (["*"], ["*"]), (None, None)],
    ids=short,
)
def test_sources_are_a_list(given: Any, kept: list[str] | None) -> None:
    """The asterisk, or one id, is one source and not a string of letters."""
    assert VideoRegion(video_sources=given).video_sources == kept


def test_a_request_does_not_change() -> None:
    """A checked request cannot be changed."""
    request = make(session_id="a")
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        request.session_id = ""  # type: ignore[misc] # pyright: ignore[reportAttributeAccessIssue] # the point


def test_the_address_of_a_file_is_in_no_repr() -> None:
    """The address grants access to the file, so it does not belong in a log."""
    composition = RoomComposition(
        id="a", status=CompositionStatus.COMPLETED, download_url="https://example.com/?sig=1"
    )
    composition.extra["preview_url"] = "https://example.com/?sig=2"
    assert "sig=" not in repr(composition)


def test_an_unknown_keyword_is_a_type_error_that_names_the_nearest() -> None:
    """A misspelt keyword is a mistake in the code; the message lists the fields."""
    with pytest.raises(TypeError, match="no field 'layout'; did you mean video_layout"):
        make(layout={})
    with pytest.raises(TypeError, match="takes keywords only"):
        CreateCompositionRequest("a")  # type: ignore[call-arg] # pyright: ignore[reportCallIssue] # the point
