"""Figures as pictures for the documentation, legible on light and dark pages alike."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure

INK = "#7d8590"
ASYNCIO, UVLOOP = "#4c8dd6", "#e0913c"
COLOURS = {"asyncio": ASYNCIO, "uvloop": UVLOOP}

mpl.rcParams.update(
    {
        "svg.fonttype": "none",  # text stays text
        "svg.hashsalt": "telnyx_video",  # the same figures give the same file
        "font.family": "sans-serif",
        "font.size": 9,
        "text.color": INK,
        "axes.labelcolor": INK,
        "axes.edgecolor": INK,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "xtick.color": INK,
        "ytick.color": INK,
        "legend.frameon": False,
    }
)

PANELS = (
    ("creates_per_second", "creates a second"),
    ("microseconds_per_create", "µs of processor for a create"),
    ("peak_mib", "MiB of memory at the peak"),
)


def draw_comparison(summary: Sequence[Mapping[str, object]], path: Path) -> None:
    """Draw a bar for each contestant on each loop, in three panels."""
    titles = list(dict.fromkeys(str(row["title"]) for row in reversed(summary)))
    figure = Figure(figsize=(9.6, 0.45 * len(titles) + 0.9), layout="constrained")
    panels = figure.subplots(1, len(PANELS), sharey=True)
    for axes, (measure, label) in zip(panels, PANELS, strict=True):
        for row in summary:
            _bar(axes, titles.index(str(row["title"])), row, measure)
        axes.set_xlabel(label)
        axes.margins(x=0.22)
        axes.xaxis.set_major_locator(mpl.ticker.MaxNLocator(4))
        axes.tick_params(axis="y", length=0)
    panels[0].set_yticks(range(len(titles)), titles)
    for loop, colour in COLOURS.items():
        panels[-1].barh(0, 0, color=colour, label=loop)
    figure.legend(loc="outside upper right", ncols=2)
    _save(figure, path)


def _bar(axes: Axes, place: int, row: Mapping[str, object], measure: str) -> None:
    value, loop = row[measure], str(row["loop"])
    assert isinstance(value, int | float)
    offset = 0.19 if loop == "asyncio" else -0.19
    bar = axes.barh(place + offset, value, height=0.36, color=COLOURS[loop])
    axes.bar_label(bar, [f"{value:,.0f}"], padding=3, fontsize=8)


def draw_soak(samples: Sequence[Mapping[str, float]], path: Path) -> None:
    """Draw memory and file descriptors over time, each from 0 so that flat looks flat."""
    figure = Figure(figsize=(9.6, 3.2), layout="constrained")
    minutes = [sample["minutes"] for sample in samples]
    panels = figure.subplots(1, 2)
    for axes, measure, label, colour in (
        (panels[0], "memory_mib", "MiB of memory", ASYNCIO),
        (panels[1], "descriptors", "file descriptors", UVLOOP),
    ):
        axes.plot(minutes, [sample[measure] for sample in samples], color=colour, linewidth=1)
        axes.margins(x=0, y=0.15)
        axes.set_ylim(bottom=0)
        axes.set_xlabel("minutes")
        axes.set_ylabel(label)
    _save(figure, path)


def _save(figure: Figure, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, transparent=True, metadata={"Date": None, "Creator": None})
