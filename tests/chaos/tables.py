"""Figures as Markdown tables that fit into 80 columns."""

from collections.abc import Callable, Mapping, Sequence

import attrs

from chaos.judging import Count

OURS = "ours"


@attrs.frozen
class Column:
    """Whose figures these are, and of which kind of request."""

    client: str
    named: bool

    @property
    def heading(self) -> str:
        """Names the client once only, as the width is needed."""
        return f"{self.client}, named" if self.named else "nameless"


Figure = Callable[[Count], object]

CHAOS: Sequence[tuple[str, Figure]] = [
    ("creates", lambda count: count.asked),
    ("rooms made", lambda count: count.rooms),
    ("**duplicates**", lambda count: count.duplicates),
    ("**false failures**", lambda count: count.false_failures),
    ("**false successes**", lambda count: count.false_successes),
    ("recovered", lambda count: count.recovered),
    ("said to have existed", lambda count: count.existed),
    ("said to be unknown", lambda count: count.unknown),
    ("– of which exist", lambda count: count.unknown_made),
    ("said not applied", lambda count: count.not_applied),
    ("POSTs on the wire", lambda count: count.posts),
    ("seconds", lambda count: f"{count.seconds:.1f}"),
]

LOST_ANSWERS: Sequence[tuple[str, Figure]] = [
    ("creates", lambda count: count.asked),
    ("extra rooms", lambda count: count.duplicates),
    ("reported failures", lambda count: count.false_failures + count.not_applied),
    ("– the room exists", lambda count: count.false_failures),
    ("reported as unknown", lambda count: count.unknown),
    ("POSTs on the wire", lambda count: count.posts),
]


def table(
    corner: str, figures: Sequence[tuple[str, Figure]], columns: Mapping[Column, Count]
) -> str:
    """Return a table with a row for each figure and a column for each count, ours first."""
    ordered = sorted(columns.items(), key=lambda item: item[0].client != OURS)
    counts = [count for _, count in ordered]
    rows = [[corner, *(column.heading for column, _ in ordered)]]
    rows += [[label, *(str(figure(count)) for count in counts)] for label, figure in figures]
    widths = [max(map(len, cells)) for cells in zip(*rows, strict=True)]
    rule = ["-" * widths[0], *(f"{'-' * (width - 1)}:" for width in widths[1:])]
    return "\n".join(_line(cells, widths) for cells in [rows[0], rule, *rows[1:]])


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    first, *rest = zip(cells, widths, strict=True)
    aligned = [first[0].ljust(first[1]), *(cell.rjust(width) for cell, width in rest)]
    return f"| {' | '.join(aligned)} |"
