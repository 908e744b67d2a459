"""Explores every course of one create with a bounded number of faults: `nox -s model`.

The client is the package's own code. Around it is a model of a server that keeps names unique, of
messages that are lost, late or sent twice, of a rival client, and of a client that crashes and is
started again. All that may happen is tried, up to a number of faults, and each end is checked:

- a name never has two rooms, and a create without a name never makes two;
- ``NOT_APPLIED`` is never said of a create that made a room, or will make one;
- ``APPLIED``, and a room that is returned, are true;
- every create ends.

Not in the model: an intermediary that repeats a create by itself and passes on only the answer to
the repetition. To such an answer, there is no difference from that to a first attempt.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from typing import Literal, assert_never, get_args

import attrs

from execution.model import ASKED, ASKED_NAMELESS, EPOCH, NAME
from telnyx_video import (
    NameTakenError,
    Outcome,
    RateLimitError,
    ResponseDecodeError,
    RetryPolicy,
    Room,
    ServerError,
    TransportError,
    UnprocessableEntityError,
)
from telnyx_video._execution.evidence import ServerProfile
from telnyx_video._execution.reconcile import (
    CreateResult,
    IfExists,
    LookUp,
    Reconciler,
    Send,
    Step,
    Update,
    Wait,
)
from telnyx_video._execution.retry import RetryBudget, RetryState

POLICY = RetryPolicy(attempts=3, deadline=4.0, backoff=0.5, backoff_max=0.5)
EXCHANGE = 0.1
"""Seconds that a request and its reply take."""
MOST_STEPS = 100
"""More than fit into the deadline."""

Owner = Literal["ours", "rival", "other rival"]
PostFate = Literal[
    "answered", "twice", "answer lost", "request lost", "late", "unreadable", "refused", "429"
]
GetFate = Literal["answered", "stale", "lost"]
PatchFate = Literal["answered", "answer lost", "request lost", "429"]


@attrs.frozen
class World:
    """Everything except the client: the server's state, and messages in flight."""

    named: bool
    date_ahead: float
    """Seconds by which ``Date`` is ahead of ``created_at``."""
    vague: bool
    """Whether the refusal of a taken name has no explanation."""
    faults: int
    """Faults that may still happen."""
    now: float = 0.0
    rooms: tuple[Room, ...] = ()
    owners: tuple[Owner, ...] = ()
    late: int = 0
    """Creates that have not arrived yet."""
    rivals: int = 1
    crashes: int = 1

    @property
    def made(self) -> int:
        """How many rooms this create made."""
        return self.owners.count("ours")

    def arrive(self, owner: Owner = "ours") -> World:
        """Let a create arrive."""
        if self.named and self.rooms:
            return self
        room = Room(
            id=f"room-{len(self.rooms)}",
            unique_name=NAME if self.named else None,
            max_participants=50 if owner == "other rival" else 10,
            created_at=EPOCH + timedelta(seconds=self.now),
        )
        return attrs.evolve(self, rooms=(*self.rooms, room), owners=(*self.owners, owner))

    def fault(self) -> World:
        """Count a fault."""
        return attrs.evolve(self, faults=self.faults - 1)

    def around(self) -> Iterator[World]:
        """Events that may happen concurrently with the client, before its next step."""
        yield self
        if not self.faults:
            return
        if self.late:
            yield attrs.evolve(self.fault().arrive(), late=self.late - 1)
        if self.rivals and self.named:
            for owner in ("rival", "other rival"):
                yield attrs.evolve(self.fault().arrive(owner), rivals=self.rivals - 1)


@attrs.frozen
class Node:
    """A moment: the world, the client, and the client's next step."""

    world: World
    client: Reconciler
    step: Step
    steps: int = 0


def explore(
    named: bool, if_exists: IfExists, ahead: float, vague: bool, faults: int
) -> Counter[str]:
    """Explore every course; return how often each end was reached.

    Raises:
        AssertionError: a promise is broken.
    """
    ends: Counter[str] = Counter()
    world = World(named, ahead, vague, faults)
    nodes = [Node(world, _client(world, if_exists), Send())]
    while nodes:
        node = nodes.pop()
        assert node.steps < MOST_STEPS, "a create that never ends"
        if isinstance(node.step, CreateResult):
            _check(node.world, node.step)
            error = node.step.error
            ends["room" if error is None else f"{type(error).__name__} {error.outcome.name}"] += 1
            continue
        for around in node.world.around():
            nodes += _next(node, around)
        if node.world.faults and node.world.crashes and isinstance(node.step, Wait | LookUp):
            nodes.append(_resumed(node))
    return ends


def _client(world: World, if_exists: IfExists, began: float = 0.0) -> Reconciler:
    request = ASKED if world.named else ASKED_NAMELESS
    return Reconciler(
        request, if_exists, RetryState(POLICY, RetryBudget(POLICY.quota), world.now), began
    )


def _resumed(node: Node) -> Node:
    """Crash the client, and resume the create in another run."""
    world = attrs.evolve(node.world.fault(), crashes=node.world.crashes - 1)
    client = _client(world, node.client.if_exists, node.client.began)
    return Node(world, client, client.resumed(), 0)


def _copy(client: Reconciler) -> Reconciler:
    budget = attrs.evolve(client.state.budget)
    state = attrs.evolve(client.state, budget=budget)
    return attrs.evolve(client, state=state, profile=ServerProfile())


def _next(node: Node, world: World) -> Iterator[Node]:
    """Take the step in every possible way."""
    step, steps = node.step, node.steps + 1
    match step:
        case Wait():
            yield Node(
                attrs.evolve(world, now=world.now + step.seconds), node.client, step.then, steps
            )
        case Send():
            for fate in get_args(PostFate) if world.faults else ("answered",):
                client, after = _copy(node.client), world if fate == "answered" else world.fault()
                yield Node(*_post(after, client, fate), steps)
        case LookUp():
            for fate in get_args(GetFate) if world.faults else ("answered",):
                client, after = _copy(node.client), world if fate == "answered" else world.fault()
                yield Node(*_get(after, client, fate), steps)
        case Update():
            for fate in get_args(PatchFate) if world.faults else ("answered",):
                client, after = _copy(node.client), world if fate == "answered" else world.fault()
                yield Node(*_patch(after, client, step.room, fate), steps)
        case CreateResult():
            raise AssertionError("the end has no next step")
        case _:
            assert_never(step)


def _post(world: World, client: Reconciler, fate: PostFate) -> tuple[World, Reconciler, Step]:
    taken = world.named and bool(world.rooms)
    after = attrs.evolve(world, now=world.now + EXCHANGE)
    if fate in ("refused", "429"):
        error = TransportError("no connection") if fate == "refused" else RateLimitError(429)
        return after, client, client.failed(error, after.now, 0.5)
    if fate == "late":
        after = attrs.evolve(after, late=after.late + 1)
    elif fate != "request lost":
        after = after.arrive()
    if fate in ("late", "request lost", "answer lost"):
        error = TransportError("no answer", Outcome.UNKNOWN)
        return after, client, client.failed(error, after.now, 0.5)
    if fate == "twice" and world.named:  # the second one arrives later
        after = attrs.evolve(after, late=after.late + 1)
    if taken:
        refusal = UnprocessableEntityError(422) if world.vague else NameTakenError(422)
        return after, client, client.failed(refusal, after.now, 0.5)
    made = after.rooms[-1]
    if fate == "unreadable":
        unreadable = ResponseDecodeError("unreadable", Outcome.APPLIED, 201, room_id=made.id)
        return after, client, client.failed(unreadable, after.now, 0.5)
    return after, client, client.created(made)


def _get(world: World, client: Reconciler, fate: GetFate) -> tuple[World, Reconciler, Step]:
    after = attrs.evolve(world, now=world.now + EXCHANGE)
    if fate == "lost":
        return after, client, client.look_up_failed(TransportError("lost"), after.now, 0.5)
    date = EPOCH + timedelta(seconds=after.now + world.date_ahead)
    rooms = () if fate == "stale" else after.rooms
    return after, client, client.looked_up(rooms, date, after.now, 0.5)


def _patch(
    world: World, client: Reconciler, room: Room, fate: PatchFate
) -> tuple[World, Reconciler, Step]:
    after = attrs.evolve(world, now=world.now + EXCHANGE)
    if fate in ("answered", "answer lost"):
        rooms = tuple(attrs.evolve(one, max_participants=10) for one in after.rooms)
        after = attrs.evolve(after, rooms=rooms)
    if fate == "answered":
        return after, client, client.updated(after.rooms[0])
    error = ServerError(503) if fate != "429" else RateLimitError(429)
    return after, client, client.update_failed(error, after.now, 0.5)


def _check(world: World, end: CreateResult) -> None:
    """Check an end, now and when all late messages have arrived."""
    resolved = world
    for _ in range(world.late):
        resolved = resolved.arrive()
    assert len(resolved.rooms) <= 1 if world.named else resolved.made <= 1, "two rooms"
    if end.room is not None:
        assert end.room.id in {room.id for room in world.rooms}, "a room that is not there"
        if end.existed and world.date_ahead == 0:
            assert world.made == 0, "a room of ours is said to have existed"
    else:
        assert end.error is not None, "neither a room nor an error"
        if end.error.outcome is Outcome.NOT_APPLIED:
            assert resolved.made == 0, "NOT_APPLIED is said of a room that is there"
        if end.error.outcome is Outcome.APPLIED:
            assert world.made == 1, "APPLIED is said of a room that is not there"


def explore_all(faults: int) -> Counter[str]:
    """Explore every course of every kind of create; return how often each end was reached."""
    total: Counter[str] = Counter()
    for if_exists in get_args(IfExists):
        for ahead in (0.0, 60.0):
            for vague in (False, True):
                total += explore(True, if_exists, ahead, vague, faults)
    return total + explore(False, "error", 0.0, False, faults)


def main() -> None:
    """Explore as the arguments say, and print the ends."""
    parser = argparse.ArgumentParser(prog="model", description=__doc__)
    parser.add_argument("--faults", type=int, default=4, help="at the most in one course")
    ends = explore_all(parser.parse_args().faults)
    lines = [f"{times:>10,}  {end}\n" for end, times in ends.most_common()]
    sys.stdout.writelines([*lines, f"{ends.total():>10,}  courses, and every promise kept\n"])


if __name__ == "__main__":
    main()
