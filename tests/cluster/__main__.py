"""Runs the checks of jobs on a cluster, and prints a line for each."""

import argparse
import sys
import tempfile
import time
import traceback
from pathlib import Path

from cluster.checks import CHECKS, SMALL, Scale

QUICK = ("workers-killed", "answers-lost", "driver-killed")
"""Those of `--small`."""


def main() -> int:
    """Run them; returns 1 if one fails."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--small", action="store_true", help="few rooms, in less than a minute")
    parser.add_argument("--only", action="append", choices=CHECKS, help="what to check")
    arguments = parser.parse_args()
    scale = SMALL if arguments.small else Scale()
    failed = 0
    for name in arguments.only or (QUICK if arguments.small else CHECKS):
        began = time.monotonic()
        with tempfile.TemporaryDirectory() as folder:
            try:
                result = CHECKS[name](Path(folder), scale)
            except Exception:
                traceback.print_exc()
                failed, result = failed + 1, "FAILED"
        print(f"{name:17} {result} [{time.monotonic() - began:.0f} s]", flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
