"""The commands for compositions."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, cast

import typer

from telnyx_video.cli.calls import (
    Pager,
    call,
    confirm,
    download,
    report_done,
    reporting,
    show,
    show_list,
)
from telnyx_video.cli.errors import CommandError, options_checked
from telnyx_video.cli.help import command_group
from telnyx_video.cli.options import (
    Dates,
    EventUrl,
    FailoverUrl,
    GlobalOptions,
    Limit,
    OfSession,
    PageSize,
    TargetFile,
    TimeoutSecs,
    Yes,
    command,
    filtered_by,
    given,
)
from telnyx_video.cli.tables import ID_WIDTH, Column, View, day
from telnyx_video.errors import ResponseDecodeError
from telnyx_video.models import UNSET, CreateCompositionRequest, RoomComposition, VideoRegion

if TYPE_CHECKING:
    from telnyx_video import AsyncRoomsClient

app: typer.Typer = command_group("Compositions of a session's recordings.")

COMPOSITIONS = View(
    "composition",
    RoomComposition,
    (
        Column("Id", ID_WIDTH, lambda composition: composition.id),
        Column("Format", 6, lambda composition: composition.format),
        Column("Status", 10, lambda composition: composition.status),
        Column("Secs", 5, lambda composition: composition.duration_secs, is_number=True),
        Column("Created", 10, lambda composition: day(composition.created_at)),
    ),
)

CompositionId = Annotated[
    str, typer.Argument(metavar="ID", help="The composition's id.", show_default=False)
]


@command(app, "list", "telnyx-video compositions list --status completed")
@filtered_by("created")
def list_compositions(
    options: GlobalOptions,
    dates: Dates,
    session_id: OfSession = None,
    status: Annotated[
        str | None,
        typer.Option(metavar="enqueued|processing|completed", help="Only with this status."),
    ] = None,
    limit: Limit = None,
    page_size: PageSize = 250,
) -> None:
    """List the compositions: all of them, or those that match every filter."""

    async def operation(rooms: AsyncRoomsClient) -> Pager[RoomComposition]:
        return rooms.compositions.list(
            session_id=given(session_id),
            status=given(status),
            created_at=dates["created"],
            page_size=page_size,
        )

    show_list(options, COMPOSITIONS, operation, limit)


@command(app, "create", "telnyx-video compositions create --session-id ID --resolution 800x600")
def create_composition(
    options: GlobalOptions,
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
    """Compose a session's recordings; `get` shows the status."""
    with options_checked():
        request = CreateCompositionRequest(
            session_id=given(session_id),
            format=given(format),
            resolution=given(resolution),
            video_layout=UNSET if video_layout is None else _layout(video_layout),
            webhook_event_url=given(webhook_event_url),
            webhook_event_failover_url=given(webhook_event_failover_url),
            webhook_timeout_secs=given(webhook_timeout_secs),
        )
    composition = call(options, lambda rooms: rooms.compositions.create(request))
    with reporting(f"composition {composition.id} was started"):
        show(composition, options)


@command(app, "get", "telnyx-video compositions get ID")
def get_composition(options: GlobalOptions, composition_id: CompositionId) -> None:
    """Show one composition: its status, and its file's URL once it is completed."""
    show(call(options, lambda rooms: rooms.compositions.get(composition_id)), options)


@command(app, "download", "telnyx-video compositions download ID standup.mp4")
def download_composition(
    options: GlobalOptions, composition_id: CompositionId, file: TargetFile
) -> None:
    """Download a composition's file, complete or not at all."""
    download(
        options,
        composition_id,
        file,
        lambda rooms, report: rooms.compositions.download(composition_id, file, on_progress=report),
    )


@command(app, "delete", "telnyx-video compositions delete ID --yes")
def delete_composition(
    options: GlobalOptions, composition_id: CompositionId, yes: Yes = False
) -> None:
    """Delete one composition."""
    confirm(lambda: f"Delete composition {composition_id}?", yes=yes)
    call(options, lambda rooms: rooms.compositions.delete(composition_id))
    report_done({"id": composition_id, "deleted": True}, options, f"deleted {composition_id}")


def _layout(text: str) -> Mapping[str, VideoRegion]:
    """The regions that JSON describes.

    Raises:
        CommandError: lists everything that is wrong with them.
    """
    try:
        content: object = json.loads(text)
    except (ValueError, RecursionError):
        content = None
    if not isinstance(content, dict):
        raise CommandError(["--video-layout: must be a JSON object of regions by their names"])
    problems: list[str] = []
    regions: dict[str, VideoRegion] = {}
    for name, fields in cast("dict[str, object]", content).items():
        try:
            region = VideoRegion.from_dict(cast("dict[str, object]", fields))
        except ResponseDecodeError as error:
            problems.append(f"--video-layout: in region {name!r}: {error}")
        else:
            regions[name] = region
            problems += [
                f"--video-layout: in region {name!r}: there is no field {unknown!r}"
                for unknown in region.extra
            ]
    if problems:
        raise CommandError(problems)
    return regions
