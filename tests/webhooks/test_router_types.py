"""Type checkers compare a handler's parameter with the class that it is registered for.

Each `type: ignore` marks an error that the checkers must find: an unused one is an error itself.
"""

# pyright: reportUnnecessaryTypeIgnoreComment=true

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, assert_type

from telnyx_video.webhooks import (
    Event,
    EventRouter,
    ParticipantLeft,
    SessionEnded,
    SessionStarted,
    WebhookEvent,
)

router = EventRouter()


@router.on(ParticipantLeft)
async def left(event: ParticipantLeft) -> None:
    assert_type(event.payload.duration_secs, float | None)


@router.on(SessionStarted)
def started(event: SessionStarted) -> int:
    return len(event.id)


@router.on(SessionEnded)
def any_event(event: Event) -> str:
    return event.id


@router.default
async def other(event: WebhookEvent) -> None:
    assert_type(event.event_type, str)


if TYPE_CHECKING:
    router.on(SessionStarted)(left)  # type: ignore[arg-type] # its parameter is another class
    router.default(left)  # type: ignore[arg-type] # it does not take every event
    router.on(str)  # type: ignore[type-var] # not a class of events


def test_the_decorated_function_keeps_its_type() -> None:
    """The type checkers check the rest."""
    checked: Callable[[SessionStarted], int] = started
    awaited: Callable[[ParticipantLeft], Awaitable[None]] = left
    assert (checked, awaited) == (started, left)
