"""The commands for compositions."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, cast

import typer

from telnyx_video import UNSET, InvalidRequestError, ResponseDecodeError
from telnyx_video.cli.calls import call, delete_one, show, show_done, show_list
from telnyx_video.cli.downloads import fetch
from telnyx_video.cli.options import (
    CompositionId,
    EventUrl,
    FailoverUrl,
    OfSession,
    PageSize,
    TargetFile,
    TimeoutSecs,
    Times,
    Yes,
    by_days,
    chosen_list,
    given,
)
from telnyx_video.cli.settings import Settings, Values, everywhere
from telnyx_video.cli.tables import ID_WIDTH, Column, Columns, day

if TYPE_CHECKING:
    from telnyx_video import CreateCompositionRequest, RoomComposition, VideoRegion
    from telnyx_video.models import Unset

COLUMNS: Columns[RoomComposition] = (
    Column("Id", ID_WIDTH, lambda composition: composition.id),
    Column("Format", 6, lambda composition: composition.format),
    Column("Status", 10, lambda composition: composition.status),
    Column("Secs", 5, lambda composition: composition.duration_secs, is_number=True),
    Column("Created", 10, lambda composition: day(composition.created_at)),
)


@everywhere
@by_days("created")
def list_compositions(
    settings: Settings,
    times: Times,
    session_id: OfSession = None,
    status: Annotated[
        str | None,
        typer.Option(metavar="enqueued|processing|completed", help="Only those that are so far."),
    ] = None,
    page_size: PageSize = "250",
) -> None:
    """List the compositions: all of them, or those that pass every filter."""
    days, size = chosen_list(times, page_size)
    show_list(
        settings,
        lambda rooms: rooms.compositions.list(
            session_id=given(session_id),
            status=given(status),
            created_at=days["created"],
            page_size=size,
        ),
        COLUMNS,
        "composition",
    )


@everywhere
def create_composition(
    settings: Settings,
    session_id: Annotated[
        str | None, typer.Option(metavar="ID", help="The session to compose.")
    ] = None,
    format: Annotated[
        str | None, typer.Option("--format", metavar="mp4", help="The file's format.")
    ] = None,
    resolution: Annotated[
        str | None, typer.Option(metavar="WxH", help="Pixels, 16 to 1280 each: such as 800x600.")
    ] = None,
    video_layout: Annotated[
        str | None,
        typer.Option(
            metavar="JSON",
            help='Regions by names of your own, such as {"main": {"width": 640, "height": 360}}.',
        ),
    ] = None,
    webhook_event_url: EventUrl = None,
    webhook_event_failover_url: FailoverUrl = None,
    webhook_timeout_secs: TimeoutSecs = None,
) -> None:
    """Have a composition made of a session's recordings; `get` tells how far it is."""
    values = Values()
    request = _request(
        values,
        {
            "session_id": session_id,
            "format": format,
            "resolution": resolution,
            "video_layout": None if video_layout is None else _layout(values, video_layout),
            "webhook_event_url": webhook_event_url,
            "webhook_event_failover_url": webhook_event_failover_url,
            "webhook_timeout_secs": values.integer_if_given(
                "--webhook-timeout-secs", webhook_timeout_secs, 0, 30
            ),
        },
    )
    values.done()
    composition = call(settings, lambda rooms: rooms.compositions.create(request))
    show_done(composition, settings, f"composition {composition.id} was begun")


@everywhere
def get_composition(settings: Settings, composition_id: CompositionId) -> None:
    """Show one composition: how far it is, and then where its file is."""
    show(call(settings, lambda rooms: rooms.compositions.get(composition_id)), settings)


@everywhere
def download_composition(
    settings: Settings, composition_id: CompositionId, file: TargetFile
) -> None:
    """Download a composition's file, whole or not at all."""
    fetch(
        settings,
        composition_id,
        file,
        lambda rooms, report: rooms.compositions.download(composition_id, file, on_progress=report),
    )


@everywhere
def delete_composition(settings: Settings, composition_id: CompositionId, yes: Yes = False) -> None:
    """Delete one composition."""
    question = None if yes else f"Delete composition {composition_id}?"
    delete_one(
        settings, composition_id, question, lambda rooms: rooms.compositions.delete(composition_id)
    )


def _request(values: Values, typed: Mapping[str, object]) -> CreateCompositionRequest:
    from telnyx_video import CreateCompositionRequest  # loaded when needed: few make any

    fields = {name: value for name, value in typed.items() if value is not None}
    try:
        return CreateCompositionRequest(**fields)  # type: ignore[arg-type] # it checks them itself
    except InvalidRequestError as error:
        values.refuse_all(error)
        return CreateCompositionRequest()


def _layout(values: Values, text: str) -> Mapping[str, VideoRegion] | Unset:
    """The regions that JSON describes."""
    from telnyx_video import VideoRegion  # loaded when needed, as the request is

    try:
        content: object = json.loads(text)
    except (ValueError, RecursionError):
        content = None
    if not isinstance(content, dict):
        values.refuse("--video-layout: must be a JSON object of regions by their names")
        return UNSET
    regions: dict[str, VideoRegion] = {}
    for name, region in cast("dict[str, object]", content).items():
        try:
            regions[name] = VideoRegion.from_dict(cast("dict[str, object]", region))
        except ResponseDecodeError as error:
            values.refuse(f"--video-layout: in region {name!r}: {error}")
        else:
            for unknown in regions[name].extra:
                values.refuse(f"--video-layout: in region {name!r}: there is no field {unknown!r}")
    return regions
