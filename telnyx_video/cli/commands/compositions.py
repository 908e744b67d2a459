"""The commands for compositions."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, cast

import typer
from typer import Option

from telnyx_video.cli.calls import CommandLine, confirm
from telnyx_video.cli.command import command, command_group
from telnyx_video.cli.errors import CommandError, options_checked
from telnyx_video.cli.options import (
    Dates,
    OfSession,
    Paging,
    TargetFile,
    WebhookOptions,
    Yes,
    argument,
    days,
)
from telnyx_video.cli.tables import COMPOSITIONS
from telnyx_video.errors import ResponseDecodeError
from telnyx_video.models import UNSET, CreateCompositionRequest, Unset, VideoRegion

app: typer.Typer = command_group("Compositions of a session's recordings.")

CompositionId = Annotated[str, argument("ID", "The composition's id.")]


@dataclass(frozen=True)
class Settings(WebhookOptions):
    """The settings of a composition."""

    session_id: Annotated[str | Unset, Option(metavar="ID", help="The session to compose.")] = UNSET
    format: Annotated[str | Unset, Option("--format", metavar="mp4", help="The file's format.")] = (
        UNSET
    )
    resolution: Annotated[
        str | Unset, Option(metavar="WxH", help="Pixels, 16 to 1280 each: such as 800x600.")
    ] = UNSET
    video_layout: Annotated[
        str | Unset,
        Option(
            metavar="JSON",
            help='Regions by names of your own, such as {"main": {"width": 640, "height": 360}}.',
        ),
    ] = UNSET

    def request(self) -> CreateCompositionRequest:
        """Return the settings as a request.

        Raises:
            CommandError: lists each option that is invalid.
        """
        fields: dict[str, Any] = dict(vars(self))
        if self.video_layout is not UNSET:
            fields["video_layout"] = _layout(self.video_layout)
        with options_checked():
            return CreateCompositionRequest(**fields)


@command(app, "list", "telnyx-video compositions list --status completed")
def list_compositions(
    cli: CommandLine,
    session_id: OfSession = UNSET,
    status: Annotated[
        str | Unset,
        Option(metavar="enqueued|processing|completed", help="Only with this status."),
    ] = UNSET,
    *,
    paging: Paging,
    dates: Annotated[Dates, days("created")],
) -> None:
    """List the compositions: all of them, or those that match every filter."""
    cli.show_list(
        COMPOSITIONS,
        paging,
        lambda rooms: rooms.compositions.list(
            session_id=session_id, status=status, page_size=paging.page_size, **dates
        ),
    )


@command(app, "create", "telnyx-video compositions create --session-id ID --resolution 800x600")
def create_composition(cli: CommandLine, settings: Settings) -> None:
    """Compose a session's recordings; `get` shows the status."""
    request = settings.request()
    composition = cli.call(lambda rooms: rooms.compositions.create(request))
    cli.show(composition, f"composition {composition.id} was started")


@command(app, "get", "telnyx-video compositions get ID")
def get_composition(cli: CommandLine, composition_id: CompositionId) -> None:
    """Show one composition: its status, and its file's URL once it is completed."""
    cli.show(cli.call(lambda rooms: rooms.compositions.get(composition_id)))


@command(app, "download", "telnyx-video compositions download ID standup.mp4")
def download_composition(cli: CommandLine, composition_id: CompositionId, file: TargetFile) -> None:
    """Download a composition's file, complete or not at all."""
    cli.download(composition_id, file, lambda rooms: rooms.compositions.download)


@command(app, "delete", "telnyx-video compositions delete ID --yes")
def delete_composition(cli: CommandLine, composition_id: CompositionId, yes: Yes = False) -> None:
    """Delete one composition."""
    confirm(lambda: f"Delete composition {composition_id}?", yes=yes)
    cli.call(lambda rooms: rooms.compositions.delete(composition_id))
    cli.report(f"deleted {composition_id}", {"id": composition_id, "deleted": True})


def _layout(text: str) -> Mapping[str, VideoRegion]:
    """Read regions from JSON.

    Raises:
        CommandError: lists every problem.
    """
    try:
        content: object = json.loads(text)
    except (ValueError, RecursionError):
        content = None
    if not isinstance(content, dict):
        raise CommandError("--video-layout: must be a JSON object of regions by their names")
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
        raise CommandError(*problems)
    return regions
