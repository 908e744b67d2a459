"""The files of measured figures, and their common header."""

import json
import resource
import sys
from pathlib import Path

from benchmarks.measuring.machine import describe

FOLDER = Path(__file__).parents[1] / "results"


def write(path: Path, **content: object) -> None:
    """Write figures as JSON, with the machine."""
    path.parent.mkdir(parents=True, exist_ok=True)
    text = json.dumps({"machine": describe(), **content}, indent=1)
    path.write_text(f"{text}\n", encoding="utf-8")


def peak_mib() -> float:
    """Return the peak of resident memory of this process, in MiB.

    It starts from its parent's peak: a parent that measures children must stay small.
    """
    units_in_mib = 2**20 if sys.platform == "darwin" else 2**10
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / units_in_mib
