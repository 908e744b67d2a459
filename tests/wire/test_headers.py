"""Headers: rate limit, Retry-After and the server's clock."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from multidict import CIMultiDict

from support.strategies import headers
from support.words import short
from telnyx_video import RateLimit
from telnyx_video._wire.headers import read_rate_limit, read_reply, server_time
from telnyx_video.models import Reply

NOW = "Fri, 01 Mar 2024 09:00:00 GMT"


@pytest.mark.parametrize(
    ("retry_after", "date", "seconds"),
    [
        ("0", None, 0.0),
        ("5", None, 5.0),
        ("2.5", None, 2.5),
        (" 5 ", None, 5.0),
        ("-5", None, 0.0),
        ("1e300", None, 1e300),
        ("9" * 500, None, None),
        ("nan", None, None),
        ("inf", None, None),
        ("-inf", None, None),
        ("", None, None),
        ("soon", None, None),
        ("5 seconds", None, None),
        ("5, 5", None, None),
        ("\udc9b", None, None),
        ("Fri, 01 Mar 2024 09:00:07 GMT", NOW, 7.0),
        ("Friday, 01-Mar-24 09:01:00 GMT", NOW, 60.0),
        ("Fri Mar  1 09:00:07 2024", NOW, 7.0),
        ("Fri, 01 Mar 2024 10:00:07 +0100", NOW, 7.0),
        ("Fri, 01 Mar 2024 09:00:07 -0000", NOW, 7.0),
        ("Fri, 01 Mar 2024 08:59:00 GMT", NOW, 0.0),
        ("Fri, 01 Mar 9999 09:00:00 GMT", NOW, 251_666_611_200.0),
        ("Fri, 01 Mar 2024 09:00:07 GMT", None, None),
        ("Fri, 01 Mar 2024 09:00:07 GMT", "", None),
        ("Fri, 01 Mar 2024 09:00:07 GMT", "today", None),
        ("Fri, 31 Feb 2024 09:00:07 GMT", NOW, None),
        ("Fri, 01 Mar 99999 09:00:07 GMT", NOW, None),
        ("Fri, 01 Mar 2024 09:00:07 +999999999999", NOW, None),
    ],
    ids=short,
)
def test_retry_after_is_seconds_from_the_reply(
    retry_after: str, date: str | None, seconds: float | None
) -> None:
    """Seconds, or a date relative to the server's clock; never negative, None if malformed."""
    fields = {"retry-after": retry_after} | ({} if date is None else {"date": date})
    limit = read_rate_limit(fields)
    assert limit is not None
    assert limit.retry_after == seconds


@pytest.mark.parametrize(
    ("fields", "limit"),
    [
        ({}, None),
        ({"date": NOW, "x-request-id": "req-1"}, None),
        (
            {
                "x-ratelimit-limit": "100",
                "x-ratelimit-remaining": "99",
                "x-ratelimit-reset": "1.5",
                "retry-after": "3",
            },
            RateLimit(100, 99, 1.5, 3.0),
        ),
        ({"x-ratelimit-limit": "100"}, RateLimit(limit=100)),
        ({"x-ratelimit-remaining": "0"}, RateLimit(remaining=0)),
        ({"x-ratelimit-reset": "30"}, RateLimit(reset=30.0)),
        ({"retry-after": "30"}, RateLimit(retry_after=30.0)),
        (
            {
                "x-ratelimit-limit": "many",
                "x-ratelimit-remaining": "-1",
                "x-ratelimit-reset": "-1",
            },
            RateLimit(None, 0, 0.0, None),
        ),
        (
            {"x-ratelimit-limit": "100, 100;w=60", "x-ratelimit-remaining": "inf"},
            RateLimit(),
        ),
    ],
)
def test_the_rate_limit_is_read_from_headers(
    fields: dict[str, str], limit: RateLimit | None
) -> None:
    """A missing or malformed figure is None; without any figure there is no rate limit."""
    assert read_rate_limit(fields) == limit


def test_a_reply_carries_its_id_and_its_limits() -> None:
    """Each room has the request id and the rate limit of its reply."""
    fields = {"x-request-id": "req-1", "x-ratelimit-limit": "100"}
    assert read_reply(fields) == Reply("req-1", RateLimit(limit=100))
    assert read_reply({}) == Reply(None, None)


def test_the_names_of_headers_may_have_any_case() -> None:
    """Header names are case-insensitive."""
    fields = CIMultiDict({"X-Request-ID": "req-1", "RETRY-AFTER": "3", "Date": NOW})
    assert read_reply(fields) == Reply("req-1", RateLimit(retry_after=3.0))
    assert server_time(fields) == datetime(2024, 3, 1, 9, tzinfo=UTC)


def test_the_servers_clock_is_its_date_header() -> None:
    """The time has a zone; without a readable date it is None."""
    assert server_time({"date": NOW}) == datetime(2024, 3, 1, 9, tzinfo=UTC)
    assert server_time({"date": "Fri Mar  1 09:00:00 2024"}) == datetime(2024, 3, 1, 9, tzinfo=UTC)
    assert server_time({}) is None
    assert server_time({"date": "yesterday"}) is None


@given(headers)
def test_any_headers_are_read(fields: dict[str, str]) -> None:
    """Figures of any headers are finite and at least 0, and times have a zone."""
    limit = read_reply(fields).rate_limit or RateLimit()
    for figure in (limit.limit, limit.remaining, limit.reset, limit.retry_after):
        assert figure is None or 0 <= figure < float("inf")
    time = server_time(fields)
    assert time is None or time.tzinfo is not None
