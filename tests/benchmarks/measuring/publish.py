"""Writes the latest figures into the documentation, as CSV tables and pictures.

Run it after all benchmarks have run on an idle machine.
"""

import csv
import json
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from benchmarks.measuring import results

DOCS = Path(__file__).parents[3] / "docs"

Rows = Sequence[Mapping[str, Any]]

HEADINGS = {
    "title": "client",
    "microseconds_per_create": "µs per create",
    "peak_mib": "peak memory, MiB",
    "was": "value",
}
"""Headings of columns whose names are unclear."""


def main() -> None:
    """Write every table and picture of `docs/performance.md`."""
    compare, latency, scale, soak = (
        json.loads((results.FOLDER / f"{name}.json").read_text(encoding="utf-8"))
        for name in ("compare", "latency", "scale", "soak")
    )
    _write("machine", [{"": name, "was": value} for name, value in compare["machine"].items()])
    _write("compare", _without(compare["summary"], "contestant", "runs"))
    _write("ratios", _without(compare["bounds"], "kept"))
    _write("first", _without(latency["first"], "runs"))
    _write("busy", latency["busy"])
    _write("scale", [_batch(row) for row in scale["batches"]])
    _write("soak", _without(soak["bounds"], "kept"))
    for picture in ("performance", "soak"):
        shutil.copy(results.FOLDER / f"{picture}.svg", DOCS)


def _without(rows: Rows, *columns: str) -> Rows:
    return [{name: row[name] for name in row if name not in columns} for row in rows]


def _batch(row: Mapping[str, Any]) -> Mapping[str, Any]:
    shown = {**row, "journal": "with" if row["journal"] else "without"}
    return {name: value for name, value in shown.items() if name != "parts"}


def _write(name: str, rows: Rows) -> None:
    """Write a table with readable headings."""
    folder = DOCS / "figures"
    folder.mkdir(exist_ok=True)
    with (folder / f"{name}.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(HEADINGS.get(name, name.replace("_", " ")) for name in rows[0])
        writer.writerows(map(_cell, row.values()) for row in rows)


def _cell(value: object) -> str:
    return f"{value:,}" if isinstance(value, int | float) else str(value)


if __name__ == "__main__":
    main()
