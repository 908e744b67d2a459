"""The bounds of every field; one refusal lists every problem."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.http_driver import HttpDriver
from telnyx_video.sandbox import Sandbox
from telnyx_video.sandbox.checks.bodies import ROOM, check_fields, defaults

DEFAULTS = defaults(ROOM)
LONGEST_URL = "https://example.com/".ljust(2000, "x")

FINE: list[tuple[str, list[Any]]] = [
    ("unique_name", ["x", " ", "stand-up", "会議", "x" * 5000]),
    ("max_participants", [2, 50]),
    ("enable_recording", [True, False]),
    ("webhook_event_url", ["https://example.com", "http://[::1]:8080/a?b#c", LONGEST_URL]),
    ("webhook_event_failover_url", ["https://example.com", LONGEST_URL, "", None]),
    ("webhook_timeout_secs", [0, 30, None]),
]
NO_URL = [
    "example.com",
    "https://",
    "https:///path",
    "mailto:a@example.com",
    "//example.com",
    "https://exa mple.com",
    "https://example.com/\n",
    "https://[::1",
    "https://example.com:port",
    LONGEST_URL + "x",
    "https://example.com/\ud800",
    7,
    ["https://example.com"],
]
WRONG: list[tuple[str, list[Any]]] = [
    ("unique_name", ["", None, 7, True, ["x"], "\ud800"]),
    ("max_participants", [1, 51, -2, 10.0, 10.5, "10", True, None, 10**400]),
    ("enable_recording", [0, 1, "true", None, []]),
    ("webhook_event_url", [*NO_URL, "", None]),
    ("webhook_event_failover_url", NO_URL),
    ("webhook_timeout_secs", [-1, 31, 5.0, "5", False]),
]


def cases(table: list[tuple[str, list[Any]]]) -> list[tuple[str, object]]:
    """Return each value of the table with its field."""
    return [(field, value) for field, values in table for value in values]


@pytest.mark.parametrize(("field", "value"), cases(FINE), ids=repr)
def test_a_valid_value_is_accepted(field: str, value: object) -> None:
    """Valid values are kept unchanged; null stands for the default."""
    expected = DEFAULTS[field] if value is None else value
    assert check_fields({field: value}, ROOM) == ({field: expected}, [])


@pytest.mark.parametrize(("field", "value"), cases(WRONG), ids=repr)
def test_an_invalid_value_is_refused(field: str, value: object) -> None:
    """It is one problem, which names the field."""
    settings, problems = check_fields({field: value}, ROOM)
    assert settings == {}
    assert [problem.pointer for problem in problems] == [f"/{field}"]
    assert problems[0].detail.startswith(f"{field} must be ")


async def test_one_refusal_reports_every_problem(http: HttpDriver, sandbox: Sandbox) -> None:
    """One refusal names every field that is out of bounds, and no room is created."""
    wrong = {field: values[0] for field, values in WRONG}
    answer = await http.create(**wrong)
    assert answer.status == 422
    assert answer.pointers == [f"/{field}" for field in wrong]
    assert {error["code"] for error in answer.body["errors"]} == {"10015"}
    assert sandbox.rooms == []


# A short alphabet: building the table of all characters is slow enough to fail a health check.
text = st.text("ahtps:/.?[]@ \0é会\ud800")
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | text,
    lambda children: st.lists(children) | st.dictionaries(text, children),
    max_leaves=5,
)


@given(st.dictionaries(st.sampled_from([*DEFAULTS, "colour"]), json_values))
def test_each_known_field_is_either_accepted_or_refused(body: dict[str, object]) -> None:
    """For any body, each field of the API is in exactly one of the two results."""
    settings, problems = check_fields(json.loads(json.dumps(body)), ROOM)
    refused = [str(problem.pointer)[1:] for problem in problems]
    assert sorted([*settings, *refused]) == sorted(body.keys() & DEFAULTS.keys())
