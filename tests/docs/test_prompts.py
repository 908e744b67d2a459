"""The documentation's examples can be pasted at a Python prompt."""

import ast
import codeop
import os
import pty
import re
import select
import subprocess
import sys
from pathlib import Path

import pytest

from docs.running import shell_environment

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
FENCE = re.compile(r"^```(python|output)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
PROMPT = re.compile(r"(?:>>>|\.\.\.) $")
PATIENCE = 60.0
"""Seconds without output after which the interpreter counts as hanging."""


def examples(path: Path) -> list[tuple[str, str]]:
    """Return language and source of a page's examples and outputs, except whole files."""
    found = FENCE.findall(path.read_text(encoding="utf-8"))
    return [fence for fence in found if not fence[1].startswith("# ")]


def paste(source: str) -> list[str]:
    """Return the statements that a prompt reads from pasted lines.

    Raises:
        SyntaxError: a statement ends before its author meant it to.
    """
    compiler = codeop.CommandCompiler()
    compiler.compiler.flags |= ast.PyCF_ALLOW_TOP_LEVEL_AWAIT
    statements: list[str] = []
    lines: list[str] = []
    for line in [*source.splitlines(), ""]:
        lines.append(line)
        if compiler("\n".join(lines)) is not None:
            statements += ["\n".join(lines)]
            lines = []
    assert lines == [], "the last statement is not complete"
    return statements


@pytest.mark.parametrize(
    "source",
    ["async with a:\n    b\n\n    c", "for a in b:\n    c\nd", "if a:\n    b\n\nelse:\n    c"],
)
def test_source_that_a_prompt_rejects_is_noticed(source: str) -> None:
    """Only a blank line ends a block."""
    with pytest.raises(SyntaxError):
        paste(source)


@pytest.mark.parametrize("path", PAGES, ids=[str(path.relative_to(ROOT)) for path in PAGES])
def test_every_example_can_be_pasted(path: Path) -> None:
    """Examples that are not files can be pasted at the prompt of `python -m asyncio`."""
    for language, source in examples(path):
        if language == "python":
            paste(source)


class Prompt:
    """`python -m asyncio` in a terminal."""

    def __init__(self, folder: Path) -> None:
        self._terminal, end = pty.openpty()
        environment = {**shell_environment(folder), "TERM": "dumb", "PYTHON_BASIC_REPL": "1"}
        self._process = subprocess.Popen(
            [sys.executable, "-m", "asyncio"],
            stdin=end,
            stdout=end,
            stderr=end,
            env=environment,
            start_new_session=True,
        )
        os.close(end)
        self._read()

    def type(self, line: str) -> str:
        """Type a line, and return the output before the next prompt."""
        os.write(self._terminal, f"{line}\n".encode())
        _, _, printed = self._read().partition("\n")  # the first line is the echo
        return PROMPT.sub("", printed)

    def _read(self) -> str:
        text = ""
        while not PROMPT.search(text):
            ready, _, _ = select.select([self._terminal], [], [], PATIENCE)
            assert ready, f"no prompt after {text!r}"
            text += os.read(self._terminal, 65536).decode().replace("\r\n", "\n")
        return text

    def close(self) -> None:
        """End the interpreter."""
        self._process.kill()
        self._process.wait()
        os.close(self._terminal)


@pytest.mark.skipif(
    sys.version_info >= (3, 13),
    reason="since 3.13, the basic prompt of asyncio takes no blocks: python/cpython#140013",
)
@pytest.mark.usefixtures("telnyx_sandbox")
def test_the_tutorial_runs_at_a_real_prompt(tmp_path: Path) -> None:
    """The tutorial's examples, pasted at the prompt, print the outputs that it shows."""
    prompt = Prompt(tmp_path / "commands")
    try:
        printed = ""
        for language, source in examples(ROOT / "docs" / "tutorial.md"):
            if language == "output":
                assert printed == source
                printed = ""
                continue
            assert printed == ""
            for line in [*source.splitlines(), ""]:
                printed += prompt.type(line)
    finally:
        prompt.close()
