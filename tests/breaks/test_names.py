"""Folded names, unusable room ids, retrying middlewares and refusing proxies."""

from __future__ import annotations

import logging
import unicodedata

import aiohttp
import pytest

from breaks.rooms_api import RoomsApi, fold
from support.clients import client
from support.scripted_server import answer, created, cut, serve
from support.secrets import leaks
from telnyx_video import (
    AsyncRoomsClient,
    CreateRoomRequest,
    NameTakenError,
    Outcome,
    OutcomeUnknownError,
    RetryPolicy,
    TransportError,
)

ACCENTED = "caf\u00e9"


@pytest.mark.parametrize("filter_folds", [True, False])
@pytest.mark.parametrize("if_exists", ["error", "return", "update"])
@pytest.mark.parametrize(
    ("kept", "wanted"),
    [
        ("Standup", "standup"),
        ("STANDUP", "Standup"),
        ("standup", "standup "),
        (ACCENTED, unicodedata.normalize("NFD", ACCENTED)),
        (unicodedata.normalize("NFD", ACCENTED), ACCENTED),
    ],
)
async def test_a_name_folded_by_the_server(
    kept: str, wanted: str, if_exists: object, filter_folds: bool
) -> None:
    """The error names both, after a few look-ups."""
    api = RoomsApi(same=fold, filter_folds=filter_folds)
    theirs = api.add(unique_name=kept)
    async with serve(api) as server, client(server) as rooms:
        with pytest.raises(NameTakenError) as raised:
            await rooms.create(unique_name=wanted, if_exists=if_exists)  # type: ignore[arg-type] # one of the literals
    assert ascii(kept)[1:-1] in ascii(str(raised.value)) or repr(kept) in str(raised.value)
    assert raised.value.room is not None
    assert raised.value.room.id == theirs["id"]
    assert raised.value.outcome is Outcome.NOT_APPLIED
    assert server.methods[0] == "POST"
    assert set(server.methods[1:]) == {"GET"}
    assert len(server.methods) <= 4


async def test_a_search_among_many_rooms_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    """A taken name that is not listed as written is looked up in a limited number of pages."""
    monkeypatch.setattr("telnyx_video._execution.create.MAX_SEARCHED", 3)
    api = RoomsApi(same=lambda _: "the same")
    for number in range(5):
        api.add(unique_name=f"room {number}")
    async with serve(api) as server, client(server) as rooms:
        with pytest.raises(NameTakenError) as raised:
            await rooms.create(unique_name="standup")
    assert raised.value.room is None
    assert server.methods == ["POST", "GET", "GET", "GET"]


async def test_a_room_id_that_does_not_fit_a_path_is_refused() -> None:
    """The room is not updated; its outcome has the error, and the other rooms are created."""
    api = RoomsApi()
    api.add(id="../../etc", unique_name="standup", max_participants=5)
    batch = [
        CreateRoomRequest(unique_name=name, max_participants=9) for name in ("standup", "retro")
    ]
    async with serve(api) as server, client(server) as rooms:
        refused, made = await rooms.create_many(batch, if_exists="update")
    assert made.error is None
    assert refused.error is not None
    assert "../../etc" in str(refused.error)
    assert "nothing was sent" not in str(refused.error)
    assert api.patches == 0


async def test_a_middleware_that_retries_sends_once() -> None:
    """A nameless create is sent once, whatever the caller's middleware does."""

    async def retry(
        request: aiohttp.ClientRequest, send: aiohttp.ClientHandlerType
    ) -> aiohttp.ClientResponse:
        try:
            return await send(request)
        except aiohttp.ClientError:
            return await send(request)

    async with (
        serve(cut, created()) as server,
        aiohttp.ClientSession(middlewares=[retry]) as session,
        client(server, session=session) as rooms,
    ):
        with pytest.raises(OutcomeUnknownError, match="leave retries to this client"):
            await rooms.create(max_participants=4)
        assert server.methods == ["POST"]


@pytest.mark.parametrize("own", [True, False], ids=["own session", "caller's session"])
async def test_a_refused_tunnel_hides_the_password(
    own: bool, caplog: pytest.LogCaptureFixture
) -> None:
    """The proxy's user and password are in neither the error nor the log."""
    caplog.set_level(logging.DEBUG)
    async with serve(answer(407)) as refusing, aiohttp.ClientSession() as session:
        async with AsyncRoomsClient(
            base_url="https://api.example.com/v2",
            api_key="key0123",
            proxy=f"http://somebody:hidden-word@127.0.0.1:{refusing.port}",
            session=None if own else session,
            retry=RetryPolicy(attempts=2, backoff=0.001),
        ) as rooms:
            with pytest.raises(TransportError) as raised:
                await rooms.create(unique_name="standup")
        assert refusing.methods == ["CONNECT"]
    assert raised.value.outcome is Outcome.NOT_APPLIED
    for secret in ("hidden-word", "somebody"):
        assert leaks(raised.value, secret) == []
        assert secret not in caplog.text
