"""Recordings, compositions and tokens from and to dicts: lossless, without conversions."""

import copy
import json
import pickle
from typing import Any

import pytest
from hypothesis import example, given, settings

from support.strategies import compositions, recordings, tokens
from support.words import is_one_line, short
from telnyx_video import ResponseDecodeError
from telnyx_video.models import (
    CompositionFormat,
    CompositionStatus,
    JoinToken,
    Model,
    RecordingStatus,
    RecordingType,
    RoomComposition,
    RoomRecording,
    VideoRegion,
)


def survives(cls: type[Model], data: dict[str, object]) -> None:
    """Check that an object survives writing, pickling and copying."""
    record = cls.from_dict(data)
    # As JSON compares, where 1, 1.0 and true are three values.
    assert json.dumps(record.to_dict(), sort_keys=True) == json.dumps(data, sort_keys=True)
    assert cls.from_dict(record.to_dict()) == record
    assert pickle.loads(pickle.dumps(record)) == copy.deepcopy(record) == record


@settings(max_examples=50)
@given(recordings)
@example({"id": "a", "size_mb": 6})
@example({"id": "a", "status": "completed", "type": "video"})
def test_a_recording_survives(data: dict[str, object]) -> None:
    """Absent, null, empty and unknown fields survive, and unknown enumeration values."""
    survives(RoomRecording, data)


@settings(max_examples=50)
@given(compositions)
@example({"id": "a", "status": "enqueued", "format": "mp4", "video_layout": {"": {"width": None}}})
def test_a_composition_survives(data: dict[str, object]) -> None:
    """Compositions and their regions round-trip like recordings."""
    survives(RoomComposition, data)


@given(tokens)
def test_a_token_survives(data: dict[str, object]) -> None:
    """A token round-trips through JSON."""
    survives(JoinToken, data)


def test_known_values_are_members_of_an_enumeration() -> None:
    """Known words can be compared by identity, and all of them as strings."""
    recording = RoomRecording.from_dict({"id": "a", "status": "processing", "type": "audio"})
    assert recording.status is RecordingStatus.PROCESSING
    assert recording.type is RecordingType.AUDIO
    assert (recording.status, recording.type) == ("processing", "audio")
    composition = RoomComposition.from_dict({"id": "a", "status": "enqueued", "format": "mp4"})
    assert composition.status is CompositionStatus.ENQUEUED
    assert composition.format is CompositionFormat.MP4
    written = composition.to_dict()
    assert [type(value) for value in written.values()] == [str, str, str]


def test_unknown_values_are_plain_strings() -> None:
    """A status that this version does not know is kept as a plain string."""
    composition = RoomComposition.from_dict({"id": "a", "status": "failed", "format": ""})
    assert (composition.status, composition.format) == ("failed", "")
    assert RoomComposition.from_dict({"id": "a", "status": None}).status is None


def test_the_asterisk_of_a_region_is_read_in_both_forms() -> None:
    """The reference describes a list and a string: both mean all recordings."""
    for sources in ("*", ["*"]):
        data: dict[str, object] = {"id": "a", "video_layout": {"b": {"video_sources": sources}}}
        layout = RoomComposition.from_dict(data).video_layout
        assert layout == {"b": VideoRegion(video_sources=["*"])}


def test_an_enumeration_set_in_code_is_written_as_a_string() -> None:
    """A status set in code is written as a plain string."""
    composition = RoomComposition(id="a", status=CompositionStatus.COMPLETED)
    assert composition.to_dict() == {"id": "a", "status": "completed"}


@pytest.mark.parametrize(
    ("cls", "data", "problem"),
    [
        (RoomRecording, {"status": 7}, "expected a string, got an integer @ $.status"),
        (RoomRecording, {"size_mb": "6"}, "expected a number, got a string @ $.size_mb"),
        (RoomRecording, {"size_mb": True}, "expected a number, got a boolean @ $.size_mb"),
        (RoomRecording, {"duration_secs": 6.5}, "expected an integer, got a number"),
        (RoomComposition, {"video_layout": []}, "expected an object, got an array"),
        (RoomComposition, {"video_layout": {"a": 7}}, "got an integer @ $.video_layout['a']"),
        (
            RoomComposition,
            {"video_layout": {"a": {}, "b": {"video_sources": [7]}}},
            "expected a string, got an integer @ $.video_layout['b'].video_sources[0]",
        ),
        (
            RoomComposition,
            {"video_layout": {f"{n}\n": 7 for n in range(5000)}},
            "got an integer @ $.video_layout['0\\n']",
        ),
        (JoinToken, {}, "required field missing @ $.token"),
        (JoinToken, {"token": "a"}, "required field missing @ $.token_expires_at"),
    ],
    ids=short,
)
def test_a_value_of_the_wrong_type_is_named_by_its_path(
    cls: type[Model], data: dict[str, Any], problem: str
) -> None:
    """The message names both types and the path, in one line of bounded length."""
    with pytest.raises(ResponseDecodeError) as caught:
        cls.from_dict(data if cls is JoinToken else {"id": "a", **data})
    assert problem in str(caught.value)
    assert is_one_line(str(caught.value))
    assert len(str(caught.value)) < 1000
