"""Members of enumerations are sent as their values."""

import json
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from support.hostile_values import member
from support.strategies import text
from telnyx_video import CreateRoomRequest
from telnyx_video._base.http import HttpRequest
from telnyx_video._wire.requests import (
    act_on_participants,
    create_composition,
    create_join_token,
    create_room,
    delete_room,
    get_participant,
    get_room,
    get_session,
    list_participants,
    list_recordings,
    list_rooms,
    list_sessions,
    refresh_join_token,
    update_room,
)
from telnyx_video.models import CreateCompositionRequest, VideoRegion

ids = st.text("aZ0-_", max_size=12).map(lambda tail: f"x{tail}")

PLACES: dict[str, Callable[[str], HttpRequest]] = {
    "create": lambda s: create_room(CreateRoomRequest(unique_name=s)),
    "update": lambda s: update_room(s, CreateRoomRequest(unique_name=s)),
    "look up": lambda s: list_rooms(unique_name=s),
    "get": get_room,
    "delete": delete_room,
    "token": create_join_token,
    "refresh": lambda s: refresh_join_token(s, s),
    "session": get_session,
    "sessions": list_sessions,
    "action": lambda s: act_on_participants("kick", s, [s], [s]),
    "participant": get_participant,
    "participants": lambda s: list_participants(session_id=s, context=s),
    "of session": lambda s: list_participants(of_session=s),
    "recordings": lambda s: list_recordings({"room_id": s, "status": s}),
    "composition": lambda s: create_composition(
        CreateCompositionRequest(session_id=s, video_layout={"a": VideoRegion(video_sources=[s])})
    ),
}


@pytest.mark.parametrize("build", PLACES.values(), ids=PLACES)
@given(text=ids)
def test_a_member_is_sent_as_its_value(build: Callable[[str], HttpRequest], text: str) -> None:
    """A member of an enumeration makes the same request as its value: path, query and body."""
    assert build(member(text)) == build(text)


@given(name=text.filter(bool))
def test_the_created_name_is_the_name_that_is_looked_up(name: str) -> None:
    """A lost create is looked up by the name that was sent, for any subclass of str."""
    request = CreateRoomRequest(unique_name=member(name))
    assert json.loads(create_room(request).body or b"") == {"unique_name": name}
    assert list_rooms(unique_name=request.unique_name) == list_rooms(unique_name=name)
    assert type(request.unique_name) is str
