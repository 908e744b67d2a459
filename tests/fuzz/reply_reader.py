"""Fuzzes the readers of replies: status and headers, a line each, an empty line, then the body."""

from collections.abc import Callable
from functools import partial

from telnyx_video import Room, TelnyxVideoError
from telnyx_video._base.http import HttpReply
from telnyx_video._wire import replies
from telnyx_video._wire.headers import server_time
from telnyx_video.models import RoomComposition, RoomParticipant, RoomRecording, RoomSession

READERS: dict[str, Callable[[HttpReply], object]] = {
    "room created": replies.read_room_written,
    "room": replies.read_room_found,
    "rooms": replies.read_rooms,
    "session": replies.found(RoomSession),
    "participants": replies.listed(RoomParticipant),
    "recordings": replies.listed(RoomRecording),
    "composition created": replies.read_composition_made,
    "compositions": replies.listed(RoomComposition),
    "join token": replies.read_join_token,
    "action": replies.read_action,
    "deleted": replies.read_deleted,
    "deleted count": replies.read_deleted_count,
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
    server_time(reply.headers)


def parse(data: bytes) -> HttpReply:
    """Return the reply that the data describes; its status is 200 if it names none."""
    head, _, body = data.partition(b"\n\n")
    status, *lines = head.decode("latin-1").split("\n")
    headers = dict(map(partial(str.split, sep=":", maxsplit=1), (f"{line}:" for line in lines)))
    return HttpReply(int(status) if status.isascii() and status.isdigit() else 200, headers, body)
