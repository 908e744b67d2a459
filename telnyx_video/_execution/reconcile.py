"""Decides how one create ends, from its first failure on. Pure: no I/O, no clock, no randomness.

The caller reports what happened, when, and passes a random number; the answer is the next step::

    POST failed ──► may it have been applied?
      no  ──────► wait, POST again
      yes ──────► does the request have a name?
            no  ► OutcomeUnknownError, without another POST
            yes ► wait, look the name up
                    found ────► made by us: return it; made before: if_exists decides
                    absent ───► POST again, since the server refuses a second room of the name

The promise: exactly one room for each name, given that the server enforces unique names.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Literal, cast

import attrs

from telnyx_video._base.text import show
from telnyx_video._execution.retry import RetryState, is_transient
from telnyx_video.errors import (
    ApiError,
    ErrorDetail,
    NameTakenError,
    Outcome,
    OutcomeUnknownError,
    TelnyxVideoError,
    TransportError,
    UnprocessableEntityError,
)
from telnyx_video.models import UNSET, CreateRoomRequest, Room

IfExists = Literal["error", "return", "update"]


@attrs.frozen
class Send:
    """Step: POST the request (again)."""


@attrs.frozen
class LookUp:
    """Step: list the rooms of the request's name."""


@attrs.frozen
class Update:
    """Step: PATCH the room that has the name to what was asked."""

    room: Room


@attrs.frozen
class Wait:
    """Step: wait, then take another."""

    seconds: float
    then: Send | LookUp | Update
    error: TelnyxVideoError
    """What failed."""


@attrs.define  # frozen ones are made three times as slowly, and each create makes one
class CreateResult:
    """The end: a room, or the error that tells why there is none, and how it went."""

    room: Room | None = None
    error: TelnyxVideoError | None = None
    """What went wrong, if there is no room."""
    attempts: int = 1
    """How many times the create was tried."""
    recovered: bool = False
    """Made by this call, though its answer was lost: found by looking it up."""
    existed: bool = False
    """Made before this call."""
    differences: tuple[str, ...] = ()
    """Fields in which a room that existed was not as asked."""

    def unwrap(self) -> Room:
        """The room.

        Raises:
            TelnyxVideoError: there is none, for this reason.
        """
        if self.room is None:
            raise cast("TelnyxVideoError", self.error)
        return self.room


Step = Send | LookUp | Update | Wait | CreateResult


CLOCK_SLACK = timedelta(seconds=5)
"""How far the clocks behind ``Date`` and ``created_at`` may differ, being of different machines."""

SHORTEST_LOOK = 0.05
"""Seconds before the deadline in which it is too late for a last look-up."""

LOOK_UPS_FOR_ERROR = 3
"""Look-ups spent on finding the room for a ``NameTakenError``, which is certain without it."""


@attrs.define
class Reconciler:
    """The state of one create after its first failure."""

    request: CreateRoomRequest
    if_exists: IfExists
    attempts: RetryState
    began: float
    """When the create was first sent, on the same clock as all other times."""
    doubt: TelnyxVideoError | None = None
    """The latest failure that leaves open whether the server acted."""
    verdict: ApiError | None = None
    """The server's answer since then, if it is final: the name is taken, or no permission."""
    latest: TelnyxVideoError | None = None
    """How the latest POST failed."""
    look_ups: int = 0
    last_look: bool = False
    """Whether the look-up under way is the one that still fits before the deadline."""
    outdated: tuple[str, ...] = ()
    """Once a room that existed is being updated: the fields in which it differed."""
    updates: int = 0

    def resumed(self) -> Step:
        """An earlier run may have sent the create: find out, before anything is sent."""
        interrupted = TransportError("an earlier run ended before the answer", Outcome.UNKNOWN)
        self.attempts.failed(interrupted)
        self.attempts.uncounted += 1  # it may never have been sent: this run has its own tries
        self.doubt = self.latest = interrupted
        return LookUp() if self._named else self._give_up(interrupted)

    def created(self, room: Room) -> Step:
        """A POST was answered with the room."""
        return CreateResult(room, attempts=self.attempts.sent + 1)

    def failed(self, error: TelnyxVideoError, now: float, random: float) -> Step:
        """A POST failed."""
        self.attempts.failed(error)
        self.latest = error
        if error.outcome is Outcome.APPLIED:
            return self._end(error)
        if error.outcome is Outcome.UNKNOWN:
            self.doubt, self.verdict, self.last_look = error, None, False
            return self._wait(LookUp(), error, now, random) if self._named else self._give_up(error)
        if is_transient(error):
            if self.doubt:
                return self._wait(LookUp(), error, now, random)
            if self.attempts.may_repeat(error):
                return self._wait(Send(), error, now, random)
            return self._give_up(error)
        if isinstance(error, NameTakenError) and self._named:
            self.verdict = error
            return LookUp()
        if self.doubt is None:
            return self._end(error)
        if isinstance(error, ApiError) and _blames_another_field(error):
            # This try was refused; that says little of the earlier one.
            error.outcome = Outcome.UNKNOWN
            return self._end(error)
        if isinstance(error, ApiError):
            self.verdict = error
            return LookUp()
        return self._give_up(error)

    def looked_up(
        self, rooms: Sequence[Room], server_time: datetime | None, now: float, random: float
    ) -> Step:
        """A look-up was answered.

        Args:
            rooms: Those whose name is exactly the one asked for.
            server_time: The server's clock when it answered, if it told.
        """
        self.look_ups += 1
        if len(rooms) > 1:
            error = _two_rooms(self.request, rooms, self.attempts.sent, self.doubt)
            return self._end(error)
        if rooms:
            return self._found(rooms[0], server_time, now)
        if isinstance(self.verdict, NameTakenError):
            return self._look_again(self.verdict, now, random)
        if self.verdict:
            return self._give_up(self.verdict)
        self.outdated = ()  # if there was a room to update, it is gone
        if self.latest is not None and (
            now >= self.attempts.send_until or not self.attempts.may_repeat(self.latest)
        ):
            return self._give_up(self.latest)
        return Send()

    def look_up_failed(self, error: TelnyxVideoError, now: float, random: float) -> Step:
        """A look-up could not be made, or not be read."""
        self.look_ups += 1
        if is_transient(error):
            return self._look_again(error, now, random)
        return self._give_up(error)

    def updated(self, room: Room) -> Step:
        """A PATCH was answered with the room."""
        return self._existed(room, self.outdated)

    def update_failed(
        self, error: TelnyxVideoError, step: Update, now: float, random: float
    ) -> Step:
        """A PATCH failed. It may be repeated, for it says what shall be, not what shall change."""
        self.updates += 1
        if error.outcome is Outcome.UNKNOWN:
            self.doubt = error
            return self._wait(LookUp(), error, now, random)
        if is_transient(error) and self._may_update(error):
            return self._wait(step, error, now, random)
        return self._give_up(error)

    def interrupted(self, error: TelnyxVideoError) -> Step:
        """A step could not be carried out at all: the client was closed."""
        return self._give_up(error)

    @property
    def _named(self) -> bool:
        return self.request.unique_name is not UNSET

    def _found(self, room: Room, server_time: datetime | None, now: float) -> Step:
        differences = differing_fields(self.request, room)
        if self.outdated:
            return self._still_outdated(room) if differences else self._existed(room, self.outdated)
        ours = self.doubt is not None and self._is_ours(room, server_time, now)
        if ours and not differences:
            return CreateResult(room, attempts=self.attempts.sent, recovered=True)
        if self.if_exists == "error":
            outcome = Outcome.UNKNOWN if ours else Outcome.NOT_APPLIED
            refusal = self.verdict if isinstance(self.verdict, NameTakenError) else None
            return self._end(_name_taken(room, differences, refusal, outcome))
        if self.if_exists == "update" and differences:
            self.outdated = differences
            self.verdict = None
            if not ours:
                self.doubt = None  # the room was there: what is open now is the update
            return Update(room)
        return self._existed(room, differences)

    def _still_outdated(self, room: Room) -> Step:
        if self.doubt and not self._may_update(self.doubt):
            return self._give_up(self.doubt)
        return Update(room)

    def _may_update(self, error: TelnyxVideoError) -> bool:
        """Updates have as many tries as creates have."""
        return self.updates < self.attempts.policy.attempts and self.attempts.quota.take(error)

    def _is_ours(self, room: Room, server_time: datetime | None, now: float) -> bool:
        """Whether the room can have been made by this call, judged by the server's own clock."""
        if room.created_at is None or server_time is None:
            return True
        began = server_time - timedelta(seconds=now - self.began)
        return room.created_at >= began - CLOCK_SLACK

    def _wait(
        self, then: Send | LookUp | Update, error: TelnyxVideoError, now: float, random: float
    ) -> Step:
        seconds = self.attempts.wait(error, now, random)
        too_late = isinstance(then, Send) and now + (seconds or 0.0) >= self.attempts.send_until
        if seconds is not None and not too_late:
            return Wait(seconds, then, error)
        left = self.attempts.deadline - now
        in_doubt = self.doubt is not None and isinstance(then, LookUp)
        if in_doubt and left > SHORTEST_LOOK and not self.last_look:
            self.last_look = True
            return Wait(left / 2, then, error)
        return self._give_up(error)

    def _look_again(self, error: TelnyxVideoError, now: float, random: float) -> Step:
        """Look-ups are free of the quota: without them, a lost answer would stay lost."""
        certain = self.doubt is None and self.if_exists == "error"
        if certain and self.look_ups >= LOOK_UPS_FOR_ERROR:
            return self._give_up(error)
        return self._wait(LookUp(), error, now, random)

    def _existed(self, room: Room, differences: tuple[str, ...]) -> CreateResult:
        return CreateResult(
            room, attempts=self.attempts.sent, existed=True, differences=differences
        )

    def _end(self, error: TelnyxVideoError) -> CreateResult:
        return CreateResult(error=error, attempts=self.attempts.sent)

    def _give_up(self, error: TelnyxVideoError) -> CreateResult:
        """No time, tries or sense are left: say what is known, which may be that nothing is."""
        if self.doubt is None:
            return self._end(self.verdict or error)
        unknown = _outcome_unknown(
            self.request, self.attempts.sent, self.doubt, error, updating=bool(self.outdated)
        )
        return self._end(unknown)


def differing_fields(request: CreateRoomRequest, room: Room) -> tuple[str, ...]:
    """The fields that the request sets and in which the room is not as asked."""
    return tuple(
        name
        for name, wanted in request.to_dict().items()
        if _differs(name, wanted, getattr(room, name))
    )


def _differs(name: str, wanted: object, actual: object) -> bool:
    nothing = (None, "")
    if name.startswith("webhook_"):
        return wanted != actual and not (wanted in nothing and actual in nothing)
    # The other fields always have a value: a reply that leaves one out just does not tell it.
    return actual is not None and wanted != actual


def _blames_another_field(error: TelnyxVideoError) -> bool:
    """Whether a 422 is certainly not about the name; the API's wording for that is undocumented."""
    return (
        isinstance(error, UnprocessableEntityError)
        and bool(error.details)
        and all(detail.field not in (None, "unique_name") for detail in error.details)
    )


def _outcome_unknown(
    request: CreateRoomRequest,
    attempts: int,
    doubt: TelnyxVideoError,
    last_error: TelnyxVideoError,
    *,
    updating: bool,
) -> OutcomeUnknownError:
    """The room may exist, and it is too late to find out.

    Args:
        doubt: The failure that left it open.
        updating: Whether it is an update of a room that existed of which nothing is known.
    """
    why = str(doubt).partition(" - ")[0]
    message = _advice(request.unique_name or None, attempts, why, updating=updating)
    return OutcomeUnknownError(message, request, attempts, last_error)


def _advice(name: str | None, attempts: int, why: str, *, updating: bool) -> str:
    times = "once" if attempts == 1 else f"{attempts} times"
    if name is None:
        return (
            f"a room without a name was asked for {times} and may exist ({why}) - it was not "
            "sent again, as that could make a second room: compare list(created_at=...) "
            "first; with a unique_name, or auto_name=True, this can be found out for you"
        )
    if updating:
        return (
            f"room {show(name)} existed, and whether it was updated is unknown ({why}) - "
            'the same create with if_exists="update" can safely be repeated'
        )
    return (
        f"room {show(name)} was asked for {times} and may exist ({why}) - "
        'the same create with if_exists="return" can safely be repeated'
    )


def _name_taken(
    room: Room, differences: Sequence[str], refusal: NameTakenError | None, outcome: Outcome
) -> NameTakenError:
    """A room of the name was there before.

    Args:
        refusal: What the server said to the create, if that is how it is known.
    """
    if refusal is not None:
        return NameTakenError(
            422,
            refusal.details,
            refusal.request_id,
            refusal.rate_limit,
            refusal.body,
            outcome,
            room,
        )
    reason = (
        f"has other settings in {', '.join(differences)}"
        if differences
        else f"was made at {room.created_at}, before this request"
    )
    detail = ErrorDetail(f"room {room.id} has this name and {reason}", pointer="/unique_name")
    return NameTakenError(422, (detail,), outcome=outcome, room=room)


def _two_rooms(
    request: CreateRoomRequest,
    rooms: Sequence[Room],
    attempts: int,
    doubt: TelnyxVideoError | None,
) -> OutcomeUnknownError:
    """Should never be: the server did not keep names unique, so none of them can be chosen."""
    ids = " and ".join(room.id for room in rooms)
    name = "" if request.unique_name is UNSET else request.unique_name
    message = (
        f"{len(rooms)} rooms have the name {show(name)}: {ids} - "
        "the server did not keep it unique; delete all but one, then repeat the create"
    )
    return OutcomeUnknownError(message, request, attempts, doubt)
