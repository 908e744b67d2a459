"""The official SDK's part of a run, with its default retries."""

import asyncio
from collections.abc import Mapping, Sequence

import telnyx

from chaos.judging import Answer, Ask
from chaos.serving import API_KEY

NAME = f"telnyx {telnyx.__version__}"

DEADLINE = 60.0  # seconds for one create, with its retries: as long as our policy's


async def create_all(
    url: str, asked: Sequence[Ask], *, timeout: float, concurrency: int
) -> Mapping[str, Answer]:
    """Create the rooms with this concurrency, and return the reported results.

    Args:
        timeout: Seconds for one attempt.
    """
    answers: dict[str, Answer] = {}
    waiting = iter(asked)
    async with telnyx.AsyncTelnyx(api_key=API_KEY, base_url=url, timeout=timeout) as client:

        async def work() -> None:
            for ask in waiting:
                answers[ask.key] = await _create(client, ask)

        async with asyncio.TaskGroup() as group:
            for _ in range(concurrency):
                group.create_task(work())
    return answers


async def _create(client: telnyx.AsyncTelnyx, ask: Ask) -> Answer:
    try:
        async with asyncio.timeout(DEADLINE):
            reply = await client.rooms.create(**ask.fields())
    except Exception as error:  # any exception reports a failure to the caller
        return Answer("failed", why=f"{type(error).__name__}: {error}")
    room_id = getattr(getattr(reply, "data", None), "id", None)
    return Answer("made", None if room_id is None else str(room_id))
