"""Counts the processor instructions of a create, by our client and by hand.

Valgrind's callgrind counts them, so that the figure does not depend on how busy the machine is:
two counts of one revision differ by less than a percent. Creates run one after the other.
The cost of starting is subtracted by running each peer twice, with different numbers of creates.

``--before FOLDER`` also counts with the package of another checkout, and fails if this one takes
more than 3 % more.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import importlib
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

from benchmarks.measuring.fast_server import serving
from benchmarks.measuring.tables import show

ROOT = Path(__file__).parents[2]
FEW, MANY = 100, 400
"""Creates."""
WARM_UP = 20
AGAINST_BY_HAND = 1.15
AGAINST_BEFORE = 1.03
COUNTED = re.compile(r"Collected : (\d+)")


def main() -> int:
    """Print the table; return 1 if a limit is exceeded."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--before", type=Path, metavar="FOLDER", help="a checkout to compare with")
    parser.add_argument("--child", nargs=3, metavar=("PEER", "URL", "N"), help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.child:
        peer, url, count = arguments.child
        gc.disable()
        asyncio.run(create(peer, url, int(count)))
        return 0
    if arguments.before is not None and not (arguments.before / "telnyx_video").is_dir():
        parser.error(f"--before: {arguments.before} is not a checkout: it has no telnyx_video")
    if shutil.which("valgrind") is None:
        print("skipped: this needs valgrind", file=sys.stderr)
        return 0

    with serving() as server:
        by_hand = instructions("hand_written", server.url, ROOT)
        ours = instructions("ours", server.url, ROOT)
        rows = [row("by hand", by_hand, by_hand), row("ours", ours, by_hand)]
        kept = ours <= AGAINST_BY_HAND * by_hand
        if arguments.before is not None:
            before = instructions("ours", server.url, arguments.before.resolve())
            rows.append(row("ours, before", before, by_hand))
            kept = kept and ours <= AGAINST_BEFORE * before
    show("Instructions of a create", rows)
    return 0 if kept else 1


def row(name: str, count: int, by_hand: int) -> dict[str, object]:
    """Return a row of the table."""
    return {"": name, "instructions": count, "by hand is 1": round(count / by_hand, 3)}


def instructions(peer: str, url: str, checkout: Path) -> int:
    """Return the instructions of one create with the package of a checkout."""
    few, many = (counted(peer, url, count, checkout) for count in (FEW, MANY))
    return round((many - few) / (MANY - FEW))


def counted(peer: str, url: str, count: int, checkout: Path) -> int:
    """Return the instructions of a process for this many creates, including its start."""
    command = ["valgrind", "--tool=callgrind", f"--callgrind-out-file={os.devnull}"]
    command += [sys.executable, "-m", "benchmarks.instructions", "--child", peer, url, str(count)]
    path = os.pathsep.join([str(checkout), str(ROOT / "tests")])
    environment = {**os.environ, "PYTHONPATH": path, "PYTHONHASHSEED": "0"}
    done = subprocess.run(
        command, env=environment, cwd=checkout, stderr=subprocess.PIPE, text=True, check=True
    )
    found = COUNTED.search(done.stderr)
    if found is None:
        raise RuntimeError(f"callgrind printed no count: {done.stderr}")
    return int(found[1])


async def create(peer: str, url: str, count: int) -> None:
    """Create rooms, one after the other."""
    creating: Any = importlib.import_module(f"benchmarks.peers.{peer}").creating
    async with creating(url, 100) as create_one:
        for number in range(WARM_UP + count):
            await create_one(number)


if __name__ == "__main__":
    sys.exit(main())
