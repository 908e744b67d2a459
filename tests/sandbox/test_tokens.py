"""Join tokens: a token is valid for its room until it expires."""

import base64
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.api_driver import START, UNKNOWN_ID, ApiDriver, Clock
from sandbox.http_driver import HttpDriver
from telnyx_video.sandbox import Sandbox
from telnyx_video.sandbox.api.tokens import Tokens
from telnyx_video.sandbox.state.database import SystemSource

new_id = SystemSource().new_id

GENERATE = "/rooms/{id}/actions/generate_join_client_token"
REFRESH = "/rooms/{id}/actions/refresh_client_token"


def issued(driver: ApiDriver, room: Any, **fields: object) -> Any:
    """Return the tokens that are issued for a room."""
    return driver.data("POST", GENERATE.format(**room), fields)


def enter(driver: ApiDriver, room: Any, token: str) -> int:
    """Return the status of joining with a token."""
    return driver.call("POST", f"//_sandbox/rooms/{room['id']}/join", {"token": token}).status


def test_a_token_is_valid_for_its_room_until_it_expires(driver: ApiDriver, clock: Clock) -> None:
    """The published lifetimes are the defaults."""
    room = driver.room()
    tokens = issued(driver, room)
    assert tokens["token_expires_at"] == "2026-04-25T12:10:00Z"
    assert tokens["refresh_token_expires_at"] == "2026-04-25T13:00:00Z"
    assert enter(driver, room, tokens["token"]) == 201
    clock.advance(599)
    assert enter(driver, room, tokens["token"]) == 201
    clock.advance(1)
    assert enter(driver, room, tokens["token"]) == 403


async def test_join_accepts_a_token_in_python(http: HttpDriver, sandbox: Sandbox) -> None:
    """Without a token, the room is open."""
    room, other = (await http.create()).data, (await http.create()).data
    tokens = (await http.send("POST", GENERATE.format(**room), {})).data
    alice = sandbox.join(room["id"], context="Alice", token=tokens["token"])
    bob = sandbox.join(room["id"])
    assert [member["id"] for member in sandbox.participants] == [alice, bob]
    for token in (tokens["refresh_token"], "", "token", tokens):
        with pytest.raises(ValueError, match="not a client token of this room, or has expired"):
            sandbox.join(room["id"], token=token)
    with pytest.raises(ValueError, match="not a client token of this room"):
        sandbox.join(other["id"], token=tokens["token"])
    with pytest.raises(LookupError, match=UNKNOWN_ID):
        sandbox.join(UNKNOWN_ID, token=tokens["token"])
    assert len(sandbox.participants) == 2


def test_a_refresh_token_gets_another_token(driver: ApiDriver, clock: Clock) -> None:
    """It works without the key, any number of times, until it expires."""
    room = driver.room()
    tokens = issued(driver, room, token_ttl_secs=10, refresh_token_ttl_secs=60)
    path, wanted = REFRESH.format(**room), {"refresh_token": tokens["refresh_token"]}
    clock.advance(59)
    assert enter(driver, room, tokens["token"]) == 403
    for _ in range(2):
        answer = driver.call("POST", path, {**wanted, "token_ttl_secs": 3600}, key=None)
        assert (answer.status, answer.data.keys()) == (201, {"token", "token_expires_at"})
        assert answer.data["token_expires_at"] == "2026-04-25T13:00:59Z"
        assert enter(driver, room, answer.data["token"]) == 201
    clock.advance(1)
    assert driver.call("POST", path, wanted, key=None).status == 403


def test_tokens_are_for_one_room_and_one_kind(driver: ApiDriver) -> None:
    """A token of another room or kind is refused with one bare error."""
    room, other = driver.room(), driver.room()
    tokens = issued(driver, room)
    assert enter(driver, other, tokens["token"]) == 403
    assert enter(driver, room, tokens["refresh_token"]) == 403
    for subject, token in ((room, tokens["token"]), (other, tokens["refresh_token"])):
        answer = driver.call("POST", REFRESH.format(**subject), {"refresh_token": token})
        assert answer.status == 403
        assert answer.body["code"] == "10010"
        assert answer.body["source"] == {"pointer": "/refresh_token"}


def test_a_token_is_a_json_web_token(driver: ApiDriver) -> None:
    """Its claims can be read, and each token is unique."""
    room = driver.room()
    tokens = issued(driver, room)
    head, claims, _ = tokens["token"].split(".")
    decoded = [json.loads(base64.urlsafe_b64decode(part + "==")) for part in (head, claims)]
    assert decoded[0] == {"alg": "HS256", "typ": "JWT"}
    assert decoded[1]["sub"] == room["id"]
    assert decoded[1]["exp"] - decoded[1]["iat"] == 600
    assert issued(driver, room)["token"] != tokens["token"]


@pytest.mark.parametrize(
    ("path", "content", "pointers"),
    [
        (GENERATE, {"token_ttl_secs": 9, "refresh_token_ttl_secs": 59}, 2),
        (GENERATE, {"token_ttl_secs": 3601, "refresh_token_ttl_secs": 86401}, 2),
        (GENERATE, {"token_ttl_secs": "600"}, 1),
        (GENERATE, {"token_ttl_secs": None}, 1),
        (REFRESH, {"token_ttl_secs": 9}, 2),
        (REFRESH, {"refresh_token": ""}, 1),
    ],
)
def test_lifetimes_have_bounds(
    driver: ApiDriver, path: str, content: object, pointers: int
) -> None:
    """Each invalid or missing field is refused with its pointer."""
    answer = driver.call("POST", path.format(**driver.room()), content)
    assert (answer.status, len(answer.pointers)) == (422, pointers)


def test_lifetimes_at_their_bounds_are_accepted(driver: ApiDriver) -> None:
    """Bounds are inclusive."""
    room = driver.room()
    for fields in ((10, 60), (3600, 86400)):
        wanted = dict(zip(("token_ttl_secs", "refresh_token_ttl_secs"), fields, strict=True))
        assert issued(driver, room, **wanted)


@pytest.mark.parametrize("path", [GENERATE, REFRESH])
def test_tokens_need_a_room(driver: ApiDriver, path: str) -> None:
    """An unknown room is not found, as in any other operation."""
    answer = driver.call("POST", path.format(id=UNKNOWN_ID), {"refresh_token": "x"})
    assert (answer.status, answer.body["code"]) == (404, "10005")


def test_a_token_outlives_the_server(driver: ApiDriver) -> None:
    """The same key gives the same signatures, so tokens survive a restart."""
    token, _ = Tokens("key", new_id).issue("client", UNKNOWN_ID, START, 10)
    assert Tokens("key", new_id).opens(token, "client", UNKNOWN_ID, START)
    assert not Tokens("other", new_id).opens(token, "client", UNKNOWN_ID, START)


@given(st.text(), st.integers(0, 200), st.sampled_from("aZ0_.-=é"))
def test_no_other_text_is_a_token(text: str, place: int, letter: str) -> None:
    """Any other text, and a token with one letter changed, is refused."""
    tokens = Tokens("key", new_id)
    token, _ = tokens.issue("client", UNKNOWN_ID, START, 10)
    changed = token[:place] + letter + token[place + 1 :]
    for attempt in (text, changed):
        assert attempt == token or not tokens.opens(attempt, "client", UNKNOWN_ID, START)
