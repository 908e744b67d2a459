"""What the pages name exists: commands, extras, sessions; and what exists is in the reference."""

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
    """Demo and tests can each be copied as one whole line, which is there once."""
    for session in ("demo", "tests"):
        assert read("README.md").splitlines().count(COMMAND + session) == 1


def test_each_extra_of_the_readme_exists_and_each_that_exists_is_named() -> None:
    """Every extra that the README names can be installed, and it names them all."""
    project = tomllib.loads(read("pyproject.toml"))["project"]
    named = set(re.findall(r"`\[(\w+)\]`", read("README.md")))
    assert named == set(project["optional-dependencies"])


@pytest.mark.parametrize("path", ["README.md", "docs/llms.txt"])
def test_each_page_that_is_linked_to_exists(path: str) -> None:
    """No link to a page leads nowhere."""
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
    """What can be imported from the package can be looked up."""
    directive = r"^\.\. (?:auto\w+|py:\w+):: (?:telnyx_video\.)?(\w+)(?:\(\))?$"
    pages = (ROOT / "docs" / "reference").glob("*.md")
    reference = "".join(page.read_text(encoding="utf-8") for page in pages)
    documented = set(re.findall(directive, reference, re.MULTILINE))
    assert set(module.__all__) <= documented
