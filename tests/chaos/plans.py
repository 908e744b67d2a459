"""The faults of a chaos run: the fault matrix as weights, and the plan of the plain experiment.

Faults that no client can detect are left out, such as a good reply to a create that is never
committed, and those that take minutes or gigabytes: an endless 429 or body.
"""

from collections.abc import Mapping, Sequence

from telnyx_video.sandbox import FaultPlan

Fault = str | int | Mapping[str, object]
Weighted = tuple[Fault, float]

LATEST_COMMIT = 2.5
"""Seconds after the end of a create at which it may still be committed, at the latest."""

OUTAGE_AFTER = 1.0
"""Seconds after the start at which the whole server goes away for a while (row 1)."""

REFUSED_SHARE = 200
"""One of this many named requests is refused for another field (row 17), every time that it is
sent: a server that refuses a body for its content does not accept the same body later."""

_TO_SELF = {"Location": "/v2/rooms"}

LOST: Sequence[Weighted] = [  # rows 4 to 8 and 20
    ("dropped", 3),
    ("dropped_reset", 2),
    ({"cut": "reading"}, 1),
    ({"cut": "reading", "reset": True}, 1),
    ("lost", 6),
    ("lost_reset", 3),
    ({"cut": "reply", "commit": "never"}, 1),
    ({"cut": "reply", "commit": 0.05}, 2),
    ({"cut": "reply", "commit": 0.5, "reset": True}, 2),
    ("late", 2),
    ({"cut": "reply", "commit": 2}, 1),
    ("hang", 1),
    ("hang_uncommitted", 1),
    ({"stall": "headers"}, 0.5),
    ({"stall": "body", "commit": "never"}, 0.5),
    ({"stall": "commit", "seconds": 2.5}, 0.5),
    ({"stall": "reply", "seconds": 0.5}, 1),
    ({"cut": "status"}, 1),
    ({"cut": "headers"}, 1),
    ({"cut": "headers", "commit": "never"}, 0.5),
    ({"interim": 103, "cut": "reply"}, 1),
    ({"interim": 102}, 0.5),
    ("close", 1),
    ("closed_idle", 1),
    ("closed_next", 1),
]

MANGLED: Sequence[Weighted] = [  # rows 9 to 11 and 29
    ("truncated", 1),
    ("truncated_chunked", 1),
    ("truncated_close", 1),
    ({"cut": "body", "commit": "never"}, 1),
    ("bad_gzip", 1),
    ("html", 1),
    ({"status": 200, "body": "html", "commit": "never"}, 1),
    ("bad_json", 1),
    ({"body": "bad_json", "commit": 1}, 0.5),
    ("empty", 1),
    ({"body": "empty", "commit": "never"}, 1),
    ("no_id", 1),
    ({"body": "no_id", "commit": "never"}, 1),
    ("wrong_types", 1),
    ("garbage", 1),
    ({"raw": "HTTP/1.1 2", "commit": "never"}, 0.5),
    ("huge_header", 0.5),
    ("bad_chunk", 0.5),
    ("two_lengths", 1),
    ("bomb", 0.2),
    ({"drip": 0.001}, 0.5),
    ({"drip": 0.02}, 0.2),
]

REFUSED: Sequence[Weighted] = [  # rows 12, 13, 18 and 19
    (500, 1),
    ({"status": 500, "commit": "before"}, 1),
    ({"status": 502, "body": "html"}, 1),
    ({"status": 502, "commit": "before"}, 1),
    (503, 2),
    ({"status": 503, "commit": "before"}, 1),
    ({"status": 503, "headers": {"Retry-After": 1}}, 1),
    (504, 1),
    ({"status": 504, "commit": 1}, 1),
    (408, 0.5),
    ({"status": 408, "commit": "before"}, 0.5),
    (409, 0.5),
    ({"status": 409, "commit": "before"}, 0.5),
    (429, 4),
    ({"status": 429, "headers": {"Retry-After": 1}}, 2),
    ({"status": 429, "headers": {"Retry-After": {"date_in": 1}}}, 1),
    ({"status": 429, "headers": {"Retry-After": -5}}, 1),
    ({"status": 429, "headers": {"Retry-After": 1_000_000}}, 1),
    ({"status": 429, "headers": {"x-ratelimit-reset": 1}}, 1),
    ({"status": 400, "body": "html"}, 0.2),
    (401, 0.2),
    (403, 0.2),
    (404, 0.2),
    (413, 0.1),
    ({"status": 307, "headers": _TO_SELF}, 1),
    ({"status": 307, "headers": _TO_SELF, "commit": "before"}, 1),
    ({"status": 302, "headers": _TO_SELF}, 0.5),
    ({"status": 302, "headers": _TO_SELF, "commit": "before"}, 0.5),
]

NAMED: Sequence[Weighted] = [  # rows 15 and 16, as if something between had sent it twice
    ({"body": "duplicate", "commit": "before"}, 0.5),
    ({"body": "duplicate_map", "commit": "before"}, 0.5),
]

_WORDINGS = [
    {"json": {"errors": [{"code": "10015"}]}},
    {"json": {"errors": [{"title": "Unprocessable"}]}},
    {"json": {"success": False, "message": "no"}},
    {"text": "Room name conflict"},
    {"text": ""},
]
"""Bodies of a 422 that may mean that the name is taken."""

WORDINGS: Sequence[Weighted] = [
    ({"status": 422, "body": body, "commit": "before"}, 0.3) for body in _WORDINGS
]
"""For creates with a name: the room was made, and something between sent the create again."""

_FOREIGN_ROOM = {
    "id": "0ccc7b54-4df3-4bca-a65a-3da1ecc777f0",
    "unique_name": "foreign",
    "webhook_event_url": "https://foreign.example.com/",
}

FOREIGN: Sequence[Weighted] = [  # late or repeated replies of another request
    ({"status": 201, "body": {"json": {"data": _FOREIGN_ROOM}}, "commit": commit}, 0.5)
    for commit in ("before", "never")
]

CLOCKS: Sequence[Weighted] = [
    ({"headers": {"Date": {"date_in": seconds}}}, 0.5) for seconds in (-3600, 6, 60, 3600)
]
"""For look-ups: the clock of ``Date`` is wrong."""

NAMELESS: Sequence[Weighted] = [("duplicate_other", 0.5)]  # row 17

LOOK_UPS: Sequence[Weighted] = [  # rows 21 to 23
    (429, 2),
    (500, 1),
    (503, 2),
    ("lost", 2),
    ("dropped", 1),
    ("hang", 0.5),
    ("truncated", 1),
    ("garbage", 1),
    ("bad_json", 1),
    (403, 0.1),
    ("list_empty", 3),
    ("list_stale", 3),
    ("list_inexact", 3),
    ("list_first_page", 1),
    ("list_doubled", 0.1),
]


def chaos(seed: int, rate: float, names: Sequence[str], *, normalising: bool = False) -> FaultPlan:
    """Return the plan of one run.

    Args:
        seed: Of all that is drawn.
        rate: The share of requests that meet a fault, 0 to 1.
        names: The unique names that will be asked for; none for a run without names.
        normalising: Whether the server keeps names in another form. Then nothing repeats a create
            and passes on only the refusal: the client says that such a name is another room's.
    """
    common = [*LOST, *MANGLED, *REFUSED]
    if not names:
        return [_drawn("POST /rooms", [*common, *FOREIGN, *NAMELESS], seed, rate)]
    refused: list[Mapping[str, object]] = [
        {"on": "POST /rooms", "name": name, "faults": ["duplicate_other"], "repeat": True}
        for name in names[REFUSED_SHARE // 2 :: REFUSED_SHARE]
    ]
    repeated = [] if normalising else [*WORDINGS, *NAMED]
    return [
        *refused,
        _drawn("POST /rooms", [*common, *FOREIGN, *repeated], seed, rate),
        _drawn("GET /rooms", [*LOOK_UPS, *CLOCKS], seed, rate),
    ]


def lost_answers(seed: int) -> FaultPlan:
    """Return the plan of the plain experiment: lost after the commit 20 %, 429 10 %, 503 5 %."""
    return [_drawn("POST /rooms", [("lost", 4), (429, 2), (503, 1)], seed, rate=0.35)]


def _drawn(on: str, weighted: Sequence[Weighted], seed: int, rate: float) -> Mapping[str, object]:
    share = rate / sum(weight for _, weight in weighted)
    draw = [{"fault": fault, "probability": weight * share} for fault, weight in weighted]
    return {"on": on, "draw": draw, "seed": seed}
