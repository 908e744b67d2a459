"""The factory of models: complete by default, with any field of the test."""

from __future__ import annotations

import enum
import math
from typing import Any

import attrs
import pytest

from telnyx_video import CreateRoomRequest, Room, RoomParticipant, RoomSession, models
from telnyx_video.models import JoinToken, Model
from telnyx_video.testing import make_model

EVERY = [
    cls
    for name in models.__all__
    if isinstance(cls := getattr(models, name), type) and issubclass(cls, Model)
]
LEFT_OUT = {
    "active_session_id",
    "ended_at",
    "extra",
    "left_at",
    "null_fields",
    "participants",
    "reply",
    "sessions",
    "video_layout",
    "video_sources",
}


@pytest.mark.parametrize("cls", EVERY)
def test_every_field_of_an_object_has_a_value(cls: type[Model]) -> None:
    """Every published field has a value of its type."""
    made = make_model(cls)
    assert type(made) is cls
    empty = {field.name for field in attrs.fields(cls) if getattr(made, field.name) is None}
    assert empty <= LEFT_OUT
    assert cls.from_dict(made.to_dict()) == made


def test_each_room_has_a_new_id_and_name() -> None:
    """Each object has new ids and names."""
    one, two = make_model(Room), make_model(Room)
    assert one.id != two.id
    assert one.unique_name != two.unique_name


def test_any_field_can_be_given() -> None:
    """Each field can be given, and only those that exist."""
    somebody = make_model(RoomParticipant, context="Ada")
    session = make_model(RoomSession, participants=[somebody], extra={"new": 1})
    room = make_model(Room, unique_name=None, sessions=[session])
    assert room.unique_name is None
    assert room.sessions == [session]
    assert session.extra == {"new": 1}
    with pytest.raises(TypeError, match="name"):
        make_model(Room, name="standup")


@pytest.mark.parametrize(
    "cls", [int, None, "Room", make_model(Room), CreateRoomRequest], ids=range(5)
)
def test_only_models_of_the_client_are_made(cls: Any) -> None:
    """Any other class is a TypeError."""
    with pytest.raises(TypeError, match=r"^make_model makes what the client returns, .* Room"):
        make_model(cls)


WRONG: list[tuple[dict[str, Any], str]] = [
    ({"max_participants": "x"}, "expected an integer, got a string @ $.max_participants"),
    ({"id": None}, "expected a string, got null @ $.id"),
    ({"created_at": "x"}, "not an ISO 8601 time: 'x' @ $.created_at"),
    ({"created_at": "2024-02-29T22:25:27Z"}, "created_at would be read as datetime.datetime("),
    ({"sessions": 5}, "expected an array, got an integer @ $.sessions"),
    ({"sessions": [5]}, "expected an object, got an integer @ $.sessions[0]"),
    ({"sessions": [{"id": "7"}]}, "sessions would be read as [RoomSession("),
    ({"unique_name": object()}, "not JSON"),
    ({"extra": {"new": math.nan}}, ""),
    ({"extra": 5}, ""),
    ({"null_fields": 5}, ""),
]


@pytest.mark.parametrize(("fields", "words"), WRONG, ids=range(len(WRONG)))
def test_a_field_has_the_type_that_the_client_would_give_it(
    fields: dict[str, Any], words: str
) -> None:
    """A field of another type is a TypeError."""
    with pytest.raises(TypeError) as caught:
        make_model(Room, **fields)
    assert str(caught.value).startswith("not a Room: ")
    assert words in str(caught.value)


def test_the_fields_of_an_object_are_consistent() -> None:
    """A session is active and has not ended; `record_type` matches the class."""
    session = make_model(RoomSession)
    assert (session.active, session.ended_at, session.record_type) == (True, None, "room_session")
    assert make_model(Room).record_type == "room"


class Colour(enum.StrEnum):
    RED = "red"


class Stage(enum.StrEnum):
    BEGUN = "begun"
    COMPLETED = "completed"


@attrs.define(kw_only=True, slots=False)
class Painting(Model):
    """A model of a future version."""

    colour: Colour | str | None = None
    status: Stage | str | None = None
    ended_at: int | None = None
    title: str
    layers: dict[str, str] | None = None


def test_an_object_with_a_status_is_complete() -> None:
    """An object with a status is complete, with all times."""
    assert make_model(Painting) == Painting(
        colour=Colour.RED, status=Stage.COMPLETED, ended_at=1, title="example", layers=None
    )


def test_a_token_is_still_valid() -> None:
    """It has not expired."""
    assert make_model(JoinToken).seconds_left() > 500
