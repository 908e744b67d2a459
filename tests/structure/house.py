"""Measures and draws the package's structure: rooms, floors and imports.

A room is a module or a folder at the top of the package. Its floor is one above the highest room
that it imports. Imports inside functions and for type checkers count.

Usage: PYTHONPATH=tests python -m structure.house [PICTURE.svg]
"""

from __future__ import annotations

import ast
import sys
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Literal

from structure.picture import draw

PACKAGE = "telnyx_video"
FACADE = "__init__"
"""The room of the public names, which `from telnyx_video import Room` imports."""

APART = {"cli", "sandbox", "_pytest"}
"""Rooms that are not the client's core."""

Moment = Literal["eagerly", "lazily", "for types"]
Graph = Mapping[str, set[str]]


@dataclass(frozen=True)
class Import:
    """One import: the module that has it, the module that it names, and when it happens."""

    module: str
    target: str
    """The dotted name: of a module of the package if it is one, else as it is written."""
    moment: Moment = "eagerly"
    line: int = 0

    @property
    def is_inner(self) -> bool:
        """Whether the target belongs to the package."""
        return is_within(self.target, PACKAGE)


def is_within(name: str, prefixes: str) -> bool:
    """Whether a dotted name is one of these names, or lies below one of them."""
    return any(f"{name}.".startswith(f"{prefix}.") for prefix in prefixes.split())


def room_of(module: str) -> str:
    """Return the room of a module of the package."""
    return [*module.split("."), FACADE][1]


def modules_in(folder: Path) -> dict[str, Path]:
    """Return the files of a package by the dotted names of their modules."""
    return {
        ".".join(path.relative_to(folder.parent).with_suffix("").parts).removesuffix(
            f".{FACADE}"
        ): path
        for path in sorted(folder.rglob("*.py"))
    }


def imports_in(source: str, module: str, package: str, known: set[str]) -> Iterator[Import]:
    """Yield the imports of a module's source.

    Args:
        source: The source.
        module: The module's dotted name.
        package: The package that relative imports start from.
        known: All modules of the package: a name from one of them is an import of that module.
    """
    for statement, moment in _statements(ast.parse(source)):
        for name in _names(statement, package):
            target = name
            while target and target not in known:
                target = target.rpartition(".")[0]
            yield Import(module, target or name, moment, statement.lineno)


def _statements(
    node: ast.AST, moment: Moment = "eagerly"
) -> Iterator[tuple[ast.Import | ast.ImportFrom, Moment]]:
    if isinstance(node, ast.Import | ast.ImportFrom):
        yield node, moment
        return
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
        moment = "lazily"
    typing_only = node.body if isinstance(node, ast.If) and _is_type_checking(node.test) else []
    for child in ast.iter_child_nodes(node):
        yield from _statements(child, "for types" if child in typing_only else moment)


def _is_type_checking(test: ast.expr) -> bool:
    return ast.unparse(test).split(".")[-1] == "TYPE_CHECKING"


def _names(statement: ast.Import | ast.ImportFrom, package: str) -> Iterator[str]:
    if isinstance(statement, ast.Import):
        yield from (alias.name for alias in statement.names)
        return
    start = package.split(".")
    base = start[: len(start) - statement.level + 1] if statement.level else []
    source = ".".join([*base, *filter(None, [statement.module])])
    yield from (f"{source}.{alias.name}" for alias in statement.names)


def imports_of(modules: Mapping[str, Path]) -> list[Import]:
    """Return all imports of the package's modules."""
    found: list[Import] = []
    for module, path in modules.items():
        package = module if path.stem == FACADE else module.rpartition(".")[0]
        found += imports_in(path.read_text(encoding="utf-8"), module, package, set(modules))
    return found


def graph_of(imports: list[Import], *, rooms: bool = False) -> Graph:
    """Return what each module, or each room, imports of the others."""
    graph: defaultdict[str, set[str]] = defaultdict(set)
    for found in imports:
        if found.is_inner:
            ends = (found.module, found.target)
            start, end = map(room_of, ends) if rooms else ends
            graph[start] |= {end} - {start}
            graph[end] |= set()
    return dict(graph)


def reachable(graph: Graph, start: str) -> set[str]:
    """Return everything that `start` imports, directly or not."""
    found: set[str] = set()
    waiting = [start]
    while waiting:
        new = graph[waiting.pop()] - found
        found |= new
        waiting += new
    return found


def circles(graph: Graph) -> set[frozenset[str]]:
    """Return the groups whose members all import each other, directly or not."""
    reach = {node: reachable(graph, node) for node in graph}
    return {
        frozenset(other for other in reach[node] if node in reach[other])
        for node in graph
        if node in reach[node]
    }


def heights(graph: Graph) -> dict[str, int]:
    """Return the length of the longest chain of imports below each node, itself included.

    The graph has no circles.
    """
    known: dict[str, int] = {}

    def height(node: str) -> int:
        if node not in known:
            known[node] = 1 + max(map(height, graph[node]), default=0)
        return known[node]

    return {node: height(node) for node in graph}


def measures(folder: Path) -> dict[str, object]:
    """Return the figures of the package's structure by their names."""
    modules = modules_in(folder)
    imports = imports_of(modules)
    rooms, graph = graph_of(imports, rooms=True), graph_of(imports)
    lines = {
        module: len(path.read_text(encoding="utf-8").splitlines())
        for module, path in modules.items()
    }
    core = [count for module, count in lines.items() if room_of(module) not in APART]
    loose = {m for m, path in modules.items() if m.count(".") == 1 and path.stem != FACADE}
    found = circles(graph)
    return {
        "rooms": len({*map(room_of, modules)}),
        "floors": max(heights(rooms).values()) if not circles(rooms) else "circular",
        "circles": [sorted(circle) for circle in found],
        "depth of modules": max(heights(graph).values()) if not found else "circular",
        "loose modules": len(loose),
        "lines of the core": sum(core),
        **{f"lines of {room}": _lines(lines, room) for room in ("cli", "sandbox")},
        "median lines of a core file": median(core),
        "lines of the longest file": max(lines.values()),
    }


def _lines(lines: Mapping[str, int], room: str) -> int:
    return sum(count for module, count in lines.items() if room_of(module) == room)


def main(arguments: list[str]) -> None:
    """Print the measures; draw the picture if a file is given."""
    folder = Path(__file__).parents[2] / PACKAGE
    for name, figure in measures(folder).items():
        print(f"{name:28} {figure}")
    for path in arguments:
        Path(path).write_text(draw(graph_of(imports_of(modules_in(folder)), rooms=True)))


if __name__ == "__main__":
    main(sys.argv[1:])
