"""Invalid values of any kind are refused with the name of their argument."""

from collections.abc import Callable
from typing import Any

import pytest

from support.hostile_values import HUGE, Array, Faulty
from support.words import is_one_line
from telnyx_video import CreateRoomRequest, InvalidRequestError
from telnyx_video._wire.requests import (
    act_on_participants,
    create_join_token,
    delete_recordings,
    get_recording,
    get_room,
    get_session,
    list_compositions,
    list_participants,
    list_recordings,
    list_rooms,
    list_sessions,
    refresh_join_token,
)
from telnyx_video.models import (
    CompositionFields,
    CreateCompositionRequest,
    RoomFields,
    VideoRegion,
)

VALUES = {
    "a huge integer": HUGE,
    "a list of a huge one": [HUGE],
    "a faulty one": Faulty(),
    "an array": Array(),
    "a list of arrays": [Array()],
}

ARGUMENTS: list[tuple[Callable[..., object], dict[str, object], list[str]]] = [
    (get_room, {}, ["room_id", "include_sessions"]),
    (
        list_rooms,
        {},
        [
            "unique_name",
            "created_at",
            "updated_at",
            "include_sessions",
            "page_number",
            "page_size",
        ],
    ),
    (create_join_token, {}, ["room_id", "token_ttl_secs", "refresh_token_ttl_secs"]),
    (refresh_join_token, {}, ["room_id", "refresh_token", "token_ttl_secs"]),
    (get_session, {}, ["session_id", "include_participants"]),
    (list_sessions, {}, ["room_id", "active", "ended_at", "include_participants", "page_size"]),
    (act_on_participants, {"action": "kick"}, ["session_id", "participants", "exclude"]),
    (list_participants, {}, ["session_id", "context", "joined_at", "page_number"]),
    (list_compositions, {}, ["session_id", "status", "created_at", "page_size"]),
    (get_recording, {}, ["recording_id"]),
    (CreateRoomRequest, {}, [*RoomFields.__annotations__]),
    (CreateCompositionRequest, {}, [*CompositionFields.__annotations__]),
]


@pytest.mark.parametrize("value", VALUES.values(), ids=VALUES)
@pytest.mark.parametrize(
    ("build", "others", "fields"), ARGUMENTS, ids=[build.__name__ for build, _, _ in ARGUMENTS]
)
def test_an_invalid_value_is_refused_by_name(
    build: Callable[..., object], others: dict[str, object], fields: list[str], value: object
) -> None:
    """One error of one line lists every argument, for huge numbers and objects of any class."""
    with pytest.raises(InvalidRequestError) as caught:
        build(**others, **dict.fromkeys(fields, value))
    found = [problem.field for problem in caught.value.details]
    assert list(dict.fromkeys(found)) == fields
    assert is_one_line(str(caught.value))


@pytest.mark.parametrize("value", VALUES.values(), ids=VALUES)
@pytest.mark.parametrize("build", [list_recordings, delete_recordings])
def test_an_invalid_filter_is_refused_by_name(build: Callable[..., object], value: object) -> None:
    """One error lists every filter of recordings."""
    fields = ["room_id", "status", "min_duration_secs", "started_at"]
    with pytest.raises(InvalidRequestError) as caught:
        build(dict.fromkeys(fields, value), page_size=value)
    assert [problem.field for problem in caught.value.details] == [*fields, "page_size"]


@pytest.mark.parametrize("value", VALUES.values(), ids=VALUES)
@pytest.mark.parametrize("field", VideoRegion.__annotations__)
def test_an_invalid_region_field_is_refused_by_name(field: str, value: Any) -> None:
    """The error names the field and the region."""
    region = VideoRegion(**{field: value})
    with pytest.raises(InvalidRequestError, match="in region 'main'") as caught:
        CreateCompositionRequest(video_layout={"main": region})
    assert [problem.field for problem in caught.value.details] == [field]
