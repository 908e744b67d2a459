"""Fuzzes the readers of replies: status and headers, a line each, an empty line, then the body."""

from collections.abc import Callable
from functools import partial

from telnyx_video import Room, TelnyxVideoError, _wire
from telnyx_video._base.http import HttpReply
from telnyx_video.models import RoomComposition, RoomParticipant, RoomRecording, RoomSession

READERS: dict[str, Callable[[HttpReply], object]] = {
    "room created": _wire.read_room_written,
    "room": _wire.read_room_found,
    "rooms": _wire.read_rooms,
    "session": _wire.found(RoomSession),
    "participants": _wire.listed(RoomParticipant),
    "recordings": _wire.listed(RoomRecording),
    "composition created": _wire.read_composition_made,
    "compositions": _wire.listed(RoomComposition),
    "join token": _wire.read_join_token,
    "action": _wire.read_action,
    "deleted": _wire.read_deleted,
    "deleted count": _wire.read_deleted_count,
}


def check(data: bytes) -> None:
    """Each reader returns a value or raises an error of the package, in one line."""
    reply = parse(data)
    for read in READERS.values():
        try:
            value = read(reply)
        except TelnyxVideoError as error:
            assert str(error).isprintable()
        else:
            if isinstance(value, Room):
                assert Room.from_dict(value.to_dict()) == value
    _wire.server_time(reply.headers)


def parse(data: bytes) -> HttpReply:
    """Return the reply that the data describes; its status is 200 if it names none."""
    head, _, body = data.partition(b"\n\n")
    status, *lines = head.decode("latin-1").split("\n")
    headers = dict(map(partial(str.split, sep=":", maxsplit=1), (f"{line}:" for line in lines)))
    return HttpReply(int(status) if status.isascii() and status.isdigit() else 200, headers, body)
