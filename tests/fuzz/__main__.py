"""Fuzzes one target, guided by coverage: `python -m fuzz TARGET [SECONDS]`, an hour by default.

Needs atheris, and `tests` in `PYTHONPATH`. New inputs are kept in `build/fuzz/TARGET`, and so
is an input that breaks the target. Copy the latter to `corpus/TARGET`, so that the tests replay it.
"""

import sys
from importlib import import_module
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent
LONGEST = 4096  # bytes of an input


def main(target: str, seconds: str = "3600") -> None:
    """Run the target's `check` until it fails or the time is over."""
    atheris: Any = import_module("atheris")
    with atheris.instrument_imports(include=["telnyx_video"]):
        check = import_module(f"fuzz.{target}").check
    found = Path("build", "fuzz", target)
    found.mkdir(parents=True, exist_ok=True)
    options = {
        "artifact_prefix": f"{found}/",
        "dict": FOLDER / "words.dict",
        "max_len": LONGEST,
        "max_total_time": seconds,
    }
    arguments = [f"-{name}={value}" for name, value in options.items()]
    corpora = [str(found), str(FOLDER / "corpus" / target)]
    atheris.Setup([sys.argv[0], *arguments, *corpora], check)
    atheris.Fuzz()


main(*sys.argv[1:])
