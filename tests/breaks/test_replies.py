"""A reply counts only if it matches its request; an existing room is never denied."""

from __future__ import annotations

from typing import Any

import pytest

from breaks.rooms_api import Keep, RoomsApi
from support.clients import client
from support.scripted_server import answer, created, listed, room, serve
from telnyx_video import (
    CreateRoomRequest,
    NameTakenError,
    Outcome,
    OutcomeUnknownError,
    ResponseDecodeError,
)

UNREADABLE = answer(201, {"data": room("standup", max_participants="many")})


async def test_a_reply_with_another_name_leaves_the_outcome_unknown() -> None:
    """A late 201 on a keep-alive connection is not accepted: the name is looked up."""
    ours = room("standup")
    late = created(unique_name="another")
    async with serve(late, listed(ours)) as server, client(server) as rooms:
        assert (await rooms.create(unique_name="standup")).id == ours["id"]
        assert server.methods == ["POST", "GET"]


@pytest.mark.parametrize(
    "other",
    [
        {"unique_name": None},
        {"unique_name": ""},
        {"record_type": "room_session", "room_id": "1"},
        {"record_type": "room_participant", "session_id": "1"},
    ],
    ids=["null name", "empty name", "session", "participant"],
)
async def test_a_reply_about_another_object_leaves_the_outcome_unknown(
    other: dict[str, Any],
) -> None:
    """A 201 for a nameless create, or for another kind of object, is not accepted."""
    ours = room("standup", id="ours")
    async with serve(created(**other), listed(ours)) as server, client(server) as rooms:
        assert (await rooms.create(unique_name="standup")).id == "ours"
        assert server.methods == ["POST", "GET"]


async def test_a_session_is_not_a_room_without_a_name() -> None:
    """Nothing can be looked up, so the outcome is unknown."""
    async with serve(created(record_type="room_session")) as server, client(server) as rooms:
        with pytest.raises(OutcomeUnknownError, match="room_session"):
            await rooms.create(max_participants=4)
        assert server.methods == ["POST"]


async def test_one_room_is_not_returned_to_two_nameless_creates() -> None:
    """A 201 that repeats an id leaves the outcome of the second create unknown."""
    async with serve(answer(201, {"data": room(None)})) as server, client(server) as rooms:
        await rooms.create(max_participants=4)
        with pytest.raises(OutcomeUnknownError) as raised:
            await rooms.create(max_participants=4)
        assert "created by an earlier call" in str(raised.value)
        assert server.methods == ["POST", "POST"]


async def test_a_nameless_create_rejects_a_reply_with_other_settings() -> None:
    """A 201 with settings that were not sent belongs to another create."""
    async with serve(created(max_participants=9)) as server, client(server) as rooms:
        with pytest.raises(OutcomeUnknownError):
            await rooms.create(max_participants=4)
        assert server.methods == ["POST"]


async def test_a_named_room_with_an_unreadable_field_is_looked_up() -> None:
    """It is returned as soon as a list shows it in a readable form."""
    async with serve(UNREADABLE, listed(), listed(room("standup"))) as server:
        async with client(server) as rooms:
            [outcome] = await rooms.create_many([CreateRoomRequest(unique_name="standup")])
        assert (outcome.error, outcome.recovered) == (None, True)
        assert server.methods == ["POST", "GET", "GET"]


async def test_an_unreadable_room_without_a_name_is_applied() -> None:
    """The error says that the room was created, and has its id."""
    nameless = answer(201, {"data": room(None, max_participants="many")})
    async with serve(nameless) as server, client(server) as rooms:
        with pytest.raises(ResponseDecodeError) as raised:
            await rooms.create(max_participants=4)
        assert raised.value.outcome is Outcome.APPLIED
        assert raised.value.room_id == room(None)["id"]
        assert server.methods == ["POST"]


def wanted(name: str) -> CreateRoomRequest:
    """Return a request with all settings that a server may rewrite."""
    return CreateRoomRequest(
        unique_name=name, max_participants=9, webhook_event_url="https://hooks.example.com"
    )


def lower(fields: dict[str, Any]) -> dict[str, Any]:
    """Keep names in lower case."""
    return {**fields, "unique_name": fields["unique_name"].lower()}


def trim(fields: dict[str, Any]) -> dict[str, Any]:
    """Keep names without spaces around them."""
    return {**fields, "unique_name": fields["unique_name"].strip()}


def clamp(fields: dict[str, Any]) -> dict[str, Any]:
    """Keep rooms small."""
    return {**fields, "max_participants": min(5, fields["max_participants"])}


def omit(fields: dict[str, Any]) -> dict[str, Any]:
    """Show nothing but the name."""
    return {"unique_name": fields["unique_name"]}


def end_urls(fields: dict[str, Any]) -> dict[str, Any]:
    """Keep URLs with a slash at the end."""
    return {**fields, "webhook_event_url": fields["webhook_event_url"] + "/"}


@pytest.mark.parametrize("if_exists", ["error", "return", "update"])
@pytest.mark.parametrize("keep", [lower, trim, clamp, omit, end_urls])
async def test_a_lost_reply_of_a_server_that_rewrites_settings(keep: Keep, if_exists: Any) -> None:
    """Once a reply has shown how settings are rewritten, the room is recovered."""

    def same(name: str) -> str:
        return str(keep(wanted(name).to_dict())["unique_name"])

    api = RoomsApi(keep=keep, same=same)
    async with serve(api) as server, client(server) as rooms:
        await rooms.create(wanted(" Earlier "))
        api.losses = 1
        made = await rooms.create(wanted(" Standup "), if_exists=if_exists)
    assert [one["id"] for one in api.rooms][1:] == [made.id]
    assert api.patches == 0


@pytest.mark.parametrize("keep", [lower, trim, omit, end_urls])
async def test_a_lost_reply_is_recovered_without_an_earlier_reply(keep: Keep) -> None:
    """Names, URLs and settings in another form are recognized."""

    def same(name: str) -> str:
        return str(keep(wanted(name).to_dict())["unique_name"])

    api = RoomsApi(keep=keep, same=same, losses=1)
    async with serve(api) as server, client(server) as rooms:
        made = await rooms.create(wanted(" Standup "))
    assert [one["id"] for one in api.rooms] == [made.id]


async def test_an_unknown_clamp_leaves_the_outcome_unknown() -> None:
    """Before a reply has shown the clamp, a room with other settings may be another's."""
    api = RoomsApi(keep=clamp, losses=1)
    async with serve(api) as server, client(server) as rooms:
        with pytest.raises(NameTakenError) as raised:
            await rooms.create(unique_name="standup", max_participants=9)
    assert raised.value.outcome is Outcome.UNKNOWN
    assert raised.value.room is not None
    assert raised.value.room.id == api.rooms[0]["id"]
