"""Our client's part of a run."""

import asyncio
import time
from collections.abc import Mapping, Sequence

from chaos.judging import Answer, Ask
from chaos.serving import API_KEY
from telnyx_video import AsyncRoomsClient, CreateOutcome, CreateRoomRequest, Outcome

BLOCKED_AFTER = 0.4
"""Seconds after which the caller's code blocks the loop."""

BLOCKED_FOR = 1.2
"""How long it does, in time limits of an attempt."""


async def create_all(
    url: str, asked: Sequence[Ask], *, timeout: float, concurrency: int
) -> Mapping[str, Answer]:
    """Create the rooms as one batch, with one blocked loop; return the reported results.

    Args:
        timeout: Seconds for one attempt.
    """
    loop = asyncio.get_running_loop()
    blocking = loop.call_later(BLOCKED_AFTER, time.sleep, BLOCKED_FOR * timeout)
    requests = (CreateRoomRequest(**ask.fields()) for ask in asked)
    async with (
        AsyncRoomsClient(base_url=url, api_key=API_KEY, timeout=timeout) as rooms,
        rooms.stream_many(requests, concurrency=concurrency) as stream,
    ):
        answers = {asked[outcome.index].key: _answer(outcome) async for outcome in stream}
    blocking.cancel()
    return answers


def _answer(outcome: CreateOutcome) -> Answer:
    if outcome.room is not None:
        return Answer("made", outcome.room.id, outcome.recovered, outcome.existed)
    error = outcome.error
    assert error is not None
    why = f"{type(error).__name__} after {outcome.attempts} attempts: {error}"
    match error.outcome:
        case Outcome.NOT_APPLIED:
            return Answer("failed", why=why)
        case Outcome.UNKNOWN:
            return Answer("unknown", why=why)
        case Outcome.APPLIED:
            return Answer("made", why=why)
