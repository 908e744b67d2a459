"""Runs every example of the README and the documentation against a sandbox."""

import shutil
from pathlib import Path

import pytest

from docs.running import Page

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A reader's folder, with the example files that the pages name."""
    shutil.copytree(ROOT / "docs" / "examples", tmp_path / "docs" / "examples")
    shutil.copy(ROOT / "docs" / "examples" / "rooms.csv", tmp_path)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.timeout(600)
@pytest.mark.telnyx_sandbox(composition_delay=0.2)  # seconds until a composition is ready
@pytest.mark.usefixtures("telnyx_sandbox")
@pytest.mark.parametrize("path", PAGES, ids=[str(page.relative_to(ROOT)) for page in PAGES])
def test_the_examples_do_what_the_page_says(
    path: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The examples of a page, run in order, print what the page shows."""
    monkeypatch.delenv("TELNYX_LOG", raising=False)
    Page(path, folder, monkeypatch).run()
