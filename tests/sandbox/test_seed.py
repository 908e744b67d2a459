"""Seeds: objects with given ids; ids and times that are the same in every run."""

import json
from pathlib import Path
from typing import Any, cast

import aiohttp
import pytest

from sandbox.http_driver import HttpDriver
from telnyx_video.sandbox import Sandbox, SeedError

ID = "182bd5e5-6e1a-4fe4-a799-aa6d9a6ab26e"
OTHER = "0ccc7b54-4df3-4bca-a65a-3da1ecc777f0"

SEED: dict[str, object] = {
    "rooms": [{"id": ID.upper(), "unique_name": "standup", "created_at": "2021-04-25T12:00+02:00"}],
    "sessions": [{"id": ID, "room_id": ID}],
    "participants": [{"id": ID, "session_id": ID, "context": "Alice"}],
    "recordings": [
        {"id": ID, "room_id": ID, "session_id": ID, "participant_id": ID, "type": "video"}
    ],
    "compositions": [{"id": ID, "session_id": ID, "room_id": ID, "duration_secs": 7}],
}

PATHS = ("rooms", "room_sessions", "room_participants", "room_recordings", "room_compositions")


async def test_each_kind_of_object_is_found_by_its_id(session: aiohttp.ClientSession) -> None:
    """Missing fields have defaults; times are shown in UTC."""
    async with Sandbox(seed=SEED) as sandbox:
        http = HttpDriver(session, sandbox)
        shown = [(await http.send("GET", f"/{path}/{ID}")).data for path in PATHS]
        assert [one["id"] for one in shown] == [ID] * 5
        room, active, _, _, composition = shown
        assert room["created_at"] == "2021-04-25T10:00:00.000000Z"
        assert (room["max_participants"], room["active_session_id"]) == (10, ID)
        assert active["active"] is True
        assert (composition["duration_secs"], composition["status"]) == (7, "completed")
        assert (sandbox.events, sandbox.deliveries) == ([], [])
        await http.send("DELETE", f"/rooms/{ID}")
        sandbox.reset()
        assert (await http.send("GET", f"/rooms/{ID}")).status == 200


async def test_a_seed_can_be_a_json_file(tmp_path: Path, session: aiohttp.ClientSession) -> None:
    """Its errors are raised before the sandbox serves."""
    path = tmp_path / "seed.json"
    path.write_text(json.dumps(SEED))
    async with Sandbox(seed=path) as sandbox:
        answer = await HttpDriver(session, sandbox).send("GET", f"/rooms/{ID}")
        assert answer.data["unique_name"] == "standup"
    path.write_text("{")
    with pytest.raises(SeedError, match="is not JSON"):
        Sandbox(seed=str(path))
    with pytest.raises(FileNotFoundError):
        Sandbox(seed=tmp_path / "nothing.json")


WRONG_SEEDS: list[tuple[Any, str, str]] = [
    ([], "", "must be an object of lists"),
    ({"videos": []}, "/videos", "is not one of rooms, sessions"),
    ({"rooms": {}}, "/rooms", "must be a list"),
    ({"rooms": [7]}, "/rooms/0", "must be an object"),
    ({"rooms": [{}]}, "/rooms/0/id", "id is required"),
    ({"rooms": [{"id": "x"}]}, "/rooms/0/id", "must be a UUID"),
    ({"rooms": [{"id": ID, "size": 1}]}, "/rooms/0/size", "is not a field of rooms"),
    ({"rooms": [{"id": ID, "max_participants": 1}]}, "/rooms/0/max_participants", "from 2"),
    ({"rooms": [{"id": ID, "created_at": "x"}]}, "/rooms/0/created_at", "must be a time"),
    ({"rooms": [{"id": ID, "created_at": 5}]}, "/rooms/0/created_at", "must be a time"),
    (
        {"rooms": [{"id": ID, "created_at": "2021-04-25T12:00"}]},
        "/rooms/0/created_at",
        "with a time zone",
    ),
    (
        {"recordings": [{**dict.fromkeys(("id", "room_id", "session_id"), ID), "type": "x"}]},
        "/recordings/0/participant_id",
        "is required",
    ),
]


@pytest.mark.parametrize(("seed", "pointer", "words"), WRONG_SEEDS)
async def test_an_invalid_seed_is_refused_with_its_pointer(
    http: HttpDriver, seed: Any, pointer: str, words: str
) -> None:
    """The same over HTTP and in Python."""
    answer = await http.send("POST", "//_sandbox/seed", seed)
    assert (answer.status, answer.pointers) == (422, [pointer])
    assert words in answer.body["errors"][0]["detail"]
    if isinstance(seed, dict):
        with pytest.raises(SeedError, match=words):
            Sandbox(seed=cast("dict[str, Any]", seed))


async def test_a_seed_is_added_as_a_whole_or_not_at_all(http: HttpDriver, sandbox: Sandbox) -> None:
    """An object replaces the one with its id; two rooms with one name are refused."""
    assert (await http.send("POST", "//_sandbox/seed", SEED)).status == 204
    sandbox.seed({"rooms": [{"id": ID, "unique_name": "retro"}]})
    assert [room["unique_name"] for room in sandbox.rooms] == ["retro"]
    twins = [{"id": one, "unique_name": "twin"} for one in (ID, OTHER)]
    with pytest.raises(SeedError, match="contradicts itself"):
        sandbox.seed({"rooms": twins})
    assert [room["unique_name"] for room in sandbox.rooms] == ["retro"]
    assert (await http.send("POST", "//_sandbox/seed", raw=b"{")).status == 400


async def test_a_seed_can_have_refresh_tokens(http: HttpDriver, sandbox: Sandbox) -> None:
    """They refresh client tokens of their rooms, until a reset."""
    path = f"/rooms/{ID}/actions/refresh_client_token"
    body = {"refresh_token": "given"}
    sandbox.seed({"rooms": [{"id": ID}, {"id": OTHER}]})
    assert (await http.send("POST", path, body)).status == 403
    sandbox.seed({"refresh_tokens": [{"token": "given", "room_id": ID}]})
    assert (await http.send("POST", path, body)).status == 201
    assert (await http.send("POST", path.replace(ID, OTHER), body)).status == 403
    many = [{"token": str(number), "room_id": ID} for number in range(1001)]
    with pytest.raises(SeedError, match="at most 1000 tokens"):
        sandbox.seed({"refresh_tokens": many})
    sandbox.reset()
    sandbox.seed({"rooms": [{"id": ID}]})
    assert (await http.send("POST", path, body)).status == 403


async def record(session: aiohttp.ClientSession, sandbox: Sandbox) -> list[object]:
    """Return the answers to some requests."""
    http = HttpDriver(session, sandbox)
    created = await http.create(enable_recording=True)
    path = f"/rooms/{created.data['id']}"
    sandbox.leave(sandbox.join(created.data["id"], context="Alice"))
    token = await http.send("POST", f"{path}/actions/generate_join_client_token", {})
    composed = await http.send("POST", "/room_compositions", {})
    viewed = await http.send("GET", f"/room_compositions/{composed.data['id']}")
    assert viewed.data["status"] == "completed"
    del viewed.data["download_url"]  # it has the port
    return [created.body, token.body, composed.body, viewed.body, sandbox.events]


async def test_a_run_can_be_repeated(session: aiohttp.ClientSession) -> None:
    """Ids, tokens and times are the same in each run and after a reset; another seed differs."""
    async with Sandbox(seed_random=7) as sandbox:
        first = await record(session, sandbox)
        sandbox.reset()
        assert await record(session, sandbox) == first
    async with Sandbox(seed_random=7) as sandbox:
        assert await record(session, sandbox) == first
        assert str(sandbox.rooms[0]["created_at"]) == "2025-01-01T00:00:01.000000Z"
    async with Sandbox(seed_random=8) as sandbox:
        assert await record(session, sandbox) != first
