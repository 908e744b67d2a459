"""Which fault a request meets: scripts go on by one, draws depend on a hash; no clock, no dice."""

import json
from collections import Counter
from collections.abc import Iterable
from hashlib import blake2b

import attrs

from telnyx_video.sandbox.faults.plan import Fault, Rule
from telnyx_video.sandbox.routes import LIST_OPERATIONS, NAMING_OPERATIONS


@attrs.frozen
class Traits:
    """What rules see of a request."""

    operation: str
    """Method and route under the version, such as "GET /rooms/{id}"."""
    name: str | None = None
    """The unique name in the body, or that a list is filtered for."""
    page: str = "1"
    """The page of a list, as it was asked for."""
    content: str = ""
    """What else tells requests apart: query and body."""


class Choice:
    """Walks through the rules of a plan, from their beginning. Not for use by several threads."""

    def __init__(self, rules: Iterable[Rule]) -> None:
        self._states = [_State(number, rule) for number, rule in enumerate(rules)]

    def needs_body(self, operation: str) -> bool:
        """Tell whether the body of such a request has to be known before a fault is chosen."""
        return any(state.needs_body(operation) for state in self._states)

    def take(self, traits: Traits) -> Fault | None:
        """Return the next fault for this request, which uses it up."""
        for state in self._states:
            if state.matches(traits):
                decided, fault = state.take(traits)
                if decided:
                    return fault
        return None


class _State:
    """How far one rule has come."""

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
        """Return whether this rule decides, and for what."""
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
        told_apart_by = ["body", traits.content] if traits.name is None else ["name", traits.name]
        identity = json.dumps([self._rule.seed, self._number, traits.operation, *told_apart_by])
        key = blake2b(identity.encode(), digest_size=16).hexdigest()
        self._seen[key] += 1
        digest = blake2b(f"{key} {self._seen[key]}".encode(), digest_size=8).digest()
        left = int.from_bytes(digest) / 2**64
        for fault, probability in self._rule.draw:
            if left < probability:
                return fault
            left -= probability
        return None
