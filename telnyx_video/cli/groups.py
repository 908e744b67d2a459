"""The groups of commands: one for each group of the client's operations."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

import typer

from telnyx_video.cli.batch import batch
from telnyx_video.cli.compositions import (
    create_composition,
    delete_composition,
    download_composition,
    get_composition,
    list_compositions,
)
from telnyx_video.cli.participants import get_participant, list_participants
from telnyx_video.cli.recordings import (
    delete_recording,
    delete_recordings,
    download_recording,
    get_recording,
    list_recordings,
)
from telnyx_video.cli.rooms import create, delete, get, list_rooms, update
from telnyx_video.cli.sessions import (
    end_session,
    get_session,
    kick,
    list_sessions,
    list_those_in,
    mute,
    unmute,
)
from telnyx_video.cli.tokens import join_token, refresh_join_token


@dataclass(frozen=True)
class Group:
    """What a group is about, and its commands by their names in it."""

    about: str
    commands: Mapping[str, Callable[..., None]]


GROUPS: Final = {
    "rooms": Group(
        "Rooms, and the tokens with which they are joined.",
        {
            "create": create,
            "get": get,
            "list": list_rooms,
            "update": update,
            "delete": delete,
            "batch": batch,
            "join-token": join_token,
            "refresh-join-token": refresh_join_token,
        },
    ),
    "sessions": Group(
        "Sessions, the meetings in rooms: see them, end them, kick or mute who is in one.",
        {
            "list": list_sessions,
            "get": get_session,
            "end": end_session,
            "kick": kick,
            "mute": mute,
            "unmute": unmute,
            "participants": list_those_in,
        },
    ),
    "participants": Group(
        "Those who are, or were, in sessions.",
        {"list": list_participants, "get": get_participant},
    ),
    "recordings": Group(
        "What was recorded: see it, download it, delete it.",
        {
            "list": list_recordings,
            "get": get_recording,
            "download": download_recording,
            "delete": delete_recording,
            "delete-many": delete_recordings,
        },
    ),
    "compositions": Group(
        "Films made of a session's recordings.",
        {
            "list": list_compositions,
            "create": create_composition,
            "get": get_composition,
            "download": download_composition,
            "delete": delete_composition,
        },
    ),
}


def groups() -> Iterator[typer.Typer]:
    """Each group with its commands."""
    for name, described in GROUPS.items():
        group = typer.Typer(
            name=name, help=described.about, no_args_is_help=True, rich_markup_mode="markdown"
        )
        for own_name, command in described.commands.items():
            group.command(own_name)(command)
        yield group
