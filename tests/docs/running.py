"""Runs the examples of a page as its reader would: in order, in a fresh folder.

The language of a fence says what it holds:

- ``python`` runs, top-level ``await`` included; names persist between examples. With a
  first line such as ``# service.py`` it is saved as that file instead, for a command to use.
- ``output`` is what the example before it prints, compared line by line.
- ``console`` has commands, after ``$``, which run in a shell, each with the output it shows.
- ``sh`` has commands for the reader only; `UNTRIED` says which may be there.

In outputs ``…`` matches anything within a line; on its own line it matches any lines.
"""

import ast
import asyncio
import contextlib
import inspect
import io
import os
import re
import shlex
import socket
import subprocess
import sys
import threading
import types
from collections.abc import Callable, Coroutine, Iterator
from pathlib import Path
from typing import cast

import pytest
from sybil import Document, Example, Region
from sybil.parsers.markdown.lexers import FencedCodeBlockLexer

from support.plugin import import_path

UNTRIED = re.compile(
    r"pip install |python3 -m venv |(PYTHONPATH=tests )?\.venv/bin/|nox( |$)|export |unset "
)
"""Commands of ``sh`` fences that are not run: they need the network, or take minutes."""

PORTS = ("8080", "8081")
"""The ports that pages name, replaced by free ones in tests."""

HANGS = 240.0
"""Seconds after which a command counts as hanging; loading is slow on a busy machine."""

SERVERS = ("telnyx-video sandbox", "telnyx-video listen", "gunicorn ", "celery ")
"""The commands that a reader leaves running in another terminal."""

SAVED = re.compile(r"# ([\w/]+\.py)\n")


class Page:
    """One page and its reader's state: names, files, a shell's environment."""

    def __init__(self, path: Path, folder: Path, environment: pytest.MonkeyPatch) -> None:
        self._folder = folder
        self._environment = environment
        self._spare = folder.with_name(f"{folder.name}-commands")
        self._runner = asyncio.Runner()
        self._servers: list[subprocess.Popen[str]] = []
        self._printed = ""
        self._unused: set[str] = set()
        text = path.read_text(encoding="utf-8")
        for port in PORTS:
            text = text.replace(port, str(free_port()))
        self._document = Document(text, str(path))
        self._document.namespace["__name__"] = "__main__"
        for region in self._regions():
            self._document.add(region)

    def run(self) -> int:
        """Run every example and return how many there are.

        Raises:
            SybilFailure: one does not do what the page says; it names the line.
        """
        examples = list(self._document.examples())
        with self._runner:
            try:
                for example in examples:
                    example.evaluate()
                self._expect_silence()
            finally:
                self._stop_servers()
        assert self._unused == set(), "files that no command of the page uses"
        return len(examples)

    def _regions(self) -> Iterator[Region]:
        evaluators: dict[str, Callable[[Example], str | None]] = {
            "python": self._python,
            "output": self._output,
            "console": self._console,
            "sh": _untried,
        }
        for region in FencedCodeBlockLexer(r"[^\n]*")(self._document):
            language = region.lexemes["language"]
            if language.startswith("{"):
                continue  # a directive, checked by Sphinx
            region.parsed = region.lexemes["source"]
            region.evaluator = evaluators.get(language, _unknown_language)
            yield region

    def _python(self, example: Example) -> str | None:
        self._expect_silence()
        source = str(example.parsed)
        if name := SAVED.match(source):
            (self._folder / name[1]).write_text(source, encoding="utf-8")
            self._unused.add(name[1])
            return None
        # Blank lines make tracebacks show the line numbers of the page.
        code = compile(
            "\n" * example.line + source,
            example.path,
            "exec",
            flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT,
            dont_inherit=True,
        )
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed):
            if code.co_flags & inspect.CO_COROUTINE:
                run = types.FunctionType(code, example.namespace)
                self._runner.run(cast("Coroutine[object, object, None]", run()))
            else:
                exec(code, example.namespace)
        self._printed = printed.getvalue()
        return None

    def _output(self, example: Example) -> str | None:
        printed, self._printed = self._printed, ""
        return _difference(str(example.parsed), printed)

    def _console(self, example: Example) -> str | None:
        self._expect_silence()
        before, *commands = re.split(r"^\$ ", str(example.parsed), flags=re.MULTILINE)
        assert not before, "a console example starts with a command"
        for text in commands:
            command, _, expected = re.sub(r"\\\n\s*", "", text).partition("\n")
            self._unused -= {
                name for name in self._unused if Path(name).stem in command or "pytest" in command
            }
            if difference := self._command(command, expected):
                return f"$ {command}\n{difference}"
        return None

    def _command(self, command: str, expected: str) -> str | None:
        if export := re.match(r"export (\w+)=", command):
            value = self._shell(f'{command}; printf %s "${export[1]}"')
            self._environment.setenv(export[1], value.stdout)
            return None
        if command.startswith(SERVERS):
            return self._serve(command, expected)
        ended = self._shell(command)
        if not expected and ended.returncode:
            return f"exit code {ended.returncode}:\n{ended.stdout}"
        return _difference(expected, ended.stdout) if expected else None

    def _shell(self, command: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["bash", "-o", "pipefail", "-c", command],
            cwd=self._folder,
            env=shell_environment(self._spare),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=HANGS,
            check=False,
        )

    def _serve(self, command: str, expected: str) -> str | None:
        """Start a command, and leave it running once it has printed the page's output."""
        server = subprocess.Popen(
            shlex.split(command),
            cwd=self._folder,
            env=shell_environment(self._spare),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self._servers.append(server)
        assert server.stdout is not None
        # Stop a server that prints too little, so that reading ends.
        with _Timer(HANGS, server.kill):
            said = "".join(server.stdout.readline() for _ in expected.splitlines())
        return _difference(expected, said)

    def _expect_silence(self) -> None:
        assert self._printed == "", f"the page does not show this output:\n{self._printed}"

    def _stop_servers(self) -> None:
        for server in self._servers:
            server.terminate()
            server.communicate(timeout=HANGS)


class _Timer(threading.Timer):
    """Call a function unless the block ends first."""

    def __enter__(self) -> None:
        self.start()

    def __exit__(self, *_: object) -> None:
        self.cancel()
        self.join()


def shell_environment(spare: Path) -> dict[str, str]:
    """Return the environment of a reader who has activated the virtual environment of the tests.

    Args:
        spare: A folder for the command, which is used where the package is not installed.
    """
    command = spare / "telnyx-video"
    command.parent.mkdir(exist_ok=True)
    command.write_text('#!/bin/sh\nexec python -m telnyx_video "$@"\n', encoding="utf-8")
    command.chmod(0o755)
    commands = (str(Path(sys.executable).parent), os.environ["PATH"], str(spare))
    # Measuring coverage of subprocesses would double their time.
    inherited = {name: v for name, v in os.environ.items() if not name.startswith("COVERAGE_")}
    return {
        **inherited,
        "PATH": os.pathsep.join(commands),
        # The package under test, installed or in the tree.
        "PYTHONPATH": import_path(),
        # Where the package is not installed, no entry point names its plugin.
        "PYTEST_PLUGINS": "pytest_telnyx_video",
        "COLUMNS": "80",
        # Not an error: pytest-asyncio's warning about a setting that examples lack.
        # Nor is Celery's warning about the superuser, common in containers.
        "PYTHONWARNINGS": "error,ignore:The configuration option,ignore:You're running the worker",
    }


def free_port() -> int:
    """Return a free port."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
    return port


def _difference(expected: str, actual: str) -> str | None:
    """Return how an output differs from the page's; None if it does not."""
    pattern = "".join(map(_line_pattern, _lines(expected)))
    got = "".join(line + "\n" for line in _lines(actual))
    if re.fullmatch(pattern, got):
        return None
    return f"--- the page shows\n{expected}\n--- but it is\n{actual}"


def _lines(text: str) -> list[str]:
    return [line.rstrip() for line in text.strip("\n").splitlines()]


def _line_pattern(line: str) -> str:
    if line.strip() == "…":
        return r"(?:.*\n)*?"
    # Trailing spaces keep the columns of a table aligned.
    return ".*".join(map(re.escape, re.split("… *", line))) + "\n"


def _untried(example: Example) -> str | None:
    strange = [line for line in str(example.parsed).splitlines() if not UNTRIED.match(line)]
    return f"these can be tried: use a console fence: {strange}" if strange else None


def _unknown_language(example: Example) -> str | None:
    return f"a fence of no language that is known here: {example.region.lexemes['language']!r}"
