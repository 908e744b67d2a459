"""The media files are valid: every box and every page is where the format requires it."""

import struct
from collections.abc import Iterator
from typing import Literal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from telnyx_video.sandbox.media import recording_file, video_file

PARENTS = {b"moov", b"trak", b"mdia", b"minf", b"dinf", b"stbl"}


def boxes(data: bytes, start: int = 0) -> Iterator[tuple[bytes, int, bytes]]:
    """Yield name, offset and content of every box of an MP4."""
    at = 0
    while at < len(data):
        size, name = struct.unpack_from(">I4s", data, at)
        assert 8 <= size <= len(data) - at
        content = data[at + 8 : at + size]
        yield name, start + at + 8, content
        if name in PARENTS:
            yield from boxes(content, start + at + 8)
        at += size


def pages(data: bytes) -> Iterator[tuple[int, int, int, list[int], bytes]]:
    """Yield kind, position, number, lengths of packets and content of every page of an Ogg."""
    at = 0
    while at < len(data):
        magic, version, kind, position, _, number, checksum, count = struct.unpack_from(
            "<4sBBqIIIB", data, at
        )
        assert (magic, version) == (b"OggS", 0)
        lengths = list(data[at + 27 : at + 27 + count])
        end = at + 27 + count + sum(lengths)
        page = data[at:end]
        assert remainder(page[:22] + bytes(4) + page[26:]) == checksum
        yield kind, position, number, lengths, page[27 + count :]
        at = end


def remainder(data: bytes) -> int:
    """Divide by the polynomial of Ogg, bit by bit."""
    value = 0
    for byte in data:
        for bit in range(7, -1, -1):
            carry = (value >> 31) ^ (byte >> bit & 1)
            value = (value << 1) & 0xFFFFFFFF ^ (0x04C11DB7 if carry else 0)
    return value


@pytest.mark.parametrize(("seconds", "length"), [(0, 1), (1, 1), (84, 84), (10**8, 10**8)])
def test_a_video_is_one_frame_for_the_whole_duration(seconds: int, length: int) -> None:
    """Its only sample is where the tables say, and lasts for the whole duration."""
    found = {name: (at, content) for name, at, content in boxes(video_file("x", seconds))}
    assert list(found)[:2] == [b"ftyp", b"moov"]
    at, sample = found[b"mdat"]
    assert struct.unpack_from(">I", found[b"stco"][1], 8) == (at,)
    assert struct.unpack_from(">I", found[b"stsz"][1], 4) == (len(sample),)
    assert struct.unpack_from(">II", found[b"stts"][1], 8) == (1, length)
    assert struct.unpack_from(">II", found[b"mdhd"][1], 12) == (1, length)
    assert struct.unpack_from(">I", sample) == (len(sample) - 4,)
    assert b"\x00\x00" not in sample[5:]  # nothing that would have to be escaped


def test_a_frame_has_the_size_of_its_parameters() -> None:
    """A frame of H.264 has a header and 384 samples for each of its macroblocks."""
    found = {name: content for name, _, content in boxes(recording_file("x", "video", 1))}
    description = found[b"stsd"]
    width, height = struct.unpack_from(">HH", description, 40)
    count = width // 16 * (height // 16)
    assert b"avcC" in description
    frame = found[b"mdat"][4:]
    assert frame[0] == 0x65  # a picture that can be shown without any other
    assert frame[-1] == 0x80
    header = len(frame) - 1 - count * 384 - (count - 1) * 2
    assert 0 < header < 10
    blocks = [frame[header + number * 386 - 2 :][:2] for number in range(1, count)]
    assert blocks == [b"\x0d\x00"] * (count - 1)


@pytest.mark.parametrize(("seconds", "length"), [(0, 1), (1, 1), (3, 3), (60, 60), (3600, 60)])
def test_audio_is_silence_of_the_given_duration(seconds: int, length: int) -> None:
    """Checksums and numbers of pages are correct, and the positions add up to the duration."""
    head, tags, *rest = pages(recording_file("x", "audio", seconds))
    assert (head[0], head[4][:8]) == (2, b"OpusHead")
    assert tags[4][:8] == b"OpusTags"
    assert [page[2] for page in (head, tags, *rest)] == list(range(length + 2))
    assert [page[0] for page in rest] == [0] * (length - 1) + [4]
    assert sum(len(page[3]) for page in rest) == length * 50  # packets of 20 ms
    assert [page[1] for page in rest] == [48_000 * number for number in range(1, length + 1)]


@settings(max_examples=20)
@given(st.uuids(), st.uuids(), st.booleans(), st.integers(0, 90))
def test_a_file_follows_from_its_id(
    first: object, second: object, is_sound: bool, seconds: int
) -> None:
    """The same recording has the same bytes each time; another one has others."""
    kind: Literal["audio", "video"] = "audio" if is_sound else "video"
    one = recording_file(str(first), kind, seconds)
    assert one == recording_file(str(first), kind, seconds)
    assert (one == recording_file(str(second), kind, seconds)) is (first == second)
