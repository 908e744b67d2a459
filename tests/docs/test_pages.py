"""Commands, extras and sessions in the pages exist, and the reference has every public name."""

import re
import tomllib
from pathlib import Path
from types import ModuleType

import pytest

import telnyx_video
from telnyx_video import observing, testing, webhooks
from telnyx_video.observing import opentelemetry

ROOT = Path(__file__).parents[2]
COMMAND = "python3 -m venv .venv && .venv/bin/pip install -q nox && .venv/bin/nox -s "


def read(path: str) -> str:
    return (ROOT / path).read_text(encoding="utf-8")


def test_the_readme_prints_the_two_commands() -> None:
    """Demo and tests are each a single line, which occurs once."""
    for session in ("demo", "tests"):
        assert read("README.md").splitlines().count(COMMAND + session) == 1


def test_the_readme_names_exactly_the_existing_extras() -> None:
    """The README names every extra, and no other."""
    project = tomllib.loads(read("pyproject.toml"))["project"]
    named = set(re.findall(r"`\[(\w+)\]`", read("README.md")))
    assert named == set(project["optional-dependencies"])


@pytest.mark.parametrize("path", ["README.md", "docs/llms.txt"])
def test_each_page_that_is_linked_to_exists(path: str) -> None:
    """Every link to a page has a target."""
    links = re.findall(r"\]\(([^)#:]+)[^)]*\)", read(path))
    folder = (ROOT / path).parent
    assert links
    assert [link for link in links if not (folder / link).is_file()] == []


def test_each_session_in_the_contributing_guide_exists() -> None:
    """`nox -s` knows every session of the contributing guide."""
    sessions = re.findall(r"@nox\.session.*\ndef (\w+)", read("noxfile.py"))
    named = re.findall(r"nox -s ([\w-]+)", read("docs/contributing.md"))
    assert set(named) <= {name.replace("_", "-") for name in sessions}


@pytest.mark.parametrize("module", [telnyx_video, observing, opentelemetry, testing, webhooks])
def test_the_reference_has_every_published_name(module: ModuleType) -> None:
    """Every public name is documented."""
    directive = r"^\.\. (?:auto\w+|py:\w+):: (?:telnyx_video\.)?(\w+)(?:\(\))?$"
    pages = (ROOT / "docs" / "reference").glob("*.md")
    reference = "".join(page.read_text(encoding="utf-8") for page in pages)
    documented = set(re.findall(directive, reference, re.MULTILINE))
    assert set(module.__all__) <= documented
