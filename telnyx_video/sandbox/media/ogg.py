"""Silence as Ogg Opus (RFC 3533, RFC 7845): 20 ms in each packet, a second in each page."""

import struct
import zlib

_RATE = 48_000  # samples a second, in which Opus counts whatever was recorded
_PRE_SKIP = 312  # samples at the start that a player drops
_PACKETS = 50  # in a second
_SILENT_PACKET = b"\xf8\xff\xfe"  # a mono frame of 20 ms in which nothing is coded
_MAX_SECONDS = 60  # of a longer recording the rest is left out

_FIRST, _MIDDLE, _LAST = 2, 0, 4  # kinds of pages
_CHECKSUM = slice(22, 26)  # bytes of a page: its checksum, taken while they are 0


def silence(label: str, seconds: int) -> bytes:
    """Return a file of silence, at least a second and at most a minute long.

    Args:
        label: Is put in its tags, in ASCII.
        seconds: How long.
    """
    pages = max(1, min(seconds, _MAX_SECONDS))
    serial = zlib.crc32(label.encode())
    head = struct.pack("<8sBBHIhB", b"OpusHead", 1, 1, _PRE_SKIP, _RATE, 0, 0)
    tags = b"OpusTags" + _text(b"telnyx_video sandbox") + struct.pack("<I", 1)
    tags += _text(b"TITLE=" + label.encode())
    parts = [_page(serial, 0, _FIRST, 0, [head]), _page(serial, 1, _MIDDLE, 0, [tags])]
    for number in range(1, pages + 1):
        kind = _LAST if number == pages else _MIDDLE
        packets = [_SILENT_PACKET] * _PACKETS
        parts.append(_page(serial, number + 1, kind, number * _RATE, packets))
    return b"".join(parts)


def _text(value: bytes) -> bytes:
    return struct.pack("<I", len(value)) + value


def _page(serial: int, number: int, kind: int, position: int, packets: list[bytes]) -> bytes:
    """Return a page of whole packets, each shorter than 255 bytes."""
    lengths = bytes(map(len, packets))
    head = struct.pack("<4sBBqIII", b"OggS", 0, kind, position, serial, number, 0)
    page = head + bytes([len(lengths)]) + lengths + b"".join(packets)
    checksum = struct.pack("<I", _checksum(page))
    return page[: _CHECKSUM.start] + checksum + page[_CHECKSUM.stop :]


def _table() -> tuple[int, ...]:
    """Return the checksums of single bytes, for the polynomial 0x04c11db7, not reflected."""
    found = list[int]()
    for byte in range(256):
        value = byte << 24
        for _ in range(8):
            value = (value << 1) ^ (0x04C11DB7 if value & 0x80000000 else 0)
        found.append(value & 0xFFFFFFFF)
    return tuple(found)


_TABLE = _table()


def _checksum(data: bytes) -> int:
    value = 0
    for byte in data:
        value = ((value << 8) & 0xFFFFFFFF) ^ _TABLE[(value >> 24) ^ byte]
    return value
