"""Parses fault plans, and follows them: which fault the next request gets.

The package documents the format; `fields` has the bounds. Scripts advance, draws hash the request:
the fault of a request does not depend on timing.
"""

import json
import os
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from hashlib import blake2b
from pathlib import Path
from typing import Any, cast

import attrs

from telnyx_video.sandbox.checks.values import Check
from telnyx_video.sandbox.faults.fields import (
    FAULT_FIELDS,
    POINTS,
    RULE_FIELDS,
    SHORTHANDS,
    Commit,
    Fault,
    check_status,
    listed,
)
from telnyx_video.sandbox.replies import pointer_to
from telnyx_video.sandbox.routes import LIST_OPERATIONS, NAMING_OPERATIONS, OPERATIONS

FaultPlan = Sequence[Mapping[str, object]]
"""The rules of a plan as plain data, in the format that the package documents."""

_Path = tuple[str | int, ...]


@attrs.frozen
class Flaw:
    """One error in a plan."""

    path: _Path
    """Keys and indices from the plan to the error."""
    complaint: str
    """The error, as the end of a sentence that starts with the place."""

    @property
    def pointer(self) -> str:
        """The place as a JSON pointer (RFC 6901)."""
        return pointer_to(*self.path)

    def __str__(self) -> str:
        if not self.path:
            return f"The plan {self.complaint}."
        rule, *inside = self.path
        place = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in inside)
        number = int(rule) + 1
        return f"Rule {number}{': ' if place else ''}{place.removeprefix('.')} {self.complaint}."


class FaultPlanError(ValueError):
    """The plan is invalid; the message has a line for each flaw, with rule and field.

    Attributes:
        flaws: All errors, in the order of the plan.
    """

    def __init__(self, flaws: Sequence[Flaw]) -> None:
        super().__init__(flaws)
        self.flaws: tuple[Flaw, ...] = tuple(flaws)

    def __str__(self) -> str:
        return "\n".join(map(str, self.flaws))


@attrs.frozen
class Rule:
    """Which requests get which faults."""

    on: str
    name: str | None = None
    page: int | None = None
    faults: tuple[Fault | None, ...] = ()
    """The script."""
    repeat: bool = False
    draw: tuple[tuple[Fault, float], ...] = ()
    """Faults with their probabilities."""
    seed: int = 0


def load_faults(path: str | os.PathLike[str]) -> FaultPlan:
    """Read a plan from a file of JSON.

    Returns:
        The plan, as `Sandbox(faults=…)` takes it.

    Raises:
        FaultPlanError: if the file is not JSON, or the plan is invalid.
        OSError: if the file cannot be read.
    """
    try:
        plan: object = json.loads(Path(path).read_bytes())
    except (ValueError, RecursionError) as error:
        raise FaultPlanError([Flaw((), f"is not JSON: {error}")]) from error
    parse_plan(plan)
    return cast("FaultPlan", plan)


def parse_plan(plan: object) -> tuple[Rule, ...]:
    """Return the rules of a plan.

    Raises:
        FaultPlanError: with every flaw of the plan.
    """
    try:
        # The result has plain lists, dicts and finite numbers, and the caller cannot change it.
        data: object = json.loads(json.dumps(plan, allow_nan=False))
    except (TypeError, ValueError, RecursionError) as error:
        raise FaultPlanError([Flaw((), f"is not plain JSON data: {error}")]) from error
    if flaws := list(_flaws_of_plan(data)):
        raise FaultPlanError(flaws)
    return tuple(_rule(rule) for rule in cast("list[dict[str, Any]]", data))


def _flaws_of_plan(plan: object) -> Iterator[Flaw]:
    if not isinstance(plan, list):
        yield Flaw((), "must be a list of rules")
        return
    for index, rule in enumerate(cast("list[object]", plan)):
        if isinstance(rule, dict):
            yield from _flaws_of_rule((index,), cast("dict[str, object]", rule))
        else:
            yield Flaw((index,), "must be an object")


def _flaws_of_fields(
    path: _Path, fields: Mapping[str, object], known: Mapping[str, Check]
) -> Iterator[Flaw]:
    for name, value in fields.items():
        if name not in known:
            yield Flaw((*path, name), f"is not a field; these exist: {listed(known)}")
        elif complaint := known[name](value):
            yield Flaw((*path, name), complaint)


def _flaws_of_rule(path: _Path, rule: Mapping[str, object]) -> Iterator[Flaw]:
    yield from _flaws_of_fields(path, rule, RULE_FIELDS)
    on = rule.get("on")
    if "on" not in rule:
        yield Flaw(path, "must say which requests it is on")
    if ("faults" in rule) == ("draw" in rule):
        yield Flaw(path, "must have either faults, a script, or draw, probabilities")
    for name, needs in (("repeat", "faults"), ("seed", "draw")):
        if name in rule and needs not in rule:
            yield Flaw((*path, name), f"has no effect without {needs}")
    if "name" in rule and on in OPERATIONS and on not in (*NAMING_OPERATIONS, "GET /rooms"):
        yield Flaw((*path, "name"), f"never occurs in {on}")
    if "page" in rule and on not in (*LIST_OPERATIONS, "*"):
        yield Flaw((*path, "page"), "occurs only in lists")
    for place, fault in _faults_in(rule):
        yield from _flaws_of_fault((*path, *place), fault, on)
    if RULE_FIELDS["draw"](rule.get("draw")) is None:
        yield from _flaws_of_draw((*path, "draw"), cast("list[Mapping[str, Any]]", rule["draw"]))


def _faults_in(rule: Mapping[str, object]) -> Iterator[tuple[_Path, object]]:
    """Yield the faults of a rule with their places, as far as they can be parsed."""
    script = rule.get("faults")
    if isinstance(script, list):
        for index, fault in enumerate(cast("list[object]", script)):
            if fault is not None:
                yield ("faults", index), fault
    drawn = rule.get("draw")
    if isinstance(drawn, list):
        for index, entry in enumerate(cast("list[object]", drawn)):
            if isinstance(entry, dict) and "fault" in entry:
                yield ("draw", index, "fault"), cast("dict[str, object]", entry)["fault"]


def _flaws_of_draw(path: _Path, drawn: Sequence[Mapping[str, Any]]) -> Iterator[Flaw]:
    total = sum(entry["probability"] for entry in drawn)
    if total > 1 + 1e-9:  # ten times 0.1 is a little off
        yield Flaw(path, f"has probabilities that add up to {total:g}, more than 1")


def _flaws_of_fault(path: _Path, fault: object, on: object) -> Iterator[Flaw]:
    if isinstance(fault, str) and fault not in SHORTHANDS:
        yield Flaw(path, f"is not a shorthand; these exist: {listed(SHORTHANDS)}")
    elif isinstance(fault, dict):
        fields = cast("dict[str, object]", fault)
        if flaws := list(_flaws_of_fields(path, fields, FAULT_FIELDS)):
            yield from flaws
        else:
            yield from _contradictions(path, fields)
        yield from _list_elsewhere(path, fields, on)
    elif not isinstance(fault, str) and check_status(fault):
        yield Flaw(path, "must be an object, a shorthand or a status from 200 to 999")
    if isinstance(fault, str):
        yield from _list_elsewhere(path, SHORTHANDS.get(fault, {}), on)


def _list_elsewhere(path: _Path, fault: Mapping[str, object], on: object) -> Iterator[Flaw]:
    if "list" in fault and on not in (*LIST_OPERATIONS, "*"):
        yield Flaw(path, "changes a list, so it must be on one, such as GET /rooms, or on *")


def _contradictions(path: _Path, fault: Mapping[str, Any]) -> Iterator[Flaw]:
    """Yield the contradictions between the fields of a fault."""
    if not fault:
        yield Flaw(path, "is empty; null means no fault")
    for name, needs in (("reset", "cut"), ("seconds", "stall")):
        if name in fault and needs not in fault:
            yield Flaw((*path, name), f"has no effect without {needs}")
    cut, stall = fault.get("cut"), fault.get("stall")
    if cut in ("read", "reading") and fault.get("commit", "never") != "never":
        yield Flaw((*path, "commit"), "is impossible: the cut comes before the request is read")
    if stall and cut and POINTS.index(cut) < POINTS.index(stall):
        yield Flaw((*path, "stall"), "never happens: the cut is earlier")
    elif stall and cut and "seconds" not in fault:
        yield Flaw((*path, "cut"), "never happens: the stall has no seconds")
    for name, excluded in (
        ("raw", ("status", "headers", "body", "list", "framing")),
        ("list", ("body",)),
    ):
        for other in excluded:
            if name in fault and other in fault:
                yield Flaw((*path, other), f"cannot be combined with {name}")


def _rule(rule: dict[str, Any]) -> Rule:
    script = [None if fault is None else _fault(fault) for fault in rule.pop("faults", [])]
    drawn = [(_fault(entry["fault"]), entry["probability"]) for entry in rule.pop("draw", [])]
    return Rule(faults=tuple(script), draw=tuple(drawn), **rule)


def _fault(fault: object) -> Fault:
    fields: dict[str, Any]
    if isinstance(fault, dict):
        fields = cast("dict[str, Any]", fault)
        label = " ".join(f"{name}={_label(value)}" for name, value in fields.items())
    else:
        label = str(fault)
        fields = dict(SHORTHANDS[fault]) if isinstance(fault, str) else {"status": fault}
    if str(fields.get("body")).startswith("duplicate"):
        fields = {"status": 422, **fields}
    fields = {"commit": _default_commit(fields), **fields}
    return Fault(label=label, **fields)


def _label(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def _default_commit(fault: Mapping[str, Any]) -> Commit:
    refused = fault.get("status", 200) >= 300
    return "never" if refused or fault.get("cut") in ("read", "reading") else "before"


@attrs.frozen
class Traits:
    """The properties of a request that rules match."""

    operation: str
    """Method and route under the version, such as "GET /rooms/{id}"."""
    name: str | None = None
    """The unique name in the body, or in the filter of a list."""
    page: str = "1"
    """The requested page of a list."""
    content: str = ""
    """Query and body, which distinguish requests without a name."""


class Choice:
    """Follows the rules of a plan from the start. Not thread-safe."""

    def __init__(self, rules: Iterable[Rule]) -> None:
        self._states = [_State(number, rule) for number, rule in enumerate(rules)]

    def needs_body(self, operation: str) -> bool:
        """Return whether choosing a fault for this operation needs the request's body."""
        return any(state.needs_body(operation) for state in self._states)

    def take(self, traits: Traits) -> Fault | None:
        """Return the next fault for this request, and advance the rule."""
        for state in self._states:
            if state.matches(traits):
                decided, fault = state.take(traits)
                if decided:
                    return fault
        return None


class _State:
    """The progress of one rule."""

    def __init__(self, number: int, rule: Rule) -> None:
        self._number = number
        self._rule = rule
        self._taken = 0
        self._seen = Counter[str]()

    def needs_body(self, operation: str) -> bool:
        named = self._rule.name is not None and operation in NAMING_OPERATIONS
        return self._is_on(operation) and (named or bool(self._rule.draw))

    def matches(self, traits: Traits) -> bool:
        rule = self._rule
        return (
            self._is_on(traits.operation)
            and rule.name in (None, traits.name)
            and (rule.page is None or self._is_page(traits))
        )

    def take(self, traits: Traits) -> tuple[bool, Fault | None]:
        """Return whether this rule decides, and its fault."""
        if self._rule.draw:
            fault = self._drawn(traits)
            return fault is not None, fault
        script = self._rule.faults
        if self._taken == len(script):
            return self._rule.repeat, script[-1]
        self._taken += 1
        return True, script[self._taken - 1]

    def _is_on(self, operation: str) -> bool:
        return self._rule.on in ("*", operation)

    def _is_page(self, traits: Traits) -> bool:
        return traits.operation in LIST_OPERATIONS and traits.page == str(self._rule.page)

    def _drawn(self, traits: Traits) -> Fault | None:
        identified_by = ["body", traits.content] if traits.name is None else ["name", traits.name]
        identity = json.dumps([self._rule.seed, self._number, traits.operation, *identified_by])
        key = blake2b(identity.encode(), digest_size=16).hexdigest()
        self._seen[key] += 1
        digest = blake2b(f"{key} {self._seen[key]}".encode(), digest_size=8).digest()
        left = int.from_bytes(digest) / 2**64
        for fault, probability in self._rule.draw:
            if left < probability:
                return fault
            left -= probability
        return None
