"""Strings of other classes stand for the text that they equal, wherever they are written."""

import json
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from support.odd import Loud, member
from support.strategies import text
from support.words import is_one_line
from telnyx_video import CreateRoomRequest, InvalidRequestError
from telnyx_video._base.http import HttpRequest
from telnyx_video._wire import (
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
from telnyx_video.models import CompositionFormat, CreateCompositionRequest, VideoRegion

OTHERS = [Loud, member]

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
        CreateCompositionRequest(
            session_id=s, format=s, video_layout={s: VideoRegion(video_sources=[s])}
        )
    ),
}


@pytest.mark.parametrize("other", OTHERS)
@pytest.mark.parametrize("build", PLACES.values(), ids=PLACES)
@given(text=ids)
def test_a_string_is_written_as_what_it_equals(
    build: Callable[[str], HttpRequest], other: Callable[[str], str], text: str
) -> None:
    """A member of an enumeration asks for the same as its value, in paths, queries and bodies."""
    assert build(other(text)) == build(text)


@pytest.mark.parametrize("other", OTHERS)
@given(name=text.filter(bool))
def test_what_is_created_is_what_is_looked_up(other: Callable[[str], str], name: str) -> None:
    """A room is sought under the name that it was given, whatever kind of string that is."""
    request = CreateRoomRequest(unique_name=other(name))
    assert json.loads(create_room(request).body or b"") == {"unique_name": name}
    assert list_rooms(unique_name=request.unique_name) == list_rooms(unique_name=name)
    assert type(request.unique_name) is str


@pytest.mark.parametrize("other", OTHERS)
def test_requests_keep_plain_strings(other: Callable[[str], str]) -> None:
    """Whoever reads a request, or its message, sees the text itself."""
    url = "https://example.com"
    room = CreateRoomRequest(webhook_event_url=other(url), webhook_event_failover_url=other(url))
    assert {*map(type, room.to_dict().values())} == {str}
    assert str(room.webhook_event_failover_url) == url
    composition = CreateCompositionRequest(
        session_id=other("a"), resolution=other("800x600"), webhook_event_url=other(url)
    )
    assert f"{composition.session_id} {composition.resolution}" == "a 800x600"
    assert str(composition.webhook_event_url) == url
    film = CreateCompositionRequest(format=CompositionFormat.MP4)
    assert film.format is CompositionFormat.MP4


@pytest.mark.parametrize("other", OTHERS)
def test_a_refusal_shows_the_text_itself(other: Callable[[str], str]) -> None:
    """What is wrong with a string is said of its characters, not of how its class writes it."""
    with pytest.raises(InvalidRequestError, match="not 'a/b'") as caught:
        get_room(other("a/b"))
    assert is_one_line(str(caught.value))
    with pytest.raises(InvalidRequestError, match="not 'nowhere'"):
        CreateRoomRequest(webhook_event_url=other("nowhere"))
    with pytest.raises(InvalidRequestError, match="\"all\" or a list of ids, not 'some'"):
        act_on_participants("kick", "a", other("some"))  # pyright: ignore[reportArgumentType] # the point
