"""Generated values for property tests: JSON, hostile text, rooms as the API would write them."""

import json
from datetime import UTC, datetime, timedelta, timezone

from hypothesis import strategies as st

# Short alphabets: building the table of all characters is slow enough to fail a health check.
text = st.text("aZ01 \"'\\/~{}[]:,<>\n\r\t\0\x1b\x7f\x9b\xa0é会😀\u2028", max_size=12)
wild_text = st.text("aZ09 ,:-+.GMT\n\0\x1b\x9b\xa0é\u0661²\ud800\udc9b", max_size=24)

scalars = (
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | text
)
json_values = st.recursive(
    scalars,
    lambda children: st.lists(children, max_size=4) | st.dictionaries(text, children, max_size=4),
    max_leaves=12,
)

zones = st.just(UTC) | st.integers(-1439, 1439).map(lambda m: timezone(timedelta(minutes=m)))


def as_api_writes(time: datetime) -> str:
    """Return the time in ISO 8601, with `Z` for UTC."""
    written = time.isoformat()
    return written.removesuffix("+00:00") + "Z" if written.endswith("+00:00") else written


times = st.datetimes(timezones=zones).map(as_api_writes)
ids = text.filter(bool)

UNKNOWN_NAMES = ["extra", "null_fields", "reply", "region", "unique_Name", "", "\n", "会", "id "]


def objects(
    *, strings: str, times_of: str = "", others: dict[str, st.SearchStrategy[object]] | None = None
) -> st.SearchStrategy[dict[str, object]]:
    """Return objects with an id, in which each other field is absent, null, or of its type."""
    fields: dict[str, st.SearchStrategy[object]] = dict.fromkeys(strings.split(), text)
    fields |= dict.fromkeys(times_of.split(), times) | (others or {})
    known = st.fixed_dictionaries(
        {"id": ids}, optional={name: st.none() | values for name, values in fields.items()}
    )
    unknown = st.dictionaries(st.sampled_from(UNKNOWN_NAMES), json_values, max_size=3)
    return st.tuples(unknown, known).map(lambda pair: {**pair[0], **pair[1]})


participants = objects(
    strings="session_id context record_type", times_of="joined_at updated_at left_at"
)
sessions = objects(
    strings="room_id record_type",
    times_of="created_at updated_at ended_at",
    others={"active": st.booleans(), "participants": st.lists(participants, max_size=2)},
)
rooms = objects(
    strings=(
        "unique_name webhook_event_url webhook_event_failover_url active_session_id record_type"
    ),
    times_of="created_at updated_at",
    others={
        "max_participants": st.integers(-(2**63), 2**63 - 1),
        "enable_recording": st.booleans(),
        "webhook_timeout_secs": st.integers(-5, 99),
        "sessions": st.lists(sessions, max_size=2),
    },
)

numbers = st.integers(-(2**53), 2**53) | st.floats(allow_nan=False, allow_infinity=False)
media = "room_id session_id download_url record_type status"
media_times = "started_at ended_at created_at updated_at completed_at"
recordings = objects(
    strings=f"{media} participant_id type codec",
    times_of=media_times,
    others={"duration_secs": st.integers(-(2**63), 2**63 - 1), "size_mb": numbers},
)
regions = st.fixed_dictionaries(
    {},
    optional={
        "width": st.none() | st.integers(-5, 5000),
        "z_pos": st.none() | st.integers(-5, 5000),
        "video_sources": st.none() | st.lists(text, max_size=3),
        "extra": json_values,
    },
)
compositions = objects(
    strings=f"{media} user_id format resolution webhook_event_url webhook_event_failover_url",
    times_of=media_times,
    others={
        "duration_secs": st.integers(-(2**63), 2**63 - 1),
        "size_mb": numbers,
        "webhook_timeout_secs": st.integers(-5, 99),
        "video_layout": st.dictionaries(text, regions, max_size=2),
    },
)
tokens: st.SearchStrategy[dict[str, object]] = st.fixed_dictionaries(
    {"token": text.filter(bool), "token_expires_at": times},
    optional={
        "refresh_token": st.none() | text,
        "refresh_token_expires_at": st.none() | times,
        "scope": json_values,
    },
)

sources: st.SearchStrategy[object] = st.dictionaries(
    st.sampled_from(["pointer", "parameter"]), scalars
)
error_items: st.SearchStrategy[object] = st.fixed_dictionaries(
    {},
    optional={
        "code": scalars,
        "title": scalars,
        "detail": scalars,
        "source": sources,
        "meta": json_values,
    },
)
error_lists: st.SearchStrategy[object] = st.lists(error_items, max_size=3)
error_bodies: st.SearchStrategy[object] = st.fixed_dictionaries(
    {},
    optional={
        "errors": json_values | error_lists,
        "message": scalars,
        "success": scalars,
        "code": scalars,
        "detail": scalars,
        "source": json_values,
    },
)
figures: st.SearchStrategy[object] = st.dictionaries(
    st.sampled_from(["page_number", "page_size", "total_pages", "total_results"]), scalars
)
envelopes: st.SearchStrategy[object] = st.fixed_dictionaries(
    {},
    optional={
        "data": rooms | st.lists(rooms, max_size=3) | compositions | tokens | json_values,
        "meta": figures | json_values,
    },
)


def encode(value: object) -> bytes:
    """Return the value as JSON."""
    return json.dumps(value).encode()


json_bodies = (json_values | error_bodies | envelopes).map(encode)


@st.composite
def damaged_bodies(draw: st.DrawFn) -> bytes:
    """Return JSON in which a few bytes were lost, added or changed."""
    body = bytearray(draw(json_bodies))
    for _ in range(draw(st.integers(1, 4))):
        start = draw(st.integers(0, len(body)))
        end = draw(st.integers(start, min(start + 4, len(body))))
        body[start:end] = draw(st.binary(max_size=3))
    return bytes(body)


bodies = json_bodies | damaged_bodies() | st.binary(max_size=40)

statuses = (
    st.sampled_from([200, 201, 204, 400, 401, 403, 404, 408, 409, 422, 429, 500, 503])
    | st.integers(100, 599)
    | st.integers(-1, 1000)
)

dates = st.datetimes(timezones=st.just(UTC)).map(lambda time: f"{time:%a, %d %b %Y %H:%M:%S} GMT")
headers = st.dictionaries(
    st.sampled_from(
        [
            "date",
            "retry-after",
            "x-ratelimit-limit",
            "x-ratelimit-remaining",
            "x-ratelimit-reset",
            "x-request-id",
        ]
    ),
    wild_text | dates | st.integers().map(str) | st.floats().map(str),
)
