"""The cost of a create with our client, with others, and with a loop written by hand.

Each contestant creates rooms for a second, in a fresh process on one core; a server of minimal cost
answers from another core. The contestants alternate in rounds, so that a busy machine slows all of
them alike, and medians are compared. Prints a table, writes every run to a
JSON file and a picture, and fails when a bound is missed.

For a quick comparison: ``--only hand-written,ours --loops asyncio --rounds 9``.
"""

import argparse
import sys
from pathlib import Path
from typing import get_args

import attrs

from benchmarks.measuring import contest, results
from benchmarks.measuring.fast_server import serving
from benchmarks.measuring.loops import Loop
from benchmarks.measuring.machine import describe

# This process imports nothing large before the end: a child's peak of memory starts from its
# parent's.


BUSY = 0.9
"""The least share of its core that a client gets on an idle machine."""


def main() -> int:
    """Run the rounds; return 1 when a bound is missed."""
    arguments = _arguments()
    pairs: list[tuple[Loop, contest.Contestant]] = [
        (loop, one)
        for loop in arguments.loops
        for one in contest.CONTESTANTS
        if one.name in arguments.only.split(",") and loop in one.loops
    ]
    runs: list[contest.Run] = []
    with serving() as server:
        for number in range(arguments.rounds):
            for loop, one in pairs if number % 2 else reversed(pairs):
                runs.append(contest.run_once(server, one, loop, seconds=arguments.seconds))
            print(f"round {number + 1} of {arguments.rounds} done", file=sys.stderr)
    summary = contest.summary(runs)
    bounds = contest.judge(runs)
    _tell(runs, summary, bounds)
    each = [attrs.asdict(run) for run in runs]
    results.write(arguments.json, summary=summary, bounds=bounds, runs=each)

    from benchmarks.measuring import drawing

    drawing.draw_comparison(summary, arguments.picture)
    return 1 if any(not bound["kept"] for bound in bounds) else 0


def _tell(
    runs: list[contest.Run], summary: list[dict[str, object]], bounds: list[dict[str, object]]
) -> None:
    from benchmarks.measuring.tables import show

    show("A create, by medians", summary)
    if bounds:
        show("What has to hold", bounds)
    most, fastest = contest.ceiling(runs)
    print(
        f"The server could answer {most:,.0f} creates a second on its core; the fastest run, "
        f"{fastest.contestant} on {fastest.loop}, made {fastest.rate:,.0f} "
        f"({fastest.rate / most:.0%} of that)."
    )
    got = contest.share_of_core(runs)
    if got < BUSY:
        print(
            f"The clients got {got:.0%} of their core: something else ran on it, so rates are "
            "too low. Processor time and memory are right."
        )
    print(", ".join(f"{name} {value}" for name, value in describe().items()))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    everyone = ",".join(one.name for one in contest.CONTESTANTS)
    parser.add_argument("--only", default=everyone, help=f"some of {everyone}")
    parser.add_argument("--loops", nargs="+", choices=get_args(Loop), default=get_args(Loop))
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=1.0, help="of one run")
    parser.add_argument("--json", type=Path, default=results.FOLDER / "compare.json")
    parser.add_argument("--picture", type=Path, default=results.FOLDER / "performance.svg")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
