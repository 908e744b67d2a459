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

Claims about a room that is found:

- The name was taken, for certain, only if the first attempt was refused for it (``NOT_APPLIED``).
- After an attempt of unknown outcome, the room may be this call's. Times are a hint: a room that
  seems older is reported with an ``UNKNOWN`` outcome, never as proof that nothing was applied.
- A field that a reply leaves out, or writes in another form, does not show that a room is another.
- A room whose id an earlier call of the client returned as made by it is not made by this call.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final, Literal, cast, get_args

import attrs

from telnyx_video._base.text import one_line, show
from telnyx_video._execution.evidence import (
    ServerProfile,
    differing_fields,
    fold,
    is_same_name,
)
from telnyx_video._execution.retry import RetryState, is_transient
from telnyx_video._wire.failures import blames_only_other_fields
from telnyx_video.errors import (
    ApiError,
    BadRequestError,
    ErrorDetail,
    NameTakenError,
    Outcome,
    OutcomeUnknownError,
    ResponseDecodeError,
    TelnyxVideoError,
    TransportError,
    UnprocessableEntityError,
)
from telnyx_video.models import UNSET, CreateRoomRequest, Room

IfExists = Literal["error", "return", "update"]

IF_EXISTS: Final[tuple[str, ...]] = get_args(IfExists)

MIN_LOOK_UP_TIME: Final = 0.05
"""Seconds before the deadline in which it is too late for a last look-up."""

MAX_LOOK_UPS: Final = 3
"""Look-ups that only complete a result that is certain, or likely, without them."""

FULL_SEARCH: Final = 3
"""Of the look-ups of a name that is taken, the one that lists all rooms."""


@attrs.frozen
class Send:
    """Step: POST the request (again)."""


@attrs.frozen
class LookUp:
    """Step: list the rooms of a name."""

    name: str | None
    """None for all rooms: the server may keep the name in a form that cannot be guessed."""


@attrs.frozen
class Update:
    """Step: PATCH the room that has the name to the requested fields."""

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
    """The end: a room or an error, and how it was reached."""

    room: Room | None = None
    error: TelnyxVideoError | None = None
    """The error, if there is no room."""
    attempts: int = 1
    """How many times the create was sent."""
    recovered: bool = False
    """Made by this call, though its answer was lost: found by looking it up."""
    existed: bool = False
    """Made before this call."""
    differences: tuple[str, ...] = ()
    """Fields in which a room that was found is not as requested."""


Step = Send | LookUp | Update | Wait | CreateResult

_REFUSALS: Final = (BadRequestError, UnprocessableEntityError)
"""Errors that may mean that the name is taken."""


@attrs.define
class Reconciler:
    """The state of one create after its first failure."""

    request: CreateRoomRequest
    if_exists: IfExists
    state: RetryState
    began: float
    """When the create was first sent, on the same clock as all other times."""
    profile: ServerProfile = attrs.Factory(ServerProfile)
    final_error: ApiError | None = None
    """The server's answer since the latest POST of unknown outcome, if it is final: the name is
    taken, or no permission."""
    applied_error: ResponseDecodeError | None = None
    """The reply that says that the room was made, but cannot be read in full."""
    latest_error: TelnyxVideoError | None = None
    """How the latest POST failed."""
    look_ups: int = 0
    searches: int = 0
    """Look-ups since the server said that the name is taken, counting the one that is made."""
    last_look: bool = False
    """Whether the current look-up is the one that still fits before the deadline."""
    outdated: tuple[str, ...] = ()
    """Once a room that existed is being updated: the fields in which it differed."""
    updates: int = 0
    update_error: TelnyxVideoError | None = None
    """How the latest PATCH failed."""
    from_earlier_run: bool = False
    """Whether an earlier run, maybe of this client, began the create."""

    def resumed(self) -> Step:
        """An earlier run may have sent the create: find out before anything is sent."""
        interrupted = TransportError("an earlier run ended before the answer", Outcome.UNKNOWN)
        self.state.record_failure(interrupted)
        self.state.exempt += 1  # it may never have been sent: this run has its own attempts
        self.latest_error = interrupted
        self.from_earlier_run = True
        return self._look_up() if self._named else self._give_up(interrupted)

    def created(self, room: Room) -> Step:
        """A POST was answered with the room."""
        return CreateResult(room, attempts=self.state.sent + 1)

    def failed(self, error: TelnyxVideoError, now: float, random: float) -> Step:
        """A POST failed."""
        self.state.record_failure(error)
        self.latest_error = error
        if error.outcome is Outcome.APPLIED and isinstance(error, ResponseDecodeError):
            self.applied_error = error
            return self._look_up() if self._named else self._end(error)
        if error.outcome is Outcome.UNKNOWN:
            self.final_error, self.last_look = None, False
            if not self._named:
                return self._give_up(error)
            return self._wait(self._look_up(), error, now, random)
        if is_transient(error):
            if self.state.unresolved_error:
                return self._wait(self._look_up(), error, now, random)
            if self.state.may_retry(error):
                return self._wait(Send(), error, now, random)
            return self._give_up(error)
        return self._refused(error)

    def _refused(self, error: TelnyxVideoError) -> Step:
        """A POST failed in a way that another attempt cannot fix."""
        if isinstance(error, _REFUSALS):
            if self._named and not blames_only_other_fields(error.details):
                self.final_error = error
                return self._look_up()
            if self.state.unresolved_error is not None:
                error.outcome = Outcome.UNKNOWN  # this refusal says little of the earlier attempt
            return self._end(error)
        if self.state.unresolved_error is None:
            return self._end(error)
        if isinstance(error, ApiError):
            self.final_error = error
            return self._look_up()
        return self._give_up(error)

    def looked_up(
        self, rooms: Sequence[Room], server_time: datetime | None, now: float, random: float
    ) -> Step:
        """A look-up was answered.

        Args:
            rooms: The rooms that the server listed for the name.
            server_time: The server's clock when it answered, if it gave it.
            now: The time.
            random: A number from 0 up to 1.
        """
        self.look_ups += 1
        exact = [room for room in rooms if room.unique_name == self.request.unique_name]
        if len(exact) > 1:
            return self._end(
                _two_rooms(self.request, exact, self.state.sent, self.state.unresolved_error)
            )
        if exact:
            return self._found(exact[0], server_time, now)
        if self.applied_error is not None:
            return self._look_again(self.applied_error, now, random)
        if isinstance(self.final_error, _REFUSALS):
            similar = [room for room in rooms if is_same_name(self.request, room)]
            for room in similar:
                if self._may_be_ours(room, server_time, now):
                    return self._recovered(room, differing_fields(self.request, room))
            if similar:
                return self._end(
                    _name_folded(self.request, similar[0], self.final_error, self._claim)
                )
            return self._look_again(self.final_error, now, random)
        if self.final_error:
            return self._give_up(self.final_error)
        self.outdated = ()  # if there was a room to update, it is gone
        if self.latest_error is not None and (
            now >= self.state.send_until or not self.state.may_retry(self.latest_error)
        ):
            return self._give_up(self.latest_error)
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

    def update_failed(self, error: TelnyxVideoError, now: float, random: float) -> Step:
        """A PATCH failed. The room is read again before another one."""
        self.updates += 1
        self.update_error = error
        if error.outcome is Outcome.UNKNOWN:
            self.state.unresolved_error = error
        elif not is_transient(error):
            return self._give_up(error)
        return self._wait(self._look_up(), error, now, random)

    def interrupted(self, error: TelnyxVideoError) -> Step:
        """A step could not be carried out: the client was closed, or the room has no usable id."""
        return self._give_up(error)

    @property
    def _named(self) -> bool:
        return self.request.unique_name is not UNSET

    @property
    def _claim(self) -> Outcome:
        """The outcome to report for a create whose name another room seems to have."""
        return Outcome.NOT_APPLIED if self.state.unresolved_error is None else Outcome.UNKNOWN

    def _look_up(self) -> LookUp:
        """Look the name up; once the server says "taken", also in the forms that it may have."""
        name = cast("str", self.request.unique_name)
        if not isinstance(self.final_error, _REFUSALS):
            return LookUp(name)
        self.searches += 1
        if self.searches == FULL_SEARCH:
            return LookUp(None)
        return LookUp(name if self.searches % 2 else fold(name))

    def _may_be_ours(self, room: Room, server_time: datetime | None, now: float) -> bool:
        """Whether a POST of unknown outcome may have made a room, and nothing contradicts it."""
        contradictions = {*self.profile.contradictions(self.request, room)} - {"unique_name"}
        return (
            self.state.unresolved_error is not None
            and not contradictions
            and (self.from_earlier_run or not self.profile.knows(room))
            and self.profile.may_postdate(room, server_time, now - self.began)
        )

    def _found(self, room: Room, server_time: datetime | None, now: float) -> Step:
        differences = differing_fields(self.request, room)
        if self.outdated:
            if self.profile.contradictions(self.request, room):
                return self._still_outdated(room)
            return self._existed(room, self.outdated)
        if self.applied_error is not None:
            if self.applied_error.room_id in (None, room.id):
                return self._recovered(room, differences)
            return self._give_up(self.applied_error)
        if self._may_be_ours(room, server_time, now):
            return self._recovered(room, differences)
        if self.if_exists == "error":
            refusal = self.final_error if isinstance(self.final_error, _REFUSALS) else None
            return self._end(_name_taken(room, differences, refusal, self._claim))
        # Extra fields are not in a room, so they cannot be compared: they are always sent.
        outdated = differences or tuple(self.request.extra or ())
        if self.if_exists == "update" and outdated:
            self.outdated = outdated
            self.final_error = None
            return Update(room)
        return self._existed(room, differences)

    def _still_outdated(self, room: Room) -> Step:
        if self.update_error is not None and not self._may_update(self.update_error):
            return self._give_up(self.update_error)
        return Update(room)

    def _may_update(self, error: TelnyxVideoError) -> bool:
        """Updates have as many attempts as creates have."""
        return self.updates < self.state.policy.attempts and self.state.budget.spend(error)

    def _wait(
        self, then: Send | LookUp | Update, error: TelnyxVideoError, now: float, random: float
    ) -> Step:
        seconds = self.state.wait(error, now, random)
        too_late = isinstance(then, Send) and now + (seconds or 0.0) >= self.state.send_until
        if seconds is not None and not too_late:
            return Wait(seconds, then, error)
        left = self.state.deadline - now
        unresolved = self.state.unresolved_error is not None and isinstance(then, LookUp)
        if unresolved and left > MIN_LOOK_UP_TIME and not self.last_look:
            self.last_look = True
            return Wait(left / 2, then, error)
        return self._give_up(error)

    def _look_again(self, error: TelnyxVideoError, now: float, random: float) -> Step:
        """Look-ups do not use the budget: without them, a lost answer would stay lost."""
        certain = self.applied_error is not None or (
            self.state.unresolved_error is None
            and (self.if_exists == "error" or not isinstance(self.final_error, NameTakenError))
        )
        if certain and self.look_ups >= MAX_LOOK_UPS:
            return self._give_up(error)
        return self._wait(self._look_up(), error, now, random)

    def _recovered(self, room: Room, differences: tuple[str, ...]) -> CreateResult:
        self.profile.remember(room)
        return CreateResult(room, attempts=self.state.sent, recovered=True, differences=differences)

    def _existed(self, room: Room, differences: tuple[str, ...]) -> CreateResult:
        return CreateResult(room, attempts=self.state.sent, existed=True, differences=differences)

    def _end(self, error: TelnyxVideoError) -> CreateResult:
        return CreateResult(error=error, attempts=self.state.sent)

    def _give_up(self, error: TelnyxVideoError) -> CreateResult:
        """No attempt is left or useful: report the known facts."""
        if self.applied_error is not None:
            return self._end(self.applied_error)
        if self.state.unresolved_error is None:
            return self._end(self.final_error or error)
        unknown = _outcome_unknown(
            self.request,
            self.state.sent,
            self.state.unresolved_error,
            error,
            updating=bool(self.outdated),
        )
        return self._end(unknown)


def _outcome_unknown(
    request: CreateRoomRequest,
    attempts: int,
    unresolved_error: TelnyxVideoError,
    last_error: TelnyxVideoError,
    *,
    updating: bool,
) -> OutcomeUnknownError:
    """The room may exist, and it is too late to find out.

    Args:
        unresolved_error: The failure that left it open.
        updating: Whether the unknown outcome is that of an update of a room that existed.
    """
    why = str(unresolved_error).partition(" - ")[0]
    times = "once" if attempts == 1 else f"{attempts} times"
    if not request.unique_name:
        message = (
            f"a room without a name was asked for {times} and may exist ({why}) - it was not "
            "sent again, as that could make a second room: compare list(created_at=...) "
            "first; with a unique_name, or auto_name=True, this can be found out for you"
        )
    elif updating:
        message = (
            f"room {show(request.unique_name)} existed, and whether it was updated is unknown "
            f'({why}) - repeat the create with if_exists="update", which reads the room first'
        )
    else:
        message = (
            f"room {show(request.unique_name)} was asked for {times} and may exist ({why}) - "
            'the same create with if_exists="return" can safely be repeated'
        )
    return OutcomeUnknownError(message, request, attempts, last_error)


def _name_taken(
    room: Room,
    differences: Sequence[str],
    refusal: ApiError | None,
    outcome: Outcome,
) -> NameTakenError:
    """A room of the name was there before, or seems to have been.

    Args:
        room: The room.
        differences: Fields in which it is not as requested.
        refusal: The server's answer to the create, if it refused it.
        outcome: The outcome of this call's own create.
    """
    reason = (
        f"has other settings in {', '.join(differences)}"
        if differences
        else f"was made at {room.created_at}, which seems to be before this request"
    )
    detail = ErrorDetail(
        f"room {one_line(room.id, 200)} has this name and {reason}", pointer="/unique_name"
    )
    if outcome is Outcome.UNKNOWN:
        detail = attrs.evolve(
            detail, detail=f"{detail.detail}; as an answer was lost, it may be this call's own"
        )
    if refusal is None:
        return NameTakenError(422, (detail,), outcome=outcome, room=room)
    return _refusal(
        refusal, room, outcome, () if isinstance(refusal, NameTakenError) else (detail,)
    )


def _name_folded(
    request: CreateRoomRequest, room: Room, refusal: ApiError, outcome: Outcome
) -> NameTakenError:
    """The server treats the name of another room as the same."""
    detail = ErrorDetail(
        f"room {one_line(room.id, 200)} has the name {show(room.unique_name)}, which this server "
        f"does not tell from {show(request.unique_name)}",
        pointer="/unique_name",
    )
    return _refusal(refusal, room, outcome, (detail,))


def _refusal(
    refusal: ApiError,
    room: Room,
    outcome: Outcome,
    details: tuple[ErrorDetail, ...],
) -> NameTakenError:
    return NameTakenError(
        refusal.status,
        details + refusal.details,
        refusal.request_id,
        refusal.rate_limit,
        refusal.body,
        outcome,
        room,
    )


def unaddressable(room: Room) -> ResponseDecodeError:
    """The room that has the name cannot be updated, as its id does not fit into a path."""
    return ResponseDecodeError(
        f"the room of this name has the id {show(room.id)}, which cannot be part of a URL - it was "
        "not updated; report it to Telnyx support"
    )


def _two_rooms(
    request: CreateRoomRequest,
    rooms: Sequence[Room],
    attempts: int,
    unresolved_error: TelnyxVideoError | None,
) -> OutcomeUnknownError:
    """The server did not keep names unique, so none of the rooms can be chosen."""
    ids = " and ".join(room.id for room in rooms)
    name = "" if request.unique_name is UNSET else request.unique_name
    message = (
        f"{len(rooms)} rooms have the name {show(name)}: {ids} - "
        "the server did not keep it unique; delete all but one, then repeat the create"
    )
    return OutcomeUnknownError(message, request, attempts, unresolved_error)
