"""The measures of the package's structure, on small packages."""

from pathlib import Path

import pytest

from structure.house import (
    PACKAGE,
    circles,
    graph_of,
    heights,
    imports_of,
    main,
    measures,
    modules_in,
)
from structure.picture import draw

ROOT = Path(__file__).parents[2]


def package(folder: Path, **files: str) -> Path:
    """Make a package of these files, with `__` for slashes in their names."""
    top = folder / PACKAGE
    for name, source in {"-init-": "", **files}.items():
        path = top / f"{name.replace('-init-', '.init.').replace('__', '/')}.py"
        path = path.with_name(path.name.replace(".init.", "__init__"))
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(source)
    return top


def test_rooms_floors_and_lines_are_counted(tmp_path: Path) -> None:
    """A room is one floor above the highest room that it imports; folders and files are rooms."""
    top = package(
        tmp_path,
        base="import os\n\nSEP = os.sep\n",
        **{"high__-init-": "from . import part\n", "high__part": "from ..base import SEP\n"},
        cli="def run():\n    from telnyx_video import high\n",
    )
    assert measures(top) == {
        "rooms": 4,
        "floors": 3,
        "circles": [],
        "depth of modules": 4,
        "loose modules": 2,
        "lines of the core": 5,
        "lines of cli": 2,
        "lines of sandbox": 0,
        "median lines of a core file": 1,
        "lines of the longest file": 3,
    }


def test_circles_of_type_only_imports_are_found(tmp_path: Path) -> None:
    """Modules that import each other are named, and have no floors."""
    top = package(
        tmp_path,
        a="from telnyx_video import b\n",
        b="if TYPE_CHECKING:\n    from .a import x\n",
        c="from telnyx_video import a\n",
    )
    figures = measures(top)
    assert figures["circles"] == [[f"{PACKAGE}.a", f"{PACKAGE}.b"]]
    assert figures["floors"] == "circular"


def test_the_measures_of_this_package_are_printed(capsys: pytest.CaptureFixture[str]) -> None:
    """The command has a line for each measure."""
    main([])
    assert [line[:28].strip() for line in capsys.readouterr().out.splitlines()] == [
        *measures(ROOT / PACKAGE)
    ]


def test_the_picture_omits_implied_arrows() -> None:
    """Each room is drawn once; an arrow that follows from two others is omitted."""
    picture = draw({"top": {"middle", "low"}, "middle": {"low"}, "low": set()})
    assert [f">{room}<" in picture for room in ("top", "middle", "low")] == [True] * 3
    assert picture.count('<path d="M') == 3  # two arrows, and the arrow's head


def test_the_picture_in_the_documentation_shows_this_package() -> None:
    """`PYTHONPATH=tests python -m structure.house docs/architecture.svg` draws it again."""
    graph = graph_of(imports_of(modules_in(ROOT / PACKAGE)), rooms=True)
    assert circles(graph) == set()
    assert max(heights(graph).values()) > 1
    picture = (ROOT / "docs" / "architecture.svg").read_text(encoding="utf-8")
    assert picture == draw(graph)
