"""Models and requests against the published contract, if it is available."""

import os
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import attrs
import pytest
import yaml

from telnyx_video import CreateRoomRequest
from telnyx_video._base.http import HttpRequest
from telnyx_video._wire import requests
from telnyx_video.models import (
    CompositionStatus,
    CreateCompositionRequest,
    DateRange,
    JoinToken,
    RecordingFilters,
    RecordingStatus,
    RecordingType,
    Room,
    RoomComposition,
    RoomParticipant,
    RoomRecording,
    RoomSession,
    VideoRegion,
)

SPEC = os.environ.get("TELNYX_VIDEO_SPEC")

pytestmark = pytest.mark.skipif(
    SPEC is None, reason="TELNYX_VIDEO_SPEC names no folder with the published contract"
)

OURS = {"extra", "null_fields", "reply"}
DAYS = DateRange(date(2024, 1, 1), date(2024, 1, 1))
DAY = date(2024, 1, 1)
FILTERS: RecordingFilters = {
    "room_id": "a",
    "session_id": "a",
    "participant_id": "a",
    "status": "a",
    "type": "a",
    "min_duration_secs": 1,
    "started_at": DAY,
    "ended_at": DAY,
}
SPANS: RecordingFilters = {"started_at": DAYS, "ended_at": DAYS}
PAGE: dict[str, Any] = {"page_number": 1, "page_size": 1}


def listing(build: Callable[..., HttpRequest], times: str, **filters: Any) -> list[HttpRequest]:
    """Build a request with each filter, with times as a day and as a range."""
    return [
        build(**filters, **dict.fromkeys(times.split(), days), page_size=1) for days in (DAY, DAYS)
    ]


REQUESTS: dict[str, list[HttpRequest]] = {
    "ListRoomCompositions": listing(
        requests.list_compositions, "created_at", session_id="a", status="a"
    ),
    "CreateRoomComposition": [requests.create_composition(CreateCompositionRequest())],
    "DeleteRoomComposition": [requests.delete_composition("a")],
    "ViewRoomComposition": [requests.get_composition("a")],
    "ListRoomParticipants": listing(
        requests.list_participants, "joined_at updated_at left_at", session_id="a", context="a"
    ),
    "ViewRoomParticipant": [requests.get_participant("a")],
    "DeleteRoomRecordings": [
        requests.delete_recordings(FILTERS, **PAGE),
        requests.delete_recordings(SPANS),
    ],
    "ListRoomRecordings": [requests.list_recordings(FILTERS), requests.list_recordings(SPANS)],
    "DeleteRoomRecording": [requests.delete_recording("a")],
    "ViewRoomRecording": [requests.get_recording("a")],
    "ListRoomSessions": listing(
        requests.list_sessions,
        "created_at updated_at ended_at",
        active=True,
        include_participants=True,
    ),
    "ViewRoomSession": [requests.get_session("a", include_participants=True)],
    "EndSession": [requests.end_session("a")],
    "KickParticipantInSession": [requests.act_on_participants("kick", "a", "all")],
    "MuteParticipantInSession": [requests.act_on_participants("mute", "a", "all")],
    "UnmuteParticipantInSession": [requests.act_on_participants("unmute", "a", "all")],
    "RetrieveListRoomParticipants": listing(
        requests.list_participants, "joined_at updated_at left_at", of_session="a", context="a"
    ),
    "ListRooms": listing(
        requests.list_rooms, "created_at updated_at", unique_name="a", include_sessions=True
    ),
    "CreateRoom": [requests.create_room(CreateRoomRequest())],
    "DeleteRoom": [requests.delete_room("a")],
    "ViewRoom": [requests.get_room("a", include_sessions=True)],
    "UpdateRoom": [requests.update_room("a", CreateRoomRequest())],
    "CreateRoomClientToken": [requests.create_join_token("a")],
    "RefreshRoomClientToken": [requests.refresh_join_token("a", "token")],
    "RetrieveListRoomSessions": listing(
        requests.list_sessions,
        "created_at updated_at ended_at",
        room_id="a",
        active=True,
        include_participants=True,
    ),
}

# A list of sessions with a room asks for that room's own list instead.
BY_OTHER_MEANS = {("ListRoomSessions", "filter[room_id]")}


@pytest.fixture(scope="module")
def contract() -> Any:
    """The published file of all operations."""
    return yaml.safe_load(Path(str(SPEC), "video-full.yaml").read_text())


def operations(contract: Any) -> dict[str, tuple[str, str, Any]]:
    """Return each operation's method, path and description, by its name."""
    return {
        operation["operationId"]: (method.upper(), path, operation)
        for path, methods in contract["paths"].items()
        for method, operation in methods.items()
    }


def parameters(contract: Any, operation: Any) -> set[str]:
    """Return the names of an operation's query parameters, as they are written."""
    names: set[str] = set()
    for parameter in operation.get("parameters", ()):
        named = contract["components"]["parameters"]["video_PageConsolidated"]
        described = named if "$ref" in parameter else parameter
        if described["in"] == "query":
            names |= set(written(described["name"], described["schema"]))
    return names


def written(name: str, schema: Any) -> list[str]:
    """Return the names in brackets of a parameter."""
    if schema["type"] != "object":
        return [name]
    return [
        part
        for key, inner in schema["properties"].items()
        for part in written(f"{name}[{key}]", inner)
    ]


def test_every_operation_has_a_request(contract: Any) -> None:
    """Each of the 25 operations has a request of its method and path."""
    published = operations(contract)
    assert published.keys() == REQUESTS.keys()
    for name, (method, path, _) in published.items():
        for request in REQUESTS[name]:
            steps = urlsplit(request.path).path.split("/")
            expected = ["a" if step.startswith("{") else step for step in path.split("/")]
            assert (request.method, steps) == (method, expected)


def test_every_parameter_can_be_given(contract: Any) -> None:
    """Requests have exactly the parameters of the reference."""
    for name, (_, _, operation) in operations(contract).items():
        sent = {
            key for request in REQUESTS[name] for key, _ in parse_qsl(urlsplit(request.path).query)
        }
        left_out = {part for operation_id, part in BY_OTHER_MEANS if operation_id == name}
        assert sent == parameters(contract, operation) - left_out, name


@pytest.mark.parametrize(
    ("schema", "cls"),
    [
        ("Room", Room),
        ("RoomSession", RoomSession),
        ("RoomParticipant", RoomParticipant),
        ("RoomRecording", RoomRecording),
        ("RoomComposition", RoomComposition),
        ("VideoRegion", VideoRegion),
        ("CreateRoomRequest", CreateRoomRequest),
        ("PatchRoomRequest", CreateRoomRequest),
        ("CreateRoomCompositionRequest", CreateCompositionRequest),
    ],
)
def test_every_field_is_in_a_model(contract: Any, schema: str, cls: Any) -> None:
    """A model has the fields of its schema, and no others."""
    fields = {attribute.name for attribute in attrs.fields(cls)} - OURS
    assert fields == contract["components"]["schemas"][schema]["properties"].keys()


def test_a_token_has_the_fields_of_its_reply(contract: Any) -> None:
    """The schema of a token is part of its operation."""
    operation = contract["paths"]["/rooms/{room_id}/actions/generate_join_client_token"]["post"]
    reply = operation["responses"]["201"]["content"]["application/json"]["schema"]
    fields = {attribute.name for attribute in attrs.fields(JoinToken)} - OURS
    assert fields == reply["properties"]["data"]["properties"].keys()


@pytest.mark.parametrize(
    ("schema", "field", "words"),
    [
        ("RoomRecording", "status", RecordingStatus),
        ("RoomRecording", "type", RecordingType),
        ("RoomComposition", "status", CompositionStatus),
    ],
)
def test_every_value_has_a_member(contract: Any, schema: str, field: str, words: Any) -> None:
    """The enumerations have the values of the reference."""
    published = contract["components"]["schemas"][schema]["properties"][field]["enum"]
    assert {word.value for word in words} == set(published)


@pytest.mark.parametrize(
    ("schema", "cls"),
    [
        ("Room", Room),
        ("RoomSession", RoomSession),
        ("RoomParticipant", RoomParticipant),
        ("RoomRecording", RoomRecording),
        ("RoomComposition", RoomComposition),
    ],
)
def test_the_published_examples_survive(contract: Any, schema: str, cls: Any) -> None:
    """Each example is read without unknown fields, and written unchanged."""
    example = contract["components"]["schemas"][schema]["example"]
    record = cls.from_dict(example)
    assert record.extra == {}
    assert record.to_dict() == example
