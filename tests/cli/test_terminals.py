"""Progress on a terminal: bars, spinners and the output above them."""

import os
import re
import select
import sys
import threading
from collections.abc import Generator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from unittest.mock import Mock

import pytest

from cli.command import PATIENCE
from support.blocking_server import BlockingServer
from telnyx_video.cli import main

ESCAPES = re.compile(r"\x1b\[[?0-9;]*[a-zA-Z]")


class Terminal:
    """A terminal of 80 columns that records its output."""

    def __init__(self) -> None:
        self.raw = ""
        self._ours, theirs = os.openpty()
        self.theirs = os.fdopen(theirs, "w")
        self._grown = threading.Condition()
        self._reading = threading.Thread(target=self._read)
        self._reading.start()

    @property
    def screen(self) -> str:
        """The output without escape sequences."""
        return ESCAPES.sub("", self.raw)

    def wait_for(self, words: str) -> None:
        """Wait until it shows certain words."""
        with self._grown:
            assert self._grown.wait_for(lambda: words in self.screen, PATIENCE)

    def close(self) -> None:
        """Read the remaining output, and close."""
        self.theirs.close()
        self._reading.join()
        os.close(self._ours)

    def _read(self) -> None:
        while chunk := self._chunk():
            with self._grown:
                self.raw += chunk.decode()
                self._grown.notify_all()

    def _chunk(self) -> bytes:
        select.select([self._ours], [], [], PATIENCE)
        try:
            return os.read(self._ours, 4096)
        except OSError:  # how the end of a terminal shows on Linux
            return b""


@contextmanager
def on_a_terminal(monkeypatch: pytest.MonkeyPatch) -> Generator[Terminal]:
    """Replace the standard streams by a terminal; at the end it has all output."""
    terminal = Terminal()
    with monkeypatch.context() as inner:
        inner.setenv("COLUMNS", "80")
        inner.setattr(sys, "stdout", terminal.theirs)
        inner.setattr(sys, "stderr", terminal.theirs)
        try:
            yield terminal
        finally:
            terminal.close()


@pytest.fixture
def rooms_csv(tmp_path: Path) -> str:
    file = tmp_path / "rooms.csv"
    file.write_text("unique_name\na\nb\nc\nd\ne\n")
    return str(file)


def test_a_terminal_shows_a_bar_and_then_the_table(
    rooms_csv: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A bar counts the rooms, and is replaced by the table."""
    with (
        on_a_terminal(monkeypatch) as terminal,
        ThreadPoolExecutor(1) as threads,
        BlockingServer() as server,  # left first, which releases what the others wait for
    ):
        monkeypatch.setenv("TELNYX_BASE_URL", server.url)
        monkeypatch.setenv("TELNYX_API_KEY", "key")
        code = threads.submit(main, ["batch", rooms_csv])
        server.wait_for(5)
        terminal.wait_for("Creating rooms")
        terminal.wait_for("0 of 5 rooms")
        server.release()
        assert code.result() == 0
    assert "5 made · 0 existed" in terminal.screen.rpartition("Line  Name")[2]
    assert terminal.raw.count("\x1b[?25l") == terminal.raw.count("\x1b[?25h")  # the cursor is back
    lines = re.split(r"[\r\n]+", terminal.screen)
    assert max(map(len, lines)) <= 80
    # A terminal prints ^C for Ctrl-C, which must fit on the line.
    assert max(len(line) for line in lines if "Creating rooms" in line) <= 77


@pytest.mark.usefixtures("sandbox")
def test_failures_are_printed_above_the_bar(
    rooms_csv: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A failure is printed immediately and not overwritten."""
    monkeypatch.setenv("TELNYX_API_KEY", "wrong")
    with on_a_terminal(monkeypatch) as terminal:
        assert main(["batch", rooms_csv]) == 1
    message = " ".join(terminal.screen.split())
    assert re.search(r"failed line \d, [a-e]: 401 Unauthorized", message)
    assert "Nothing more was sent: it would have been refused too." in message


def test_a_log_is_not_drawn_over(rooms_csv: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """With TELNYX_LOG no bar is drawn."""
    monkeypatch.setattr("telnyx_video.config.apply_log_level", Mock())  # restored after the test
    monkeypatch.setenv("TELNYX_LOG", "info")
    with on_a_terminal(monkeypatch) as terminal:
        assert main(["--sandbox", "batch", rooms_csv]) == 0
    assert "5 made" in terminal.screen
    assert "Creating rooms" not in terminal.screen


def test_a_slow_call_shows_a_spinner(monkeypatch: pytest.MonkeyPatch) -> None:
    """After a second a spinner shows the reason and the limit; the result replaces it."""
    with (
        on_a_terminal(monkeypatch) as terminal,
        ThreadPoolExecutor(1) as threads,
        BlockingServer() as server,
    ):
        monkeypatch.setenv("TELNYX_BASE_URL", server.url)
        monkeypatch.setenv("TELNYX_API_KEY", "key")
        code = threads.submit(main, ["get", "standup"])
        terminal.wait_for("; gives up in ")
        server.release()
        assert code.result() == 0
    host = server.url.removeprefix("http://").removesuffix("/v2")
    assert re.search(rf"no answer for \d+ s \({host}\); gives up in \d+ s", terminal.screen)
    assert "standup" in terminal.screen.rpartition("gives up in")[2]


def test_a_silent_server_has_a_line_below_the_bar(
    rooms_csv: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A second line shows the silence and when the batch gives up."""
    monkeypatch.setattr(import_module("telnyx_video.cli.batch.run"), "PATIENCE", 0.0)
    with (
        on_a_terminal(monkeypatch) as terminal,
        ThreadPoolExecutor(1) as threads,
        BlockingServer() as server,
    ):
        monkeypatch.setenv("TELNYX_BASE_URL", server.url)
        monkeypatch.setenv("TELNYX_API_KEY", "key")
        code = threads.submit(main, ["batch", rooms_csv])
        terminal.wait_for("gives up in 14 min")
        server.release()
        assert code.result() == 0
    assert "5 made" in terminal.screen.rpartition("gives up in")[2]


def test_slow_loading_shows_on_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    """Slow imports show "Loading…", which the result replaces."""
    with on_a_terminal(monkeypatch) as terminal:

        def slow(name: str) -> object:
            terminal.wait_for("Loading…")
            return import_module(name)

        monkeypatch.setattr("telnyx_video.cli.app.import_module", slow)
        assert main(["--sandbox", "list"]) == 0
    assert terminal.raw.count("\r        \r") == 1
    assert "no rooms" in terminal.screen.rpartition("Loading…")[2]
