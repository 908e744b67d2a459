"""Draws rooms on floors as SVG: an arrow for each import that no longer path implies."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import groupby

ROOM_WIDTH, ROOM_HEIGHT = 112, 30
COLUMN, FLOOR = 150, 72
MARGIN = 56

STYLE = """
rect { fill: #eef3fb; stroke: #4a6fa5; }
text { font: 13px system-ui, sans-serif; text-anchor: middle; fill: #16243a; }
.floor { fill: #7a8699; }
path { fill: none; stroke: #4a6fa5; stroke-opacity: .55; marker-end: url(#arrow); }
"""


def draw(graph: Mapping[str, set[str]]) -> str:
    """Return the picture of a graph without circles; rooms are above those that they import."""
    floors = _floors(graph)
    places = _places(graph, floors)
    width = 2 * MARGIN + COLUMN * max(len(floor) for floor in floors)
    height = FLOOR * len(floors)
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}">',
            f"<style>{STYLE}</style>",
            '<defs><marker id="arrow" viewBox="0 0 8 8" refX="8" refY="4" markerWidth="7" '
            'markerHeight="7" orient="auto">'
            '<path d="M0 0L8 4L0 8z" style="fill:#4a6fa5;stroke:none"/></marker></defs>',
            '<rect width="100%" height="100%" style="fill:#fff;stroke:none"/>',
            *_arrows(graph, places),
            *_rooms(places),
            *(
                f'<text class="floor" x="20" y="{height - FLOOR * n - 31}">{n + 1}</text>'
                for n in range(len(floors))
            ),
            "</svg>",
            "",
        ]
    )


def _floors(graph: Mapping[str, set[str]]) -> list[list[str]]:
    levels: dict[str, int] = {}
    while len(levels) < len(graph):
        for room, below in graph.items():
            if below <= levels.keys():
                levels.setdefault(room, max((levels[other] + 1 for other in below), default=0))
    ordered = sorted(graph, key=lambda room: (levels[room], room))
    return [list(rooms) for _, rooms in groupby(ordered, key=lambda room: levels[room])]


def _places(
    graph: Mapping[str, set[str]], floors: list[list[str]]
) -> dict[str, tuple[float, float]]:
    """Put each room near the middle of those that it imports, which keeps arrows apart."""
    widest = max(len(floor) for floor in floors)
    places: dict[str, tuple[float, float]] = {}
    for level, floor in enumerate(floors):

        def middle(room: str) -> float:
            below = [places[other][0] for other in graph[room]]
            return sum(below) / len(below) if below else 0

        left = MARGIN + COLUMN * (widest - len(floor)) / 2
        # Every other floor is moved aside, so that fewer arrows pass behind a room.
        shift = COLUMN / 4 * (-1) ** level if len(floor) < widest else 0
        for column, room in enumerate(sorted(floor, key=middle)):
            x = left + COLUMN * (column + 0.5) + shift
            places[room] = (x, FLOOR * (len(floors) - level - 0.5))
    return places


def _arrows(
    graph: Mapping[str, set[str]], places: Mapping[str, tuple[float, float]]
) -> Iterator[str]:
    for room, below in sorted(graph.items()):
        implied = {far for near in below for far in _below(graph, near)}
        for other in sorted(below - implied):
            (x, y), (to_x, to_y) = places[room], places[other]
            y, to_y = y + ROOM_HEIGHT / 2, to_y - ROOM_HEIGHT / 2
            bend = (to_y - y) / 2
            yield (
                f'<path d="M{x:g} {y:g}C{x:g} {y + bend:g} {to_x:g} {to_y - bend:g} '
                f'{to_x:g} {to_y:g}"/>'
            )


def _below(graph: Mapping[str, set[str]], room: str) -> set[str]:
    return graph[room].union(*(_below(graph, other) for other in graph[room]))


def _rooms(places: Mapping[str, tuple[float, float]]) -> Iterator[str]:
    for room, (x, y) in places.items():
        left, top = x - ROOM_WIDTH / 2, y - ROOM_HEIGHT / 2
        yield (
            f'<rect x="{left:g}" y="{top:g}" width="{ROOM_WIDTH}" height="{ROOM_HEIGHT}" rx="5"/>'
        )
        yield f'<text x="{x:g}" y="{y + 5:g}">{room}</text>'
