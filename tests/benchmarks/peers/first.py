"""Creates one room with a peer and says so: what a program waits for that does nothing else.

Nothing is imported here that a peer could do without, as the time counts from the process's start.
"""

import asyncio
import importlib
import sys
from typing import Any


def main(peer: str, url: str) -> None:
    """Create the room by whichever way the peer has."""
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
