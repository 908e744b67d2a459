"""Compositions: the recordings of a session in one video.

Field meanings and bounds:
https://developers.telnyx.com/api-reference/room-compositions/create-a-room-composition
"""

from __future__ import annotations

import enum
import re
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Literal, TypedDict, cast

import attrs

from telnyx_video._base import validate as check
from telnyx_video._base.errors import ErrorDetail
from telnyx_video._base.text import show
from telnyx_video.models._codec import UNSET, Unset
from telnyx_video.models.base import Model, Record, Request, check_webhooks, checked_extra

MAX_REGIONS = 2
"""Regions in a layout, by the API's reference."""

MIN_SIDE = 16
"""Pixels of a picture or a region in each direction, at least."""

MAX_SIDE = 1280
"""Pixels of a picture in each direction, at most."""

MAX_AREA = 1280 * 720
"""Pixels of a picture in all, at most."""


class CompositionStatus(enum.StrEnum):
    """The progress of a composition."""

    ENQUEUED = "enqueued"
    PROCESSING = "processing"
    COMPLETED = "completed"
    """It can be downloaded."""


class CompositionFormat(enum.StrEnum):
    """The format of a composition's file."""

    MP4 = "mp4"


def _as_sources(sources: Iterable[str] | Literal["*"] | None) -> list[str] | None:
    # A string is iterable, too: its letters would become the sources.
    if isinstance(sources, str):
        return [sources]
    try:
        each = iter(cast("Iterable[str]", sources))
    except TypeError:  # None, or not a list: refused later, with the region's name
        return cast("None", sources)
    return [*each]


@attrs.define(kw_only=True, repr=False, slots=False)
class VideoRegion(Model):
    """A rectangle of a composition's picture, and the recordings shown in it.

    A field that is None is left out, so that the API's default applies. The request that a region
    is put into checks its bounds; regions of a reply are as they came.
    """

    width: int | None = None
    """Pixels, 16 or more."""
    height: int | None = None
    """Pixels, 16 or more."""
    x_pos: int | None = None
    """Pixels from the picture's left edge to the region's. The API's default is 0."""
    y_pos: int | None = None
    """Pixels from the picture's upper edge to the region's. The API's default is 0."""
    z_pos: int | None = None
    """The stacking order: higher regions lie on top; -99 to 99. The API's default is 0."""
    max_columns: int | None = None
    """Columns of the region's grid: 1 to 1000. By default as many as are needed."""
    max_rows: int | None = None
    """Rows of the region's grid: 1 to 1000. By default as many as are needed."""
    video_sources: list[str] | None = attrs.field(default=None, converter=_as_sources)
    """Ids of the video recordings to show; ``"*"`` for all of the session."""


class CompositionFields(TypedDict, total=False):
    """A composition's settings as keywords; see :class:`~telnyx_video.CreateCompositionRequest`."""

    session_id: str | Unset
    format: CompositionFormat | str | Unset
    resolution: str | Unset
    video_layout: Mapping[str, VideoRegion] | Unset
    webhook_event_url: str | Unset
    webhook_event_failover_url: str | Unset | None
    webhook_timeout_secs: int | Unset | None
    extra: Mapping[str, object] | Unset


def _as_layout(layout: Mapping[str, VideoRegion] | Unset) -> Mapping[str, VideoRegion] | Unset:
    """Copy the layout, so that later changes to it have no effect."""
    if not isinstance(layout, Mapping):
        return layout
    return {name: _copy(region) for name, region in layout.items()}


def _copy(region: object) -> VideoRegion:
    # Anything else is refused later, by its name.
    return attrs.evolve(region) if isinstance(region, VideoRegion) else cast("VideoRegion", region)


@attrs.frozen(kw_only=True, repr=False)
class CreateCompositionRequest(Request):
    """The settings of a composition to create, checked when constructed.

    ``UNSET`` leaves a field out, so that the API's default applies; ``None`` is sent as null where
    the API allows null.

    Raises:
        InvalidRequestError: a value breaks a bound; all such values are listed.
        TypeError: a keyword is not one of the fields.
    """

    session_id: str | Unset = UNSET
    """The session whose recordings are composed. The reference does not say that it is required,
    nor what is composed without it."""
    format: CompositionFormat | str | Unset = UNSET
    """The file's format. The API's default, and the only documented one, is ``"mp4"``."""
    resolution: str | Unset = UNSET
    """The picture's width and height in pixels, such as ``"800x600"``: both from 16 to 1280, their
    product at most 1280 × 720. The API's default is ``"1280x720"``."""
    video_layout: Mapping[str, VideoRegion] | Unset = attrs.field(
        default=UNSET, converter=_as_layout
    )
    """The regions of the picture, by names that you choose: at most 2."""
    webhook_event_url: str | Unset = UNSET
    """Where events of the composition are sent: a URL with scheme and host, at most 2000
    characters."""
    webhook_event_failover_url: str | Unset | None = UNSET
    """Where events go if the first URL fails; ``""`` or None for nowhere, which is the default."""
    webhook_timeout_secs: int | Unset | None = UNSET
    """Seconds to wait for a webhook's receiver: 0 to 30; None for the API's own choice."""
    extra: Mapping[str, object] | Unset = attrs.field(default=UNSET, hash=False, repr=False)
    """Further fields that the API takes and this version does not know, sent as they are: anything
    that JSON can express. They are in no repr, since any of them may be a secret."""

    def __attrs_post_init__(self) -> None:
        problems: list[ErrorDetail] = []
        if self.session_id is not UNSET:
            check.identifier(problems, "session_id", self.session_id)
        if self.format is not UNSET:
            check.text(problems, "format", self.format)
        if self.resolution is not UNSET:
            _check_resolution(problems, self.resolution)
        if self.video_layout is not UNSET:
            _check_layout(problems, self.video_layout)
        check_webhooks(problems, self)
        if self.extra is not UNSET:
            extra = checked_extra(problems, self.extra, _REQUEST_FIELDS)
            object.__setattr__(self, "extra", extra)
        check.refuse(problems)


_REQUEST_FIELDS = attrs.fields_dict(CreateCompositionRequest)


@attrs.frozen(kw_only=True, repr=False, unsafe_hash=False, slots=False)
class RoomComposition(Record):
    """A composition as the API describes it."""

    room_id: str | None = None
    session_id: str | None = None
    user_id: str | None = None
    """The user of the account who owns it."""
    status: CompositionStatus | str | None = None
    """Its progress; a status that this version does not know is a plain ``str``."""
    format: CompositionFormat | str | None = None
    """The file's format; one that this version does not know is a plain ``str``."""
    resolution: str | None = None
    """Width and height in pixels, such as ``"1280x720"``."""
    video_layout: dict[str, VideoRegion] | None = None
    """The regions of the picture, by their names."""
    download_url: str | None = attrs.field(default=None, repr=False)
    """The file's address. It grants access to the file, so it is in no repr."""
    duration_secs: int | None = None
    """Its length in seconds."""
    size_mb: float | None = None
    """The file's size in MB, rounded by the API."""
    webhook_event_url: str | None = None
    """Where events of the composition are sent."""
    webhook_event_failover_url: str | None = None
    """Where events go if the first URL fails; ``""`` for nowhere."""
    webhook_timeout_secs: int | None = None
    """Seconds to wait for a webhook's receiver."""
    started_at: datetime | None = None
    ended_at: datetime | None = None
    created_at: datetime | None = None
    updated_at: datetime | None = None
    completed_at: datetime | None = None
    """When the file was ready."""
    record_type: str | None = None
    """``"room_composition"``."""


def _check_resolution(problems: list[ErrorDetail], value: object) -> None:
    match = re.fullmatch(r"([0-9]{1,9})x([0-9]{1,9})", value) if isinstance(value, str) else None
    if match is None:
        problem = f'must be "WIDTHxHEIGHT" in pixels, such as "800x600", not {show(value)}'
        problems.append(ErrorDetail(problem, code="wrong_type", pointer="/resolution"))
        return
    width, height = int(match[1]), int(match[2])
    if not all(MIN_SIDE <= side <= MAX_SIDE for side in (width, height)):
        problem = f"width and height must be from {MIN_SIDE} to {MAX_SIDE}, not {show(value)}"
    elif width * height > MAX_AREA:
        problem = f"must have at most 1280 × 720 pixels in all, not {show(value)}"
    else:
        return
    problems.append(ErrorDetail(problem, code="out_of_range", pointer="/resolution"))


def _check_layout(problems: list[ErrorDetail], layout: object) -> None:
    if not isinstance(layout, Mapping):
        problem = (
            f"must be a mapping of names to regions, not {show(layout)} ({type(layout).__name__})"
        )
        problems.append(ErrorDetail(problem, code="wrong_type", pointer="/video_layout"))
        return
    regions = cast("Mapping[object, object]", layout)
    if len(regions) > MAX_REGIONS:
        problem = f"must have at most {MAX_REGIONS} regions, not {len(regions)}"
        problems.append(ErrorDetail(problem, code="out_of_range", pointer="/video_layout"))
        return
    for name, region in regions.items():
        found: list[ErrorDetail] = []
        check.text(found, "name", name)
        if isinstance(region, VideoRegion):
            _check_region(found, region)
        else:
            problem = f"must be a VideoRegion, not {type(region).__name__}"
            found.append(ErrorDetail(problem, code="wrong_type"))
        problems.extend(_of_region(name, problem) for problem in found)


def _check_region(problems: list[ErrorDetail], region: VideoRegion) -> None:
    for field, least, most in _REGION_BOUNDS:
        value = getattr(region, field)
        if value is not None:
            check.integer(problems, field, value, least, most)
    sources: object = region.video_sources
    if sources is not None and not _is_all(sources):
        check.identifiers(problems, "video_sources", sources)


def _is_all(sources: object) -> bool:
    # The type first: an array has no truth value when it is compared.
    if not isinstance(sources, list) or len(cast("list[object]", sources)) != 1:
        return False
    (only,) = cast("list[object]", sources)
    return isinstance(only, str) and only == "*"


_REGION_BOUNDS = (
    ("width", MIN_SIDE, None),
    ("height", MIN_SIDE, None),
    ("x_pos", None, None),
    ("y_pos", None, None),
    ("z_pos", -99, 99),
    ("max_columns", 1, 1000),
    ("max_rows", 1, 1000),
)


def _of_region(name: object, problem: ErrorDetail) -> ErrorDetail:
    """Name the region in a problem of one of its fields."""
    return attrs.evolve(
        problem,
        detail=f"in region {show(name)}: {problem.detail}",
        pointer=check.pointer("video_layout", name if isinstance(name, str) else show(name))
        + (problem.pointer or ""),
    )
