"""Small files that players really play, for recordings and compositions.

A file is a function of an id, a kind and a length, so that nothing of it is stored, and the same
request gets the same bytes for ever. No two ids have the same bytes.
"""

from typing import Literal

from telnyx_video.sandbox.media.mp4 import film
from telnyx_video.sandbox.media.ogg import silence

__all__ = ["MEGABYTE", "composition_file", "recording_file"]

MEGABYTE = 1e6
"""Bytes in the unit that sizes of files are told in; that it is not 1,048,576 is our guess."""


def recording_file(recording_id: str, kind: Literal["audio", "video"], seconds: int) -> bytes:
    """Return the file of a recording: silence as Ogg Opus, or a still picture as MP4."""
    if kind == "audio":
        return silence(recording_id, seconds)
    return film(recording_id, seconds)


def composition_file(composition_id: str, seconds: int) -> bytes:
    """Return the file of a composition: a still picture as MP4."""
    return film(composition_id, seconds)
