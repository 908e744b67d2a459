"""Small playable media files for recordings and compositions.

A file is a pure function of an id, a kind and a duration: nothing is stored, and the same request
always gets the same bytes. Different ids have different bytes.
"""

from typing import Literal

from telnyx_video.sandbox.media.mp4 import still_video
from telnyx_video.sandbox.media.ogg import silence

__all__ = ["MEGABYTE", "composition_file", "recording_file"]

MEGABYTE = 1e6
"""Bytes in the unit of published file sizes; that it is not 1,048,576 is a guess."""


def recording_file(recording_id: str, kind: Literal["audio", "video"], seconds: int) -> bytes:
    """Return the file of a recording: silence as Ogg Opus, or a still picture as MP4."""
    if kind == "audio":
        return silence(recording_id, seconds)
    return still_video(recording_id, seconds)


def composition_file(composition_id: str, seconds: int) -> bytes:
    """Return the file of a composition: a still picture as MP4."""
    return still_video(composition_id, seconds)
