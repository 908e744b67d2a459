"""The outcomes of a batch, taken to its end."""

import asyncio

from support.background import SOON
from telnyx_video.batch import CreateOutcome, OutcomeStream


async def take(stream: OutcomeStream) -> list[CreateOutcome]:
    """Return all outcomes in the order in which they come."""
    async with asyncio.timeout(SOON), stream:
        return [outcome async for outcome in stream]


def indexes(outcomes: list[CreateOutcome]) -> list[int]:
    """Return the places of the outcomes' requests in the input."""
    return [outcome.index for outcome in outcomes]
