"""Join tokens: how long they are valid, and that no repr shows them."""

from datetime import UTC, datetime, timedelta, timezone

from telnyx_video.models import JoinToken, Reply

NOON = datetime(2024, 2, 29, 12, tzinfo=UTC)
TOKEN = JoinToken(
    token="eyJ-client",
    token_expires_at=NOON,
    refresh_token="eyJ-refresh",
    refresh_token_expires_at=NOON + timedelta(hours=1),
)


def test_a_token_counts_the_seconds_left() -> None:
    """Seconds until it expires, in any time zone; negative afterwards."""
    assert TOKEN.seconds_left(NOON - timedelta(minutes=10)) == 600
    assert TOKEN.seconds_left(NOON.astimezone(timezone(timedelta(hours=5)))) == 0
    assert TOKEN.seconds_left(NOON + timedelta(seconds=1.5)) == -1.5
    assert TOKEN.refresh_seconds_left(NOON) == 3600


def test_by_default_the_time_is_now() -> None:
    """Without an argument the machine's clock is used."""
    soon = JoinToken(token="a", token_expires_at=datetime.now(UTC) + timedelta(hours=1))
    assert 3000 < soon.seconds_left() <= 3600
    assert TOKEN.seconds_left() < 0


def test_a_refreshed_token_has_no_refresh_token() -> None:
    """Without a refresh token in the reply the result is None."""
    assert JoinToken(token="a", token_expires_at=NOON).refresh_seconds_left(NOON) is None
    unknown = JoinToken(token="a", token_expires_at=NOON, refresh_token="b")
    assert unknown.refresh_seconds_left(NOON) is None


def test_secrets_are_in_no_repr() -> None:
    """A repr shows when the token expires, but neither of its secrets."""
    token = JoinToken.from_dict(TOKEN.to_dict() | {"admin_token": "eyJ-admin"})
    for text in (repr(token), str(token), f"{[token]}"):
        assert "eyJ" not in text
        assert "token_expires_at" in text


def test_a_token_is_compared_without_its_reply() -> None:
    """`reply` is not compared."""
    again = JoinToken.from_dict(TOKEN.to_dict())
    again.reply = Reply("req-1")
    assert again == TOKEN
