"""Compares requests and reported results with the rooms that exist. Pure."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Literal

import attrs

_HOOKS = "https://hooks.example.com/"


@attrs.frozen
class Ask:
    """One create, with a unique webhook URL that identifies its rooms."""

    key: str
    named: bool

    @property
    def name(self) -> str:
        """The requested unique name; a server may store it in lower case."""
        return self.key.capitalize()

    def fields(self) -> dict[str, Any]:
        """Return the fields of the request."""
        name = {"unique_name": self.name} if self.named else {}
        return {**name, "webhook_event_url": f"{_HOOKS}{self.key}"}


@attrs.frozen
class Answer:
    """The result that a client reported for a create."""

    said: Literal["made", "failed", "unknown"]
    room_id: str | None = None
    """The room, if the client names one."""
    recovered: bool = False
    """Whether the reply was lost and the room looked up, as reported."""
    existed: bool = False
    """Whether the room existed before, as reported."""
    why: str = ""
    """The error."""


@attrs.frozen
class Breach:
    """One broken promise."""

    kind: Literal["duplicate", "false failure", "false success", "no answer", "stray room"]
    key: str
    why: str


@attrs.define
class Count:
    """The figures of one run, or the sum of several."""

    asked: int = 0
    rooms: int = 0
    duplicates: int = 0
    """Rooms beyond the first of one request."""
    false_failures: int = 0
    """Reported as failed, and the room exists."""
    false_successes: int = 0
    """Reported as made, and the room does not exist, or has another id."""
    unanswered: int = 0
    made: int = 0
    recovered: int = 0
    existed: int = 0
    unknown: int = 0
    unknown_made: int = 0
    """Reported as unknown, and the room exists."""
    not_applied: int = 0
    """Reported as failed, and the room does not exist: a correct report."""
    posts: int = 0
    seconds: float = 0.0
    breaches: list[Breach] = attrs.field(factory=list[Breach])

    def __add__(self, other: "Count") -> "Count":
        names = [field.name for field in attrs.fields(Count)]
        return Count(*(getattr(self, name) + getattr(other, name) for name in names))


def asks(count: int, *, named: bool) -> list[Ask]:
    """Return this many creates."""
    return [Ask(f"room-{number}", named) for number in range(count)]


def judge(
    asked: Sequence[Ask], answers: Mapping[str, Answer], rooms: Iterable[Mapping[str, Any]]
) -> Count:
    """Count the result of each create, and find breaches.

    Args:
        asked: Every create.
        answers: What was said of them, by their keys.
        rooms: Every room that exists, as the server lists it.
    """
    made = defaultdict[str, list[str]](list)
    for room in rooms:
        url = str(room["webhook_event_url"])
        made[url.removeprefix(_HOOKS).removesuffix("/")].append(room["id"])
    count = Count(asked=len(asked), rooms=sum(map(len, made.values())))
    for ask in asked:
        _judge_one(count, ask.key, made.pop(ask.key, []), answers.get(ask.key))
    count.breaches += [Breach("stray room", key, "no call requested it") for key in made]
    kinds = Counter(breach.kind for breach in count.breaches)
    count.false_failures = kinds["false failure"]
    count.false_successes = kinds["false success"]
    count.unanswered = kinds["no answer"]
    return count


def _judge_one(count: Count, key: str, ids: Sequence[str], answer: Answer | None) -> None:
    if len(ids) > 1:
        count.duplicates += len(ids) - 1
        count.breaches.append(Breach("duplicate", key, f"{len(ids)} rooms"))
    if answer is None:
        count.breaches.append(Breach("no answer", key, ""))
        return
    count.recovered += answer.recovered
    count.existed += answer.existed
    match answer.said:
        case "made":
            count.made += 1
            if not ids or answer.room_id not in (None, *ids):
                count.breaches.append(Breach("false success", key, f"reported as {answer.room_id}"))
        case "unknown":
            count.unknown += 1
            count.unknown_made += bool(ids)
        case "failed" if ids:
            count.breaches.append(Breach("false failure", key, answer.why))
        case "failed":
            count.not_applied += 1
