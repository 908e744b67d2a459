"""Creates rooms on a faulty server, and counts the results: `nox -s chaos`.

For each seed, half of the creates have a name and half have none; each half uses a fresh server in
its own process. Fails if our client made a duplicate, reported a failure for a room that
exists or a success for one that does not, or left a create without an answer.
"""

import argparse
import sys
import time
from collections.abc import Mapping, Sequence

from chaos import ours, plans
from chaos.judging import Count, asks
from chaos.runs import CreateAll, run
from chaos.tables import CHAOS, LOST_ANSWERS, OURS, Column, Figure, table

THEIRS = "official"

Clients = Mapping[str, CreateAll]
Columns = dict[Column, Count]


def main() -> int:
    """Run the experiments selected by the arguments; return 1 if a promise was broken."""
    arguments = _arguments()
    began = time.monotonic()
    clients = _clients(with_official=not arguments.without_official)
    if arguments.experiment == "lost-answers":
        columns = lost_answers(clients, arguments.seeds, arguments.creates or 1000)
    else:
        columns = chaos(clients, arguments.seeds, arguments.creates or 10_000, arguments.rate)
    broken = [
        count for column, count in columns.items() if column.client == OURS and count.breaches
    ]
    summary = "Ours broke a promise, see above." if broken else "Ours kept every promise."
    print(f"\n{summary} ({time.monotonic() - began:.0f} s)")
    return 1 if broken else 0


def chaos(clients: Clients, seeds: Sequence[int], creates: int, rate: float) -> Columns:
    """Print a table for each seed and one of all; return the figures of all."""
    print(
        f"{creates} creates a seed, half of them named; faults on {rate:.0%} of the requests,\n"
        "and an outage of 1 s; 100 at a time; 2 s for an attempt, all else by default.\n"
        "With even seeds the server keeps names in lower case and URLs with a slash."
    )
    total = Columns()
    for seed in seeds:
        columns, normalising = Columns(), seed % 2 == 0
        for named in (True, False):
            asked = asks(creates // 2, named=named)
            names = [ask.name for ask in asked if named]
            plan = plans.chaos(seed, rate, names, normalising=normalising)
            for client, create_all in clients.items():
                count, stories = run(
                    create_all,
                    asked,
                    plan,
                    latest_commit=plans.LATEST_COMMIT,
                    outage_after=plans.OUTAGE_AFTER,
                    normalising=normalising,
                )
                columns[Column(client, named)] = count
                _tell(client, stories)
        kept = ", normalised" if normalising else ""
        _add(total, columns, f"seed {seed}{kept}", CHAOS)
    if len(seeds) > 1:
        print(f"\n{table('all seeds', CHAOS, total)}")
    return total


def lost_answers(clients: Clients, seeds: Sequence[int], creates: int) -> Columns:
    """Print the table of the plain experiment for each seed; return the figures of all."""
    print(
        "The server loses 20 % of the answers after committing, and answers 10 % with\n"
        "429 and 5 % with 503; 100 at a time; 2 s for an attempt, all else by default."
    )
    total = Columns()
    for seed in seeds:
        columns = Columns()
        for named in (True, False):
            for client, create_all in clients.items():
                asked = asks(creates, named=named)
                count, stories = run(create_all, asked, plans.lost_answers(seed))
                columns[Column(client, named)] = count
                _tell(client, stories)
        _add(total, columns, f"seed {seed}", LOST_ANSWERS)
    return total


def _add(
    total: Columns, columns: Columns, title: str, figures: Sequence[tuple[str, Figure]]
) -> None:
    print(f"\n{table(title, figures, columns)}", flush=True)
    for column, count in columns.items():
        total[column] = total.get(column, Count()) + count


def _tell(client: str, stories: Sequence[str]) -> None:
    """Print every breach of our client, and one example of each kind of another client's."""
    if client != OURS:
        stories = list({story.partition(":")[0]: story for story in reversed(stories)}.values())
    for story in stories:
        print(f"\n{client}, {story}", file=sys.stderr, flush=True)


def _clients(*, with_official: bool) -> Clients:
    clients: dict[str, CreateAll] = {OURS: ours.create_all}
    if with_official:
        # Imported here because it is optional.
        from chaos import official

        print(f"official: {official.NAME}")
        clients[THEIRS] = official.create_all
    return clients


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="chaos", description=__doc__)
    parser.add_argument("--seeds", type=_numbers, default=[1, 2, 3], help="such as 1,2,3")
    parser.add_argument("--creates", type=int, help="for each seed; by default 10000, or 1000")
    parser.add_argument("--rate", type=float, default=0.3, help="share of requests with a fault")
    parser.add_argument("--without-official", action="store_true", help="ours only")
    parser.add_argument("--experiment", choices=["chaos", "lost-answers"], default="chaos")
    return parser.parse_args()


def _numbers(text: str) -> list[int]:
    return [int(number) for number in text.split(",")]


if __name__ == "__main__":
    sys.exit(main())
