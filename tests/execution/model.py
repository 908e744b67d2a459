"""A model of a server and its users: time is a number, and faults are a plan.

What it keeps is what the promises of a create rest on, and nothing else:

- names are unique: refused when a POST arrives, and again when it is applied late;
- ``Date`` and ``created_at`` are at most 5 s apart, being cut to the second counted in;
- the same body is refused for the same field each time;
- a list may lag behind, but shows no room that is gone.

All the rest may go wrong. All times are in seconds from the beginning of the call.
"""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta
from typing import Literal, TypeVar

import attrs

from telnyx_video import (
    ApiError,
    AuthenticationError,
    ConfigurationError,
    CreateRoomRequest,
    ErrorDetail,
    NameTakenError,
    NotFoundError,
    Outcome,
    RateLimit,
    RateLimitError,
    RequestTimeoutError,
    ResponseDecodeError,
    Room,
    ServerError,
    TelnyxVideoError,
    TransportError,
    UnprocessableEntityError,
)

T = TypeVar("T")

NAME = "standup"
ASKED = CreateRoomRequest(unique_name=NAME, max_participants=10)
ASKED_NAMELESS = CreateRoomRequest(max_participants=10)
EPOCH = datetime(2026, 1, 1, tzinfo=UTC)

Answer = Literal[
    "room", "only its id", "lost", "garbled", "502", "409",
    "429", "429 with time", "401", "not connected", "bad certificate",
]  # fmt: skip
GetAnswer = Literal["rooms", "none", "doubled", "503", "lost", "429", "403"]
PatchAnswer = Literal["room", "lost", "503", "429", "401", "not connected"]
DeedKind = Literal["create other", "create same", "delete old", "delete", "change"]

LONG_AGO = 40.0
"""Before the call, by more than clocks may differ: when an older room was made."""

EARLIER = 3.0
"""Before the call: when an earlier run sent its POST."""


@attrs.frozen
class Post:
    """The fate of one POST."""

    answer: Answer = "room"
    commit: float | None = 0.0
    """For an unknown outcome: seconds until it is applied; None for never."""
    latency: float = 0.1
    vague: bool = False
    """Whether the refusal of a taken name has no explanation."""


@attrs.frozen
class Get:
    """The fate of one look-up."""

    answer: GetAnswer = "rooms"
    hides: float = 0.0
    """How far the list lags: younger rooms and younger changes are not in it."""
    latency: float = 0.1


@attrs.frozen
class Patch:
    """The fate of one PATCH."""

    answer: PatchAnswer = "room"
    applied: bool = True
    """For a lost reply."""
    latency: float = 0.1


@attrs.frozen
class Deed:
    """An action of another client on the room of the name."""

    at: float
    what: DeedKind
    """A room is old if it was there before the call."""


@attrs.frozen
class World:
    """Everything that the caller does not control."""

    named: bool = True
    """Whether the requested room has a name."""
    earlier: Post | None = None
    """A POST of an earlier run, whose reply was lost."""
    posts: tuple[Post, ...] = ()
    """The fates of the requests, in order; later requests succeed."""
    gets: tuple[Get, ...] = ()
    patches: tuple[Patch, ...] = ()
    for_ever: bool = False
    """Whether the last of each repeats forever."""
    before: Literal["same", "other"] | None = None
    """The settings of an older room of the name."""
    deeds: tuple[Deed, ...] = ()
    refuses_field: bool = False
    """Whether the server refuses another field of the request."""
    date_skew: float = 0.0
    created_skew: float = 0.0
    tells_date: bool = True
    closes_at: float = math.inf
    """When the client is closed."""


@attrs.define
class Server:
    """The state of the world; each method is one request, and takes time."""

    world: World
    now: float = 0.0
    rooms: list[Room] = attrs.field(factory=list[Room])
    late: list[float] = attrs.field(factory=list[float])
    """When POSTs of this call will be applied."""
    patched_by_us: int = 0
    most_rooms: int = 0
    made: dict[str, bool] = attrs.field(factory=dict[str, bool])
    """Every room that ever existed, and whether a POST of this call made it."""
    posts: int = 0
    gets: int = 0
    patches: int = 0
    _change_before: tuple[float, dict[str, Room]] = (-math.inf, {})
    """When a room was last changed, and its state before."""
    _deeds: list[Deed] = attrs.field(factory=list[Deed])

    def __attrs_post_init__(self) -> None:
        self._deeds = sorted(self.world.deeds, key=lambda deed: deed.at)
        if self.world.before:
            self._make(-LONG_AGO, other=self.world.before == "other", ours=False)
        earlier = self.world.earlier
        if earlier is not None and earlier.commit is not None and not self._refusal(earlier):
            self.late.append(earlier.commit - EARLIER)

    @property
    def made_by_us(self) -> int:
        """How many rooms this call has made."""
        return sum(self.made.values())

    def is_ours(self, room: Room) -> bool:
        """Whether a POST of this call made the room."""
        return self.made[room.id]

    def post(self, until: float) -> Room:
        """Handle a POST."""
        plan = _fate(self.world.posts, self.posts, self.world.for_ever, Post())
        self._check_open()
        self.posts += 1
        self.advance(self.now)
        answer, commit = plan.answer, plan.commit
        if answer in ("not connected", "bad certificate"):
            self._pass(plan.latency, until, Outcome.NOT_APPLIED)
            raise TransportError("no connection", retryable=answer == "not connected")
        refusal = self._refusal(plan)
        made = None
        if refusal is None:
            if answer in ("room", "only its id") or commit == 0:
                made = self._make(self.now, other=False, ours=True)
            elif commit is not None:
                self.late.append(self.now + commit)
        self._pass(plan.latency, until, Outcome.UNKNOWN)
        if (error := _unsure(answer)) is not None:
            raise error
        if refusal is not None:
            raise refusal
        assert made is not None
        if answer == "only its id":
            raise ResponseDecodeError("unreadable", Outcome.APPLIED, 201, room_id=made.id)
        return made

    def get(self, until: float) -> tuple[list[Room], datetime | None]:
        """Handle a look-up."""
        plan = _fate(self.world.gets, self.gets, self.world.for_ever, Get())
        self._check_open()
        self.gets += 1
        self.advance(self.now)
        rooms = self._as_listed(self.now - plan.hides)
        date = EPOCH + timedelta(seconds=math.floor(self.now + self.world.date_skew))
        self._pass(plan.latency, until, Outcome.NOT_APPLIED)
        match plan.answer:
            case "503":
                raise ServerError(503, outcome=Outcome.NOT_APPLIED)
            case "lost":
                raise TransportError("the look-up was lost")
            case "429":
                raise RateLimitError(429, outcome=Outcome.NOT_APPLIED)
            case "403":
                raise ApiError(403, outcome=Outcome.NOT_APPLIED)
            case "none":
                rooms = []
            case "doubled":
                rooms += [attrs.evolve(room, id=f"{room.id}-twin") for room in rooms]
            case "rooms":
                pass
        return rooms, date if self.world.tells_date else None

    def patch(self, room: Room, until: float) -> Room:
        """Handle a PATCH."""
        plan = _fate(self.world.patches, self.patches, self.world.for_ever, Patch())
        self._check_open()
        self.patches += 1
        self.advance(self.now)
        if plan.answer == "not connected":
            self._pass(plan.latency, until, Outcome.NOT_APPLIED)
            raise TransportError("no connection")
        target = next((held for held in self.rooms if held.id == room.id), None)
        applies = plan.answer == "room" or (plan.answer in ("lost", "503") and plan.applied)
        if target is not None and applies and not self.world.refuses_field:
            self._change(10)
            self.patched_by_us += 1
        self._pass(plan.latency, until, Outcome.UNKNOWN)
        match plan.answer:
            case "lost":
                raise TransportError("the answer was lost", Outcome.UNKNOWN)
            case "503":
                raise ServerError(503)
            case "429":
                raise RateLimitError(429)
            case "401":
                raise AuthenticationError(401)
            case "room":
                pass
        if self.world.refuses_field:
            raise _field_refused()
        if target is None:
            raise NotFoundError(404)
        return attrs.evolve(target, max_participants=10)

    def sleep(self, seconds: float) -> None:
        """Wait, unless the client is closed first."""
        until = min(self.now + seconds, max(self.now, self.world.closes_at))
        self.advance(until)
        self._check_open()

    def advance(self, until: float) -> None:
        """Advance the time: late POSTs and the actions of others are applied at their times."""
        while True:
            deed = self._deeds[0].at if self._deeds else math.inf
            late = min(self.late, default=math.inf)
            if min(deed, late) > until:
                break
            if late <= deed:
                self.late.remove(late)
                if not (self.world.named and self.rooms):
                    self._make(late, other=False, ours=True)
            else:
                self._do(self._deeds.pop(0))
        self.now = max(self.now, until)

    def _do(self, deed: Deed) -> None:
        match deed.what:
            case "delete":
                self.rooms.clear()
            case "delete old":
                self.rooms = [room for room in self.rooms if self._made_at(room) > -LONG_AGO]
            case "change":
                self._change(50)
            case _ if not self.rooms:
                self._make(deed.at, other=deed.what == "create other", ours=False)
            case _:
                pass

    def _make(self, at: float, *, other: bool, ours: bool) -> Room:
        created = EPOCH + timedelta(seconds=at + self.world.created_skew)
        room = Room(
            id=f"room-{len(self.made) + 1}",
            unique_name=NAME if self.world.named else None,
            max_participants=50 if other else 10,
            created_at=created.replace(microsecond=0),
        )
        self.rooms.append(room)
        self.made[room.id] = ours
        self.most_rooms = max(self.most_rooms, len(self.rooms))
        return room

    def _as_listed(self, up_to: float) -> list[Room]:
        changed_at, unchanged = self._change_before
        rooms = [room for room in self.rooms if self._made_at(room) <= up_to]
        if changed_at <= up_to:
            return rooms
        return [unchanged.get(room.id, room) for room in rooms]

    def _change(self, max_participants: int) -> None:
        self._change_before = self.now, {room.id: room for room in self.rooms}
        self.rooms = [attrs.evolve(room, max_participants=max_participants) for room in self.rooms]

    def _made_at(self, room: Room) -> float:
        assert room.created_at is not None
        return (room.created_at - EPOCH).total_seconds() - self.world.created_skew

    def _refusal(self, plan: Post) -> ApiError | None:
        """How the server refuses a POST, whether or not the reply arrives."""
        match plan.answer:
            case "429":
                return RateLimitError(429)
            case "429 with time":
                return RateLimitError(429, rate_limit=RateLimit(retry_after=2.0))
            case "401":
                return AuthenticationError(401)
            case _ if self.world.refuses_field:
                return _field_refused()
            case _ if self.world.named and self.rooms:
                return UnprocessableEntityError(422) if plan.vague else NameTakenError(422)
            case _:
                return None

    def _pass(self, latency: float, until: float, outcome: Outcome) -> None:
        """Let a request take its time, which a limit or the closing of the client may cut."""
        # A transport tries even if no time is left.
        limit = max(until, self.now + 0.001)
        end = self.now + latency
        self.advance(min(end, limit, max(self.now, self.world.closes_at)))
        if end > min(limit, self.world.closes_at):
            error = RequestTimeoutError if limit < self.world.closes_at else TransportError
            raise error("cut short", outcome)

    def _check_open(self) -> None:
        if self.now >= self.world.closes_at:
            raise ConfigurationError("this client is closed")


def _unsure(answer: Answer) -> TelnyxVideoError | None:
    match answer:
        case "lost":
            return TransportError("the answer was lost", Outcome.UNKNOWN)
        case "garbled":
            return ResponseDecodeError("unreadable", Outcome.UNKNOWN, 201)
        case "502":
            return ServerError(502)
        case "409":
            return ApiError(409)
        case _:
            return None


def _field_refused() -> ApiError:
    detail = ErrorDetail("not a URL", pointer="/webhook_event_url")
    return UnprocessableEntityError(422, (detail,))


def _fate(plans: tuple[T, ...], index: int, for_ever: bool, otherwise: T) -> T:
    if index < len(plans):
        return plans[index]
    return plans[-1] if plans and for_ever else otherwise
