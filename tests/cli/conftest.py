"""Fixtures for the tests of the command line."""

import os
import signal
from collections.abc import Iterator
from importlib import import_module

import pytest

from cli.command import Command, environment
from cli.sessions import Session, start_session
from telnyx_video.sandbox import Sandbox


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Remove keys, terminal widths and colour settings from the environment."""
    wanted = environment()
    for name in os.environ.keys() - wanted.keys():
        monkeypatch.delenv(name)


@pytest.fixture(autouse=True)
def patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """A busy machine may answer late; do not report the silence."""
    for module in ("run", "report"):
        monkeypatch.setattr(import_module(f"telnyx_video.cli.batch.{module}"), "PATIENCE", 1e9)


@pytest.fixture
def command(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Command:
    return Command(capsys, monkeypatch)


@pytest.fixture
def signals() -> Iterator[None]:
    """Restore the default handler of Ctrl-C, which background jobs ignore."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.fixture
def sandbox(telnyx_sandbox: Sandbox) -> Sandbox:
    """A server named by the environment."""
    return telnyx_sandbox


@pytest.fixture
def session(command: Command, sandbox: Sandbox) -> Session:
    """An active, recorded session."""
    return start_session(command, sandbox)
