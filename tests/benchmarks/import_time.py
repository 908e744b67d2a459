"""Compares the import time of `telnyx_video` with that of aiohttp, which it needs.

Both are imported in fresh processes, alternating so that a busy machine slows both alike; medians
are compared. Fails when ours takes more than 1.2 times as long.
"""

import os
import statistics
import subprocess
import sys
import tempfile

ROUNDS = 25
LIMIT = 1.2  # times the import of aiohttp

TIMED_IMPORT = """
from time import perf_counter
started = perf_counter()
import {module}
print(perf_counter() - started)
"""


def import_seconds(module: str, environment: dict[str, str]) -> float:
    """Return how long a fresh interpreter takes to import the module, in seconds."""
    timed = subprocess.run(
        [sys.executable, "-c", TIMED_IMPORT.format(module=module)],
        env=environment,
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    return float(timed.stdout)


def main() -> int:
    """Print both medians and their ratio; return 1 when the ratio is above the limit."""
    modules = ("aiohttp", "telnyx_video")
    seconds: dict[str, list[float]] = {module: [] for module in modules}
    with tempfile.TemporaryDirectory() as bytecode:
        # Compiling is not measured: the first round, which is not counted, fills this cache for
        # both, whether or not the installer compiled them.
        environment = {**os.environ, "PYTHONPYCACHEPREFIX": bytecode}
        environment.pop("PYTHONDONTWRITEBYTECODE", None)
        for module in modules:
            import_seconds(module, environment)
        for turn in range(ROUNDS):
            for module in modules if turn % 2 else reversed(modules):
                seconds[module].append(import_seconds(module, environment))

    theirs, ours = (statistics.median(seconds[module]) for module in modules)
    ratio = ours / theirs
    print(f"import aiohttp       {theirs * 1000:6.1f} ms  (median of {ROUNDS})")
    print(f"import telnyx_video  {ours * 1000:6.1f} ms  (median of {ROUNDS})")
    print(f"ratio                {ratio:6.2f}     (limit {LIMIT})")
    return 1 if ratio > LIMIT else 0


if __name__ == "__main__":
    sys.exit(main())
