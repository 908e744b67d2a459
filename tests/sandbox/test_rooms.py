"""The five operations on rooms, over HTTP."""

import asyncio
import re
import uuid

import pytest

from sandbox.http_driver import HttpDriver
from telnyx_video.sandbox import Sandbox

EVERY_FIELD = {
    "unique_name": "standup",
    "max_participants": 12,
    "enable_recording": True,
    "webhook_event_url": "https://hooks.example.com/rooms",
    "webhook_event_failover_url": "https://backup.example.com/rooms",
    "webhook_timeout_secs": 25,
}
UNKNOWN_ID = "0ccc7b54-4df3-4bca-a65a-3da1ecc777f0"
TIMESTAMP = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z")


async def test_a_created_room_has_the_requested_settings(http: HttpDriver) -> None:
    """The reply has every field sent, and the id, times and type that the server adds."""
    answer = await http.create(**EVERY_FIELD)
    room = answer.data
    assert answer.status == 201
    assert {name: room.pop(name) for name in EVERY_FIELD} == EVERY_FIELD
    assert str(uuid.UUID(room.pop("id"), version=4))
    assert TIMESTAMP.fullmatch(room["created_at"])
    assert room.pop("created_at") == room.pop("updated_at")
    assert room == {"record_type": "room"}


async def test_a_room_created_without_fields_has_the_defaults(http: HttpDriver) -> None:
    """Defaults are filled in; keys whose value would be null are omitted."""
    room = (await http.create()).data
    assert room.keys() == {
        "id",
        "max_participants",
        "enable_recording",
        "webhook_event_failover_url",
        "created_at",
        "updated_at",
        "record_type",
    }
    assert room["max_participants"] == 10
    assert room["enable_recording"] is False
    assert room["webhook_event_failover_url"] == ""


async def test_null_means_the_default_of_a_nullable_field(http: HttpDriver) -> None:
    """It is the same as omitting the field."""
    answer = await http.create(webhook_event_failover_url=None, webhook_timeout_secs=None)
    assert answer.status == 201
    assert answer.data["webhook_event_failover_url"] == ""
    assert "webhook_timeout_secs" not in answer.data


async def test_unknown_fields_are_ignored(http: HttpDriver) -> None:
    """They are neither refused nor returned."""
    answer = await http.create(colour="blue")
    assert answer.status == 201
    assert "colour" not in answer.data


async def test_a_second_room_of_a_name_is_refused(http: HttpDriver, sandbox: Sandbox) -> None:
    """It is refused as a duplicate, and not created."""
    await http.create(unique_name="standup")
    answer = await http.create(unique_name="standup")
    assert answer.status == 422
    assert answer.body["errors"][0]["code"] == "10012"
    assert answer.body["errors"][0]["title"] == "Duplicate resource"
    assert answer.pointers == ["/unique_name"]
    assert len(sandbox.rooms) == 1


async def test_of_many_creates_with_one_name_exactly_one_succeeds(
    http: HttpDriver, sandbox: Sandbox
) -> None:
    """Concurrent creates of a name make one room."""
    answers = await asyncio.gather(*(http.create(unique_name="standup") for _ in range(50)))
    assert sorted(answer.status for answer in answers) == [201] + [422] * 49
    assert len(sandbox.rooms) == 1


async def test_names_are_compared_exactly(http: HttpDriver) -> None:
    """Names that differ in case, spaces or Unicode normalization are different."""
    names = ["standup", "Standup", " standup", "standup ", "é", "e\u0301", "a\0b", "a\0c"]
    answers = [await http.create(unique_name=name) for name in names]
    assert [answer.status for answer in answers] == [201] * len(names)
    assert [answer.data["unique_name"] for answer in answers] == names


async def test_any_number_of_rooms_can_have_no_name(http: HttpDriver) -> None:
    """A missing name is not a duplicate."""
    assert [(await http.create()).status for _ in range(3)] == [201] * 3


async def test_a_room_can_be_viewed(http: HttpDriver) -> None:
    """Viewing a room returns the same as its creation, whatever the case of the id."""
    created = (await http.create(**EVERY_FIELD)).data
    for room_id in (created["id"], created["id"].upper()):
        answer = await http.send("GET", f"/rooms/{room_id}")
        assert (answer.status, answer.data) == (200, created)


async def test_sessions_are_included_on_request(http: HttpDriver) -> None:
    """A room shows its sessions only with include_sessions."""
    created = (await http.create()).data
    for wanted in ("true", "false"):
        params = {"include_sessions": wanted}
        viewed = (await http.send("GET", f"/rooms/{created['id']}", params=params)).data
        (listed,) = (await http.send("GET", "/rooms", params=params)).data
        assert viewed == listed
        assert viewed.pop("sessions", None) == ([] if wanted == "true" else None)
        assert viewed == created


async def test_include_sessions_is_true_or_false(http: HttpDriver) -> None:
    """Another value is refused, and the refusal names the parameter."""
    room = (await http.create()).data
    answer = await http.send("GET", f"/rooms/{room['id']}", params={"include_sessions": "yes"})
    assert answer.status == 400
    assert answer.body["errors"][0]["source"] == {"parameter": "include_sessions"}


async def test_an_update_changes_the_given_fields(http: HttpDriver) -> None:
    """Other fields keep their values; `updated_at` advances."""
    created = (await http.create(**EVERY_FIELD)).data
    answer = await http.send("PATCH", f"/rooms/{created['id']}", {"max_participants": 50})
    assert answer.status == 200
    assert answer.data["updated_at"] > created["updated_at"]
    changed = {"max_participants": 50, "updated_at": answer.data["updated_at"]}
    assert answer.data == {**created, **changed}
    assert (await http.send("GET", f"/rooms/{created['id']}")).data == answer.data


async def test_an_update_can_reset_the_nullable_fields(http: HttpDriver) -> None:
    """Null sets a nullable field to its default."""
    created = (await http.create(**EVERY_FIELD)).data
    nulls = {"webhook_event_failover_url": None, "webhook_timeout_secs": None}
    room = (await http.send("PATCH", f"/rooms/{created['id']}", nulls)).data
    assert room["webhook_event_failover_url"] == ""
    assert "webhook_timeout_secs" not in room
    assert room["webhook_event_url"] == EVERY_FIELD["webhook_event_url"]


async def test_an_update_keeps_names_unique(http: HttpDriver) -> None:
    """The name of another room is refused and nothing changes; its own name is accepted."""
    await http.create(unique_name="retro")
    created = (await http.create(unique_name="standup")).data
    path = f"/rooms/{created['id']}"

    answer = await http.send("PATCH", path, {"unique_name": "retro", "max_participants": 3})
    assert answer.status == 422
    assert answer.body["errors"][0]["code"] == "10012"
    assert (await http.send("GET", path)).data == created
    assert (await http.send("PATCH", path, {"unique_name": "standup"})).status == 200


async def test_an_update_has_the_bounds_of_a_create(http: HttpDriver) -> None:
    """An invalid value is refused with its field, and nothing changes."""
    created = (await http.create()).data
    path = f"/rooms/{created['id']}"
    answer = await http.send("PATCH", path, {"max_participants": 51, "enable_recording": True})
    assert (answer.status, answer.pointers) == (422, ["/max_participants"])
    assert (await http.send("GET", path)).data == created


async def test_a_deleted_room_is_gone_and_its_name_is_free(http: HttpDriver) -> None:
    """A second delete is refused; the name can be used again."""
    created = (await http.create(unique_name="standup")).data
    path = f"/rooms/{created['id']}"
    answer = await http.send("DELETE", path)
    assert (answer.status, answer.body) == (204, None)
    assert "Content-Type" not in answer.headers
    assert (await http.send("DELETE", path)).status == 404
    assert (await http.send("GET", path)).status == 404
    assert (await http.create(unique_name="standup")).status == 201


@pytest.mark.parametrize(
    ("room_id", "code"),
    [(UNKNOWN_ID, "10005"), ("standup", "10006"), (UNKNOWN_ID.replace("-", ""), "10006")],
)
@pytest.mark.parametrize("method", ["GET", "PATCH", "DELETE"])
async def test_a_missing_room_is_one_bare_error(
    http: HttpDriver, method: str, room_id: str, code: str
) -> None:
    """An unknown or invalid id is answered with a single error object."""
    answer = await http.send(method, f"/rooms/{room_id}", {} if method == "PATCH" else None)
    assert answer.status == 404
    assert answer.body.keys() == {"code", "title", "detail"}
    assert answer.body["code"] == code
    assert room_id in answer.body["detail"]
