"""Small playable media files for recordings and compositions.

A file is a pure function of an id, a kind and a duration: nothing is stored, and the same request
always gets the same bytes. Different ids have different bytes.

A recording of audio is silence as Ogg Opus (RFC 3533, RFC 7845): 20 ms in each packet, a second in
each page. Everything else is a still picture as MP4 (ISO/IEC 14496-12) with one frame of H.264
(ITU-T H.264). The frame uses I_PCM: macroblocks hold raw samples, so no encoder is needed, and the
file is large enough for tests that cut a download in the middle.
"""

import hashlib
import struct
import zlib
from functools import cache
from typing import Literal

MEGABYTE = 1e6
"""Bytes in the unit of published file sizes; 1,000,000 and not 1,048,576 is a guess."""


def recording_file(recording_id: str, kind: Literal["audio", "video"], seconds: int) -> bytes:
    """Return the file of a recording: silence as Ogg Opus, or a still picture as MP4."""
    if kind == "audio":
        return _silence(recording_id, seconds)
    return video_file(recording_id, seconds)


_RATE = 48_000  # samples a second: Opus always counts in these
_PRE_SKIP = 312  # samples at the start that a player drops
_PACKETS = 50  # in a second
_SILENT_PACKET = b"\xf8\xff\xfe"  # a mono frame of 20 ms in which nothing is coded
_MAX_SECONDS = 60  # a longer recording is cut off

_FIRST, _MIDDLE, _LAST = 2, 0, 4  # kinds of pages
_CHECKSUM_AT = slice(22, 26)  # bytes of a page: its checksum, taken while they are 0


def _silence(label: str, seconds: int) -> bytes:
    """Return a file of silence, at least a second and at most a minute long.

    Args:
        label: Its title tag, in ASCII.
        seconds: How long.
    """
    pages = max(1, min(seconds, _MAX_SECONDS))
    serial = zlib.crc32(label.encode())
    head = struct.pack("<8sBBHIhB", b"OpusHead", 1, 1, _PRE_SKIP, _RATE, 0, 0)
    tags = b"OpusTags" + _tag(b"telnyx_video sandbox") + struct.pack("<I", 1)
    tags += _tag(b"TITLE=" + label.encode())
    parts = [_page(serial, 0, _FIRST, 0, [head]), _page(serial, 1, _MIDDLE, 0, [tags])]
    for number in range(1, pages + 1):
        kind = _LAST if number == pages else _MIDDLE
        packets = [_SILENT_PACKET] * _PACKETS
        parts.append(_page(serial, number + 1, kind, number * _RATE, packets))
    return b"".join(parts)


def _tag(value: bytes) -> bytes:
    return struct.pack("<I", len(value)) + value


def _page(serial: int, number: int, kind: int, position: int, packets: list[bytes]) -> bytes:
    """Return a page of whole packets, each shorter than 255 bytes."""
    lengths = bytes(map(len, packets))
    head = struct.pack("<4sBBqIII", b"OggS", 0, kind, position, serial, number, 0)
    page = head + bytes([len(lengths)]) + lengths + b"".join(packets)
    checksum = struct.pack("<I", _checksum(page))
    return page[: _CHECKSUM_AT.start] + checksum + page[_CHECKSUM_AT.stop :]


def _checksums() -> tuple[int, ...]:
    """Return the checksums of single bytes, for the polynomial 0x04c11db7, not reflected."""
    found = list[int]()
    for byte in range(256):
        value = byte << 24
        for _ in range(8):
            value = (value << 1) ^ (0x04C11DB7 if value & 0x80000000 else 0)
        found.append(value & 0xFFFFFFFF)
    return tuple(found)


_CHECKSUMS = _checksums()


def _checksum(data: bytes) -> int:
    value = 0
    for byte in data:
        value = ((value << 8) & 0xFFFFFFFF) ^ _CHECKSUMS[(value >> 24) ^ byte]
    return value


_COLUMNS, _ROWS = 20, 15  # macroblocks of 16 × 16 pixels
_WIDTH, _HEIGHT = 16 * _COLUMNS, 16 * _ROWS
_MACROBLOCK = 384  # samples: 256 of light, twice 64 of colour
_SCALE = 1  # units of time in a second: a day of them fits as well as a year
_HEAD = 8  # bytes of a box before its content: its size and its name


class _Bits:
    """Packs bits into bytes."""

    def __init__(self) -> None:
        self._digits = ""

    def fixed(self, value: int, width: int) -> None:
        """Append a number with a fixed width."""
        self._digits += f"{value:0{width}b}"

    def counted(self, *values: int) -> None:
        """Append Exp-Golomb codes (section 9.1 of the standard)."""
        for value in values:
            digits = f"{value + 1:b}"
            self._digits += "0" * (len(digits) - 1) + digits

    def aligned(self) -> bytes:
        """Return the bytes, padded with zeros."""
        self._digits += "0" * (-len(self._digits) % 8)
        return bytes(int(self._digits[at : at + 8], 2) for at in range(0, len(self._digits), 8))

    def ended(self) -> bytes:
        """Return the bytes, with the stop bit of a unit."""
        self._digits += "1"
        return self.aligned()


@cache
def _parameters() -> tuple[bytes, bytes]:
    """Return the parameter sets of the sequence and of its picture."""
    sequence = _Bits()
    for value in (0x67, 66, 0xC0, 30):  # kind of unit, baseline profile, constraints, level 3
        sequence.fixed(value, 8)
    # Id, bits of frame numbers, order of output as decoded, no reference frames.
    sequence.counted(0, 0, 2, 0)
    sequence.fixed(0, 1)
    sequence.counted(_COLUMNS - 1, _ROWS - 1)
    sequence.fixed(0b1100, 4)  # whole frames, inference; neither cropping nor usability data
    picture = _Bits()
    picture.fixed(0x68, 8)
    picture.counted(0, 0)
    picture.fixed(0, 2)
    picture.counted(0, 0, 0)
    picture.fixed(0, 3)
    picture.counted(0, 0, 0)
    picture.fixed(0b100, 3)  # slices state their filter
    return sequence.ended(), picture.ended()


def _frame(label: str) -> bytes:
    """Return one picture, whose samples follow from the label."""
    slice_ = _Bits()
    slice_.fixed(0x65, 8)
    slice_.counted(0, 7, 0)  # from the first macroblock, all intra, parameter set 0
    slice_.fixed(0, 4)
    slice_.counted(0)
    slice_.fixed(0, 2)
    slice_.counted(0, 1)  # the usual quality, not filtered
    slice_.counted(25)  # the first macroblock is I_PCM
    count = _COLUMNS * _ROWS
    noise = hashlib.shake_128(label.encode()).digest(count * _MACROBLOCK)
    # Without zeros, no byte can be mistaken for the start of a unit or needs an escape.
    samples = noise.translate(_GREY)
    blocks = (samples[at : at + _MACROBLOCK] for at in range(0, len(samples), _MACROBLOCK))
    # Each further macroblock is marked as I_PCM too: 25 as above, and seven zeros.
    return slice_.aligned() + b"\x0d\x00".join(blocks) + b"\x80"


_GREY = bytes(96 + value // 4 for value in range(256))


def video_file(label: str, seconds: int) -> bytes:
    """Return a still picture as MP4: the file of a composition, or of a video recording.

    Args:
        label: Makes the file differ from others.
        seconds: How long, at least one.
    """
    frame = _frame(label)
    sample = struct.pack(">I", len(frame)) + frame
    kind = _box(b"ftyp", b"isom", struct.pack(">I", 512), b"isomavc1mp41")
    duration = max(1, seconds) * _SCALE
    # The offset has a fixed width, so the length of the box does not depend on it.
    start = len(kind) + len(_movie(duration, len(sample), 0)) + _HEAD
    return kind + _movie(duration, len(sample), start) + _box(b"mdat", sample)


def _box(name: bytes, *content: bytes) -> bytes:
    body = b"".join(content)
    return struct.pack(">I", _HEAD + len(body)) + name + body


def _full(name: bytes, flags: int, *content: bytes) -> bytes:
    return _box(name, struct.pack(">I", flags), *content)


def _words(*values: int) -> bytes:
    return struct.pack(f">{len(values)}I", *values)


_MATRIX = _words(0x10000, 0, 0, 0, 0x10000, 0, 0, 0, 0x40000000)


def _movie(duration: int, size: int, start: int) -> bytes:
    header = _full(
        b"mvhd",
        0,
        _words(0, 0, _SCALE, duration, 0x10000),
        b"\x01\x00" + bytes(10) + _MATRIX + bytes(24) + _words(2),
    )
    track = _full(
        b"tkhd",
        3,  # enabled, in the movie
        _words(0, 0, 1, 0, duration) + bytes(16) + _MATRIX + _words(_WIDTH << 16, _HEIGHT << 16),
    )
    media = _box(
        b"mdia",
        _full(b"mdhd", 0, _words(0, 0, _SCALE, duration), b"\x55\xc4\x00\x00"),
        _full(b"hdlr", 0, bytes(4), b"vide", bytes(12), b"sandbox\x00"),
        _box(
            b"minf",
            _full(b"vmhd", 1, bytes(8)),
            _box(b"dinf", _full(b"dref", 0, _words(1), _full(b"url ", 1))),
            _samples(duration, size, start),
        ),
    )
    return _box(b"moov", header, _box(b"trak", track, media))


def _samples(duration: int, size: int, start: int) -> bytes:
    """Return the sample table: position, duration and format of the only sample."""
    return _box(
        b"stbl",
        _full(b"stsd", 0, _words(1), _description()),
        _full(b"stts", 0, _words(1, 1, duration)),
        _full(b"stsc", 0, _words(1, 1, 1, 1)),
        _full(b"stsz", 0, _words(size, 1)),
        _full(b"stco", 0, _words(1, start)),
    )


def _description() -> bytes:
    sequence, picture = _parameters()
    config = bytes([1, *sequence[1:4], 0xFF, 0xE1]) + struct.pack(">H", len(sequence)) + sequence
    config += b"\x01" + struct.pack(">H", len(picture)) + picture
    return _box(
        b"avc1",
        bytes(6) + struct.pack(">H", 1) + bytes(16),
        struct.pack(">HH", _WIDTH, _HEIGHT) + _words(0x480000, 0x480000, 0),
        struct.pack(">H", 1) + bytes(32) + struct.pack(">Hh", 24, -1),
        _box(b"avcC", config),
    )
