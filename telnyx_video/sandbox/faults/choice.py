"""Chooses the fault of a request: scripts advance, draws hash the request. Deterministic."""

import json
from collections import Counter
from collections.abc import Iterable
from hashlib import blake2b

import attrs

from telnyx_video.sandbox.faults.plan import Fault, Rule
from telnyx_video.sandbox.routes import LIST_OPERATIONS, NAMING_OPERATIONS


@attrs.frozen
class Traits:
    """What rules match on."""

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
        """Tell whether choosing a fault for this operation needs the request's body."""
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
