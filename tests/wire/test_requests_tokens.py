"""Requests for tokens: bounds of both lifetimes, and no refresh token in errors."""

import json
from typing import Any

import pytest

from support.words import short
from telnyx_video import InvalidRequestError
from telnyx_video._base.http import HttpRequest
from telnyx_video._wire.requests import create_join_token, refresh_join_token

ROOM_ID = "4f1d2c60-8a5e-4b58-9a0c-6f1f6b7e0a11"
GENERATE = f"/rooms/{ROOM_ID}/actions/generate_join_client_token"
REFRESH = f"/rooms/{ROOM_ID}/actions/refresh_client_token"


def create(room_id: Any = ROOM_ID, **arguments: Any) -> HttpRequest:
    """Request a token as an unchecked caller would."""
    return create_join_token(room_id, **arguments)


def refresh(token: Any = "eyJ-refresh", **arguments: Any) -> HttpRequest:
    """Refresh a token as an unchecked caller would."""
    return refresh_join_token(ROOM_ID, token, **arguments)


def test_a_token_with_the_default_lifetimes_is_an_empty_object() -> None:
    """Lifetimes that are not given are left to the API."""
    assert create() == HttpRequest("rooms.join_token", "POST", GENERATE, b"{}")
    assert refresh() == HttpRequest(
        "rooms.refresh_join_token", "POST", REFRESH, b'{"refresh_token":"eyJ-refresh"}'
    )


@pytest.mark.parametrize(
    "arguments",
    [
        {"token_ttl_secs": 10, "refresh_token_ttl_secs": 60},
        {"token_ttl_secs": 3600, "refresh_token_ttl_secs": 86400},
    ],
    ids=short,
)
def test_lifetimes_within_their_bounds_are_sent(arguments: dict[str, int]) -> None:
    """Both bounds of both lifetimes are accepted."""
    assert json.loads(create(**arguments).body or b"") == arguments
    seconds = arguments["token_ttl_secs"]
    body = json.loads(refresh(token_ttl_secs=seconds).body or b"")
    assert body == {"refresh_token": "eyJ-refresh", "token_ttl_secs": seconds}


@pytest.mark.parametrize(
    ("token_ttl_secs", "refresh_token_ttl_secs"),
    [(9, 59), (3601, 86401), (600.0, "3600"), (True, None)],
    ids=short,
)
def test_lifetimes_beyond_their_bounds_are_refused(
    token_ttl_secs: object, refresh_token_ttl_secs: object
) -> None:
    """One error lists every problem, and no request is built."""
    with pytest.raises(InvalidRequestError) as caught:
        create(
            "a/b",
            token_ttl_secs=token_ttl_secs,
            refresh_token_ttl_secs=refresh_token_ttl_secs,
        )
    fields = [problem.field for problem in caught.value.details]
    assert fields == ["room_id", "token_ttl_secs", "refresh_token_ttl_secs"]
    with pytest.raises(InvalidRequestError, match="token_ttl_secs"):
        refresh(token_ttl_secs=token_ttl_secs)


@pytest.mark.parametrize("token", ["", None, b"eyJ-secret", ["eyJ-secret"], "eyJ-secret\ud800"])
def test_an_invalid_refresh_token_is_refused_and_not_quoted(token: object) -> None:
    """The message does not repeat the invalid value, which may be a secret."""
    with pytest.raises(
        InvalidRequestError, match="refresh_token: must be a non-empty string"
    ) as caught:
        refresh(token)
    assert "eyJ" not in str(caught.value)
