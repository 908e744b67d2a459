"""Parsing fault plans: what is accepted, and that one error lists every flaw."""

import json
import re
from pathlib import Path
from typing import Any

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.blocking_driver import on_create
from telnyx_video.sandbox import FaultPlan, FaultPlanError, Sandbox, faults, load_faults
from telnyx_video.sandbox.faults.fields import FAULT_FIELDS, POINTS, RULE_FIELDS, SHORTHANDS, Fault
from telnyx_video.sandbox.faults.plan import Flaw, Rule, parse_plan
from telnyx_video.sandbox.routes import OPERATIONS


def flaws(plan: object) -> list[str]:
    """Return the flaws of a plan as sentences."""
    with pytest.raises(FaultPlanError) as caught:
        parse_plan(plan)
    return str(caught.value).splitlines()


def the_fault(fault: object, on: str = "*") -> Fault:
    """Return a fault as it is parsed."""
    (rule,) = parse_plan([{"on": on, "faults": [fault]}])
    (understood,) = rule.faults
    assert understood is not None
    return understood


def test_an_empty_plan_has_no_rules() -> None:
    """An empty list is a valid plan."""
    assert parse_plan([]) == parse_plan(()) == ()


def test_a_script_and_a_draw_can_be_combined() -> None:
    """A plan has rules of both kinds, in their order."""
    script, drawn = parse_plan(
        [
            {"on": "POST /rooms", "name": "standup", "faults": [503, None], "repeat": True},
            {"on": "*", "draw": [{"fault": "lost", "probability": 0.25}], "seed": 7},
        ]
    )
    assert script == Rule(
        on="POST /rooms", name="standup", faults=(the_fault(503), None), repeat=True
    )
    assert drawn == Rule(on="*", draw=((the_fault("lost"), 0.25),), seed=7)


@pytest.mark.parametrize("name", SHORTHANDS)
def test_each_shorthand_is_a_fault_under_its_name(name: str) -> None:
    """A shorthand means the same as its fields, and is counted by its name."""
    shorthand, spelled_out = the_fault(name), the_fault(SHORTHANDS[name])
    assert shorthand.label == name
    assert attrs.evolve(shorthand, label="") == attrs.evolve(spelled_out, label="")


def test_a_status_is_a_fault() -> None:
    """A number stands for the status, and is counted under it."""
    assert (the_fault(503).status, the_fault(503).label) == (503, "503")


def test_a_fault_without_a_name_is_counted_by_its_fields() -> None:
    """The label shows the fields as they were written."""
    fault = the_fault({"status": 429, "headers": {"Retry-After": "2"}, "commit": "before"})
    assert fault.label == 'status=429 headers={"Retry-After": "2"} commit=before'


@pytest.mark.parametrize(
    ("fault", "commit"),
    [
        ({"cut": "read"}, "never"),
        ({"cut": "reading"}, "never"),
        ({"cut": "reply"}, "before"),
        ({"cut": "reply", "commit": 1.5}, 1.5),
        ({"status": 503}, "never"),
        ({"status": 307}, "never"),
        ({"status": 503, "commit": "before"}, "before"),
        ({"status": 200, "body": "html"}, "before"),
        ({"body": "empty"}, "before"),
        ({"body": "duplicate"}, "never"),
        ({"body": "duplicate", "status": 201}, "before"),
    ],
)
def test_the_commit_has_a_default(fault: object, commit: object) -> None:
    """A request with a status from 300, or cut before it is read, is not committed."""
    assert the_fault(fault).commit == commit


WRONG: list[tuple[object, str]] = [
    ({}, "The plan must be a list of rules."),
    (None, "The plan must be a list of rules."),
    ([7], "Rule 1 must be an object."),
    ([{"faults": [503]}], "Rule 1 must say which requests it is on."),
    (
        [{"on": "*"}],
        "Rule 1 must have either faults, a script, or draw, probabilities.",
    ),
    (
        [{"on": "*", "faults": [503], "draw": [{"fault": 503, "probability": 1}]}],
        "Rule 1 must have either faults, a script, or draw, probabilities.",
    ),
    (
        [{"on": "PUT /rooms", "faults": [503]}],
        f"Rule 1: on must be one of {', '.join(OPERATIONS)}, *.",
    ),
    (
        [{"on": "*", "faults": [503], "times": 2}],
        "Rule 1: times is not a field; these exist: on, name, page, faults, repeat, draw, seed.",
    ),
    (
        [{"on": "*", "faults": []}],
        "Rule 1: faults must be a list of at least one fault.",
    ),
    ([{"on": "*", "faults": [503], "seed": 1}], "Rule 1: seed has no effect without draw."),
    (
        [{"on": "*", "draw": [{"fault": 503, "probability": 1}], "repeat": True}],
        "Rule 1: repeat has no effect without faults.",
    ),
    ([{"on": "*", "faults": [503], "repeat": 1}], "Rule 1: repeat must be true or false."),
    ([{"on": "*", "faults": [503], "name": 1}], "Rule 1: name must be a string."),
    (
        [{"on": "GET /rooms/{id}", "faults": [503], "name": "x"}],
        "Rule 1: name never occurs in GET /rooms/{id}.",
    ),
    (
        [{"on": "POST /rooms", "faults": [503], "page": 2}],
        "Rule 1: page occurs only in lists.",
    ),
    (
        [{"on": "*", "draw": [{"fault": 503, "probability": 1.5}]}],
        'Rule 1: draw must be a list of {"fault": …, "probability": 0 to 1}, at least one.',
    ),
    (
        [{"on": "*", "draw": [503]}],
        'Rule 1: draw must be a list of {"fault": …, "probability": 0 to 1}, at least one.',
    ),
    (
        [{"on": "*", "draw": [{"fault": 503, "probability": 0.6}] * 2}],
        "Rule 1: draw has probabilities that add up to 1.2, more than 1.",
    ),
    (
        [{"on": "*", "draw": [{"fault": None, "probability": 1}]}],
        "Rule 1: draw[0].fault must be an object, a shorthand or a status from 200 to 999.",
    ),
    (
        on_create(True),
        "Rule 1: faults[0] must be an object, a shorthand or a status from 200 to 999.",
    ),
    (
        on_create({}),
        "Rule 1: faults[0] is empty; null means no fault.",
    ),
    (
        on_create({"reset": True, "drip": 1}),
        "Rule 1: faults[0].reset has no effect without cut.",
    ),
    (
        on_create({"seconds": 1}),
        "Rule 1: faults[0].seconds has no effect without stall.",
    ),
    (
        on_create({"cut": "read", "commit": "before"}),
        "Rule 1: faults[0].commit is impossible: the cut comes before the request is read.",
    ),
    (
        on_create({"cut": "reply", "stall": "body"}),
        "Rule 1: faults[0].stall never happens: the cut is earlier.",
    ),
    (
        on_create({"cut": "body", "stall": "reply"}),
        "Rule 1: faults[0].cut never happens: the stall has no seconds.",
    ),
    (
        on_create({"raw": "x", "status": 200}),
        "Rule 1: faults[0].status cannot be combined with raw.",
    ),
    (
        on_create("list_empty"),
        "Rule 1: faults[0] changes a list, so it must be on one, such as GET /rooms, or on *.",
    ),
    (
        on_create({"list": "empty"}),
        "Rule 1: faults[0] changes a list, so it must be on one, such as GET /rooms, or on *.",
    ),
]


@pytest.mark.parametrize(("plan", "expected"), WRONG)
def test_a_flaw_names_its_rule_and_field(plan: object, expected: str) -> None:
    """Each flaw is one sentence that starts with its place."""
    assert flaws(plan) == [expected]


@pytest.mark.parametrize(
    ("field", "value", "complaint"),
    [
        ("commit", "after", "must be before, never or seconds from 0 to 86400"),
        ("commit", -1, "must be before, never or seconds from 0 to 86400"),
        ("status", 199, "must be an integer from 200 to 999"),
        ("status", True, "must be an integer from 200 to 999"),
        ("headers", [], "must be an object of names and values"),
        ("headers", {"a b": "x"}, "has 'a b', which is not a header name"),
        ("list", "all", 'must be {"without_younger_than": seconds} or one of empty, doubled, '),
        ("body", "nothing", 'must be {"json": …}, {"text": …} or one of error, empty, html, '),
        ("body", {"text": 1}, 'must be {"json": …}, {"text": …} or one of error, empty, html, '),
        ("body", {"json": 1, "text": ""}, 'must be {"json": …}, {"text": …} or one of '),
        ("framing", "none", "must be one of length, chunked, close, bad_chunk, two_lengths"),
        ("interim", 101, "must be one of 100, 102, 103"),
        ("interim", 100.0, "must be one of 100, 102, 103"),
        ("raw", "", "must be a string of characters up to U+00FF, at least one"),
        ("raw", "…", "must be a string of characters up to U+00FF, at least one"),
        ("cut", "commit", "must be one of read, reading, reply, status, headers, body, end, next"),
        ("stall", "end", "must be one of read, commit, reply, status, headers, body"),
        ("reset", 0, "must be true or false"),
        ("seconds", "1", "must be a number from 0 to 86400"),
        ("drip", 1e9, "must be a number from 0 to 86400"),
    ],
)
def test_a_flaw_names_the_bounds_of_its_field(field: str, value: object, complaint: str) -> None:
    """A value out of its bounds is answered with the bounds."""
    (flaw,) = flaws([{"on": "*", "faults": [{field: value}]}])
    assert flaw.startswith(f"Rule 1: faults[0].{field} {complaint}")


@pytest.mark.parametrize(
    "value", ["a\r\nb", "…", 1.5, True, [], {}, {"date_in": "1"}, {"size": -1}, {"size": 1, "x": 2}]
)
def test_a_header_that_cannot_be_sent_is_refused(value: object) -> None:
    """A value that would break the head of a reply, or is meaningless, is refused."""
    (flaw,) = flaws(on_create({"headers": {"X-Good": "é", "X-Bad": value}}))
    assert flaw.startswith("Rule 1: faults[0].headers has a value of X-Bad that is not a")


def test_a_flaw_lists_the_known_names() -> None:
    """A misspelled shorthand or field is reported with the known ones."""
    first, second = flaws(on_create("losst", {"cutt": "reply"}))
    assert first.startswith("Rule 1: faults[0] is not a shorthand; these exist: dropped, ")
    assert second.startswith("Rule 1: faults[1].cutt is not a field; these exist: commit, status, ")


def test_one_error_has_every_flaw() -> None:
    """Flaws are in the order of the plan, each with a pointer."""
    plan: FaultPlan = [
        {"on": "*", "faults": [{"cut": "soon", "headers": {"a": "b"}, "a/b~": 1}, 7]},
        {"draw": []},
    ]
    with pytest.raises(FaultPlanError) as caught:
        Sandbox(faults=plan)
    assert [flaw.pointer for flaw in caught.value.flaws] == [
        "/0/faults/0/cut",
        "/0/faults/0/a~1b~0",
        "/0/faults/1",
        "/1/draw",
        "/1",
    ]
    assert len(str(caught.value).splitlines()) == 5


@pytest.mark.parametrize("value", [{1, 2}, float("nan"), float("inf"), b"x"])
def test_a_plan_must_be_json_data(value: object) -> None:
    """A value that JSON cannot represent is refused."""
    (flaw,) = flaws(on_create({"drip": value}))
    assert flaw.startswith("The plan is not plain JSON data: ")


def test_a_cyclic_plan_is_refused() -> None:
    """It does not cause an endless loop."""
    plan: list[object] = []
    plan.append(plan)
    assert flaws(plan)[0].startswith("The plan is not plain JSON data: ")


def test_a_plan_is_read_from_a_file(tmp_path: Path) -> None:
    """The content of the file is returned as `Sandbox` takes it."""
    path = tmp_path / "faults.json"
    path.write_text(json.dumps(on_create("lost", None)))
    assert load_faults(path) == on_create("lost", None)
    assert load_faults(str(path)) == on_create("lost", None)


@pytest.mark.parametrize("content", [b"", b"{", b"\xff", b"[" * 200_000])
def test_a_file_that_is_not_json_is_refused(tmp_path: Path, content: bytes) -> None:
    """The error says that the plan cannot be parsed."""
    path = tmp_path / "faults.json"
    path.write_bytes(content)
    with pytest.raises(FaultPlanError, match=r"^The plan is not JSON: "):
        load_faults(path)


def test_a_file_with_flaws_is_refused(tmp_path: Path) -> None:
    """A plan in a file is checked like any other; a missing file raises OSError."""
    path = tmp_path / "faults.json"
    path.write_text('[{"on": "*", "faults": ["losst"]}]')
    with pytest.raises(FaultPlanError, match=r"^Rule 1: faults\[0\] is not a shorthand"):
        load_faults(path)
    with pytest.raises(FileNotFoundError):
        load_faults(tmp_path / "nothing.json")


def test_the_format_is_documented() -> None:
    """Every field, shorthand and named value is in the documentation."""
    explained = set(re.findall(r"\w+", str(faults.__doc__)))
    assert {*RULE_FIELDS, *FAULT_FIELDS, *SHORTHANDS, *POINTS} - explained == set()


_VOCABULARY = [
    *RULE_FIELDS,
    *FAULT_FIELDS,
    *SHORTHANDS,
    *("POST /rooms", "GET /rooms", "*", "json", "size", "fault", "probability"),
]


def _word(number: int) -> str:
    return _VOCABULARY[number]


# By number: a strategy that lists the words is too long for hypothesis to show.
_WORDS = st.integers(0, len(_VOCABULARY) - 1).map(_word)
_LEAVES = st.none() | st.booleans() | st.integers() | st.floats() | st.text() | _WORDS
_JSON = st.recursive(
    _LEAVES,
    lambda inner: st.lists(inner) | st.dictionaries(_WORDS | st.text(), inner),
    max_leaves=12,
)


@given(_JSON)
def test_any_data_is_a_plan_or_has_flaws(data: object) -> None:
    """Any data is parsed or raises FaultPlanError, and each pointer leads to a value."""
    found: tuple[Flaw, ...] | None = None
    try:
        parse_plan(data)
    except FaultPlanError as error:
        found = error.flaws
    assert found is None or found
    for flaw in found or ():
        place: Any = data
        for step in flaw.path:
            place = place[step]


_VALUES = _LEAVES | st.dictionaries(_WORDS, _LEAVES, max_size=1)
_SCRIPTS = st.lists(st.dictionaries(st.sampled_from([*FAULT_FIELDS]), _VALUES, max_size=3))


@given(_SCRIPTS)
def test_any_script_is_accepted_or_has_flaws(script: list[dict[str, object]]) -> None:
    """The same for data close to a plan."""
    try:
        rules = parse_plan([{"on": "*", "faults": script}])
    except FaultPlanError:
        return
    assert [len(rule.faults) for rule in rules] == [len(script)]
