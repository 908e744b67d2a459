"""A taken name is recognized in any wording of the server."""

from __future__ import annotations

from datetime import timedelta

import pytest

from breaks.rooms_api import RoomsApi
from support.clients import client
from support.scripted_server import answer, serve
from telnyx_video import NameTakenError, Outcome, UnprocessableEntityError

WORDINGS: dict[str, object] = {
    "code, title, detail, pointer": {
        "errors": [
            {
                "code": "10012",
                "title": "Duplicate resource",
                "detail": "has already been taken",
                "source": {"pointer": "/unique_name"},
            }
        ]
    },
    "one code alone": {"errors": [{"code": "10015"}]},
    "another code alone": {"errors": [{"code": "10012"}]},
    "title only": {"errors": [{"title": "Unprocessable"}]},
    "without source": {"errors": [{"code": "10015", "detail": "Bad request"}]},
    "must be unique": {
        "errors": [{"detail": "must be unique", "source": {"pointer": "/unique_name"}}]
    },
    "pointer into attributes": {
        "errors": [{"code": "10015", "source": {"pointer": "/data/attributes/unique_name"}}]
    },
    "pointer to a part of the name": {
        "errors": [{"code": "10015", "source": {"pointer": "/unique_name/0"}}]
    },
    "pointer of another form": {
        "errors": [{"code": "10015", "source": {"pointer": "$.unique_name"}}]
    },
    "pointer to a field of the server's own": {
        "errors": [{"detail": "must be unique", "source": {"pointer": "/room/name"}}]
    },
    "parameter of another form": {"errors": [{"source": {"parameter": "room[unique_name]"}}]},
    "another language": {
        "errors": [{"detail": "ist vergeben", "source": {"pointer": "/unique_name"}}]
    },
    "pointer to the whole body": {"errors": [{"code": "10015", "source": {"pointer": "/"}}]},
    "bare": {"code": "10015", "title": "Invalid"},
    "success false": {"success": False, "message": "no"},
    "keyed": {"errors": {"unique_name_conflict": ["no"]}},
    "plain text": b"Room name conflict",
    "HTML": b"<html><title>422</title></html>",
    "empty": b"",
}


@pytest.mark.parametrize("status", [422, 400])
@pytest.mark.parametrize("if_exists", ["return", "error"])
@pytest.mark.parametrize("wording", WORDINGS)
async def test_a_taken_name_is_recognized_in_any_wording(
    wording: str, if_exists: str, status: int
) -> None:
    """The existing room is found, and returned or part of the error."""
    api = RoomsApi(taken=answer(status, WORDINGS[wording]))
    theirs = api.add(timedelta(hours=1), unique_name="standup")
    async with serve(api) as server, client(server) as rooms:
        if if_exists == "return":
            room = await rooms.create(unique_name="standup", if_exists="return")
            assert room.id == theirs["id"]
        else:
            with pytest.raises(NameTakenError) as raised:
                await rooms.create(unique_name="standup")
            assert raised.value.room is not None
            assert raised.value.room.id == theirs["id"]
            assert raised.value.outcome is Outcome.NOT_APPLIED
        assert server.methods == ["POST", "GET"]


async def test_a_409_about_the_name_is_a_refusal() -> None:
    """A 409 leaves the outcome unknown, unless it says that the name is taken."""
    for wording, outcome in (("must be unique", Outcome.NOT_APPLIED), ("empty", Outcome.UNKNOWN)):
        api = RoomsApi(taken=answer(409, WORDINGS[wording]))
        theirs = api.add(timedelta(hours=1), unique_name="standup")
        async with serve(api) as server, client(server) as rooms:
            with pytest.raises(NameTakenError) as raised:
                await rooms.create(unique_name="standup")
        assert raised.value.room is not None
        assert raised.value.room.id == theirs["id"]
        assert raised.value.outcome is outcome
        assert server.methods == ["POST", "GET"]


@pytest.mark.parametrize("wording", ["one code alone", "success false", "empty", "plain text"])
async def test_a_refusal_for_another_reason_is_passed_on(wording: str) -> None:
    """If no room has the name, the error is the server's refusal."""
    async with serve(answer(422, WORDINGS[wording])) as server:
        api = RoomsApi()
        server.acts = [answer(422, WORDINGS[wording]), api]
        async with client(server) as rooms:
            with pytest.raises(UnprocessableEntityError) as raised:
                await rooms.create(unique_name="standup")
        assert not isinstance(raised.value, NameTakenError)
        assert raised.value.outcome is Outcome.NOT_APPLIED
        assert server.methods == ["POST", "GET", "GET", "GET"]


async def test_a_refusal_of_another_field_is_not_looked_up() -> None:
    """A 422 about another field does not mean that the name is taken."""
    detail = {"code": "10015", "source": {"pointer": "/webhook_event_url"}}
    async with serve(answer(422, {"errors": [detail]})) as server, client(server) as rooms:
        with pytest.raises(UnprocessableEntityError):
            await rooms.create(unique_name="standup")
        assert server.methods == ["POST"]
