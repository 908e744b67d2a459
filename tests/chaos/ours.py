"""Our client's part of a run."""

from collections.abc import Mapping, Sequence

from chaos.judging import Answer, Ask
from chaos.serving import API_KEY
from telnyx_video import AsyncRoomsClient, CreateOutcome, CreateRoomRequest, Outcome


async def create_all(
    url: str, asked: Sequence[Ask], *, timeout: float, concurrency: int
) -> Mapping[str, Answer]:
    """Make the rooms as one batch, and return what it says of each.

    Args:
        timeout: Seconds for one attempt.
    """
    requests = (CreateRoomRequest(**ask.fields()) for ask in asked)
    async with (
        AsyncRoomsClient(base_url=url, api_key=API_KEY, timeout=timeout) as rooms,
        rooms.stream_many(requests, concurrency=concurrency) as stream,
    ):
        return {asked[outcome.index].key: _answer(outcome) async for outcome in stream}


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
