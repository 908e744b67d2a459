"""Creates one room with a peer and prints a line: the latency of a short program.

Imports only what every peer needs, since the time counts from the process's start.
"""

import asyncio
import importlib
import sys
from typing import Any


def main(peer: str, url: str) -> None:
    """Create the room with the peer."""
    creating: Any = importlib.import_module(f"benchmarks.peers.{peer}").creating
    context = creating(url, 1)
    if hasattr(context, "__enter__"):
        with context as create:
            create(0)
            print("created", flush=True)
    else:
        asyncio.run(_create(context))


async def _create(context: Any) -> None:
    async with context as create:
        await create(0)
        print("created", flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
