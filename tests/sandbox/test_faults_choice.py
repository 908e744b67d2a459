"""Which request gets which fault: scripts in order, draws by a hash."""

import random
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from telnyx_video.sandbox.faults.plan import Choice, Traits, parse_plan

CREATE = Traits("POST /rooms")


def create(name: str | None = None, content: str = "") -> Traits:
    """Return the traits of a create."""
    return Traits("POST /rooms", name=name, content=content)


def labels(choice: Choice, *requests: Traits) -> list[str | None]:
    """Return the faults of successive requests."""
    return [None if fault is None else fault.label for fault in map(choice.take, requests)]


def choosing(*rules: object) -> Choice:
    """Return a choice that follows these rules."""
    return Choice(parse_plan(list(rules)))


def test_a_script_is_followed_once_in_order() -> None:
    """Each matching request uses one entry; null, and the end of the script, mean no fault."""
    choice = choosing({"on": "POST /rooms", "faults": [503, None, "lost"]})
    assert labels(choice, *[CREATE] * 5) == ["503", None, "lost", None, None]


def test_the_last_fault_of_a_script_can_be_repeated() -> None:
    """With repeat, the last entry stays forever."""
    choice = choosing({"on": "POST /rooms", "faults": ["lost", 503], "repeat": True})
    assert labels(choice, *[CREATE] * 4) == ["lost", "503", "503", "503"]


@pytest.mark.parametrize(
    ("on", "matched"),
    [
        ("POST /rooms", [True, False, False, False, False, False]),
        ("GET /rooms", [False, True, False, False, False, False]),
        ("GET /rooms/{id}", [False, False, True, False, False, False]),
        ("PATCH /rooms/{id}", [False, False, False, True, False, False]),
        ("DELETE /rooms/{id}", [False, False, False, False, True, False]),
        ("*", [True] * 6),
    ],
)
def test_a_rule_is_on_one_operation_or_on_all(on: str, matched: list[bool]) -> None:
    """Only requests for its operation get its faults; "*" is every operation."""
    choice = choosing({"on": on, "faults": [503], "repeat": True})
    operations = [
        "POST /rooms",
        "GET /rooms",
        "GET /rooms/{id}",
        "PATCH /rooms/{id}",
        "DELETE /rooms/{id}",
        "GET /nowhere",
    ]
    assert [choice.take(Traits(operation)) is not None for operation in operations] == matched


def test_a_name_is_matched_exactly() -> None:
    """Only requests with exactly this name match, case included."""
    choice = choosing({"on": "*", "name": "a", "faults": [503]})
    requests = [create(), create("A"), create("ab"), Traits("GET /rooms", name="a")]
    assert labels(choice, *requests, create("a")) == [None, None, None, "503", None]


def test_a_page_is_matched_in_lists_only() -> None:
    """Other pages, and operations that are not lists, get no fault."""
    choice = choosing({"on": "*", "page": 2, "faults": [503]})
    requests = [Traits("GET /rooms"), Traits("POST /rooms", page="2")]
    assert labels(choice, *requests, Traits("GET /rooms", page="2")) == [None, None, "503"]


def test_the_first_rule_with_an_entry_decides() -> None:
    """A null decides too; a rule that is used up, or draws no fault, does not."""
    choice = choosing(
        {"on": "POST /rooms", "faults": [None, 500]},
        {"on": "*", "draw": [{"fault": "lost", "probability": 0}]},
        {"on": "*", "faults": [502, 503]},
    )
    assert labels(choice, *[CREATE] * 5) == [None, "500", "502", "503", None]


def test_the_body_is_read_only_for_names_and_draws() -> None:
    """A script on everything, and rules on lists, do not need it."""
    assert not choosing({"on": "*", "faults": [503]}).needs_body("POST /rooms")
    named = choosing({"on": "*", "name": "a", "faults": [503]})
    assert named.needs_body("POST /rooms")
    assert not named.needs_body("GET /rooms")
    assert not named.needs_body("DELETE /rooms/{id}")
    drawing = choosing({"on": "POST /rooms", "draw": [{"fault": 503, "probability": 1}]})
    assert drawing.needs_body("POST /rooms")
    assert not drawing.needs_body("PATCH /rooms/{id}")


DRAW = {
    "on": "POST /rooms",
    "draw": [{"fault": "lost", "probability": 0.2}, {"fault": 503, "probability": 0.1}],
}


def test_faults_are_drawn_with_their_probabilities() -> None:
    """Over many names the shares are those of the plan."""
    drawn = Counter(labels(choosing(DRAW), *(create(f"room-{n}") for n in range(10_000))))
    assert drawn.keys() == {"lost", "503", None}
    assert 1800 < drawn["lost"] < 2200
    assert 900 < drawn["503"] < 1100


def test_certain_faults_are_always_drawn() -> None:
    """Probabilities that add up to 1, up to rounding, always draw a fault."""
    ten = [{"fault": 503, "probability": 0.1}] * 10
    assert None not in labels(choosing({"on": "*", "draw": ten}), *[CREATE] * 500)


@given(
    st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from(["", "x"])), max_size=40),
    st.integers(0, 5),
    st.randoms(use_true_random=False),
)
def test_draws_do_not_depend_on_timing(
    sent: list[tuple[str, str]], seed: int, order: random.Random
) -> None:
    """In any interleaving, the n-th request of a name, or of a body, draws the same."""
    requests = [create(name if name != "c" else None, content) for name, content in sent]
    shuffled = order.sample(requests, len(requests))

    def drawn(requests: list[Traits]) -> dict[str, list[str | None]]:
        choice = choosing({**DRAW, "seed": seed})
        found: dict[str, list[str | None]] = {}
        for request in requests:
            key = request.name or f"body {request.content}"
            found.setdefault(key, []).extend(labels(choice, request))
        return found

    assert drawn(requests) == drawn(shuffled)


def test_each_request_of_a_name_is_another_draw() -> None:
    """A name that drew a fault once may draw none the next time, and vice versa."""
    assert set(labels(choosing(DRAW), *[create("a")] * 100)) == {"lost", "503", None}


def test_another_seed_draws_other_faults() -> None:
    """The default seed is 0; rules with one seed draw independently."""
    requests = [create(f"room-{n}") for n in range(200)]
    first = labels(choosing(DRAW), *requests)
    assert first == labels(choosing({**DRAW, "seed": 0}), *requests)
    assert first != labels(choosing({**DRAW, "seed": 1}), *requests)
    idle = {"on": "GET /rooms", "faults": [503]}
    assert first != labels(choosing(idle, DRAW), *requests)


def test_a_name_with_a_lone_surrogate_can_be_drawn_for() -> None:
    """JSON can contain lone surrogates; such a name gets faults like any other."""
    always = {"on": "*", "draw": [{"fault": 503, "probability": 1}]}
    assert labels(choosing(always), create("\ud800")) == ["503"]
