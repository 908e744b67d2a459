"""The fields of a composition, and its layout.

Source: https://developers.telnyx.com/api-reference/room-compositions/create-a-room-composition
"""

import re
from collections.abc import Sequence
from typing import cast

from telnyx_video.sandbox.checks.bodies import WEBHOOKS, Field, Fields, check_fields, problem_at
from telnyx_video.sandbox.checks.values import Complaint, integer, uuid
from telnyx_video.sandbox.replies import Problem

_SIDES = (16, 1280)  # pixels
_MAX_AREA = 1280 * 720  # pixels
_MAX_REGIONS = 2
_RESOLUTION = re.compile(r"([0-9]{1,4})x([0-9]{1,4})", re.ASCII)
_EVERY_SOURCE = ("*", ["*"])


def _resolution(value: object) -> Complaint:
    found = _RESOLUTION.fullmatch(value) if isinstance(value, str) else None
    if found is not None:
        width, height = int(found[1]), int(found[2])
        within = all(_SIDES[0] <= side <= _SIDES[1] for side in (width, height))
        if within and width * height <= _MAX_AREA:
            return None
    return "must be like 800x600: sides from 16 to 1280 pixels, at most 1280 × 720 in all"


def _format(value: object) -> Complaint:
    return None if value == "mp4" else "must be mp4"


COMPOSITION: Fields = {
    "session_id": Field(uuid),
    "format": Field(_format, "mp4"),
    "resolution": Field(_resolution, "1280x720"),
    **WEBHOOKS,
}
"""All but the layout."""

_REGION: Fields = {
    "width": Field(integer(16)),
    "height": Field(integer(16)),
    "x_pos": Field(integer()),
    "y_pos": Field(integer()),
    "z_pos": Field(integer(-99, 99)),
    "max_columns": Field(integer(1, 1000)),
    "max_rows": Field(integer(1, 1000)),
}

_POSITION = {"x_pos": 0, "y_pos": 0, "z_pos": 0}

Layout = dict[str, dict[str, object]]
"""Regions by name."""


def check_layout(value: object, videos: Sequence[str]) -> tuple[Layout, list[Problem]]:
    """Return the layout with its defaults, and what is wrong with it.

    Sources may also be "*", by itself or as the only item of the list, for all videos: the
    description allows it, although the schema allows only ids.

    Args:
        value: Regions by name, at most two.
        videos: The ids of the session's video recordings.
    """
    if not isinstance(value, dict) or len(cast("dict[str, object]", value)) > _MAX_REGIONS:
        complaint = f"must be an object of at most {_MAX_REGIONS} regions"
        return {}, [problem_at(complaint, "video_layout")]
    layout: Layout = {}
    problems: list[Problem] = []
    for name, region in cast("dict[str, object]", value).items():
        place = ("video_layout", name)
        if not isinstance(region, dict):
            problems.append(problem_at("must be an object", *place))
            continue
        wanted = cast("dict[str, object]", region)
        settings, flaws = check_fields(wanted, _REGION, at=place)
        sources, misses = _check_sources(wanted.get("video_sources", []), videos, place)
        layout[name] = {**_POSITION, **settings, "video_sources": sources}
        problems += flaws + misses
    return layout, problems


def _check_sources(
    value: object, videos: Sequence[str], place: tuple[str, ...]
) -> tuple[list[str], list[Problem]]:
    if value in _EVERY_SOURCE:
        return list(videos), []
    if not isinstance(value, list):
        complaint = 'must be "*" or a list of ids of video recordings'
        return [], [problem_at(complaint, *place, "video_sources")]
    sources = cast("list[object]", value)
    problems = [
        problem_at("must be the id of a video recording of the session", *place, "video_sources", i)
        for i, source in enumerate(sources)
        if not isinstance(source, str) or source.lower() not in videos
    ]
    return [str(source).lower() for source in sources], problems
