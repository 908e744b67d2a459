"""Every operation of the Video API reaches its route from each client and the command line.

The page `docs/operations.md` is the list; nothing of the published contract, of the clients, of the
sandbox or of the command line may be missing from it.
"""

import inspect
import io
import os
import re
import sys
from collections.abc import Iterable
from importlib import import_module
from pathlib import Path
from typing import Any

import attrs
import pytest
import yaml
from typer.main import get_command

from telnyx_video import AsyncRoomsClient, RoomsClient
from telnyx_video.cli import main
from telnyx_video.cli.app import GROUPS
from telnyx_video.client import Pager, blocking
from telnyx_video.resources.compositions import AsyncCompositions
from telnyx_video.resources.participants import AsyncParticipants
from telnyx_video.resources.recordings import AsyncRecordings
from telnyx_video.resources.sessions import AsyncSessions
from telnyx_video.sandbox import Sandbox
from telnyx_video.sandbox.routes import DOWNLOAD, OPERATIONS

pytestmark = pytest.mark.telnyx_sandbox(composition_delay=0)

SPEC = os.environ.get("TELNYX_VIDEO_SPEC")
PAGE = Path(__file__).parents[2] / "docs" / "operations.md"

AWAITED = (AsyncRoomsClient, AsyncSessions, AsyncParticipants, AsyncRecordings, AsyncCompositions)
BLOCKING = (
    RoomsClient,
    blocking.Sessions,
    blocking.Participants,
    blocking.Recordings,
    blocking.Compositions,
)

MADE_OF_OTHERS = {
    "request",
    "with_options",
    "with_raw_response",
    "get_by_name",
    "create_many",
    "stream_many",
    "wait",
    "download",
    "open",
    "aclose",
    "close",
}
"""Methods that are not operations of the API."""

COMMANDS_MADE_OF_OTHERS = {"batch", "download"}


@attrs.frozen
class Row:
    """The page's row of one operation."""

    operation: str
    awaited: str
    blocking: str
    route: str
    command: str


ROWS = [
    Row(*re.findall(r"`([^`]+)`", line))
    for line in PAGE.read_text(encoding="utf-8").splitlines()
    if line.startswith("| `")
]


def methods(classes: Iterable[type]) -> set[str]:
    """Return the public methods of classes, as the page writes them."""
    return {
        f"{cls.__name__}.{name}"
        for cls in classes
        for name, _ in inspect.getmembers(cls, callable)
        if not name.startswith("_") and name not in MADE_OF_OTHERS
    }


def commands() -> set[str]:
    """Return the commands of all groups."""
    groups: dict[str, Any] = {
        name: get_command(import_module(f"telnyx_video.cli.commands.{name}").app) for name in GROUPS
    }
    return {
        f"{name} {command}"
        for name, group in groups.items()
        for command in group.commands
        if command not in COMMANDS_MADE_OF_OTHERS
    }


@pytest.mark.skipif(SPEC is None, reason="TELNYX_VIDEO_SPEC names no folder")
def test_every_published_operation_is_listed() -> None:
    """The page has every operation of the contract, with its method and path."""
    contract = yaml.safe_load(Path(str(SPEC), "video-full.yaml").read_text())
    assert {row.operation: row.route for row in ROWS} == {
        operation["operationId"]: f"{method.upper()} {re.sub(r'{.*?}', '{id}', path)}"
        for path, methods in contract["paths"].items()
        for method, operation in methods.items()
    }
    assert len(ROWS) == len({row.operation for row in ROWS})


def test_every_method_route_and_command_is_listed() -> None:
    """The page has every method of the clients, route of the sandbox and command."""
    assert {row.awaited for row in ROWS} == methods(AWAITED)
    assert {row.blocking for row in ROWS} == methods(BLOCKING)
    assert {row.route for row in ROWS} == {*OPERATIONS} - {DOWNLOAD}
    assert {" ".join(row.command.split()[:2]) for row in ROWS} == commands()


class PreparedSandbox:
    """A sandbox with an object for each operation."""

    def __init__(self, sandbox: Sandbox) -> None:
        self.sandbox = sandbox
        with RoomsClient() as rooms:
            self.room = rooms.create(enable_recording=True).id
            gone, self.participant, _ = (sandbox.join(self.room) for _ in range(3))
            self.session = str(rooms.get(self.room).active_session_id)
            self.token = str(rooms.join_token(self.room).refresh_token)
            rooms.sessions.kick(self.session, [gone])
            self.recording = next(iter(rooms.recordings.list())).id
            self.composition = rooms.compositions.create(session_id=self.session).id

    def arguments(self, operation: str) -> tuple[tuple[Any, ...], dict[str, Any]]:
        """Return the arguments of an operation."""
        participants = [self.participant]
        needed: dict[str, tuple[tuple[Any, ...], dict[str, Any]]] = {
            "UpdateRoom": ((self.room,), {"max_participants": 5}),
            "RefreshRoomClientToken": ((self.room, self.token), {}),
            "RetrieveListRoomSessions": ((), {"room_id": self.room}),
            "DeleteRoomRecordings": ((), {"type": "audio"}),
            "CreateRoomComposition": ((), {"session_id": self.session}),
            **dict.fromkeys(
                (
                    "MuteParticipantInSession",
                    "UnmuteParticipantInSession",
                    "KickParticipantInSession",
                ),
                ((self.session, participants), {}),
            ),
        }
        return needed.get(operation, ((), {}))

    def subject(self, route: str) -> tuple[str, ...]:
        """Return the id that a route needs."""
        ids = {
            "rooms": self.room,
            "room_sessions": self.session,
            "room_participants": self.participant,
            "room_recordings": self.recording,
            "room_compositions": self.composition,
        }
        return (ids[route.split("/")[1]],) if "{id}" in route else ()

    def call(self, row: Row) -> tuple[tuple[Any, ...], dict[str, Any]]:
        """Return all arguments of a method."""
        args, kwargs = self.arguments(row.operation)
        return args or (() if kwargs else self.subject(row.route)), kwargs

    def words(self, row: Row) -> list[str]:
        """Return the words of a command."""
        args, kwargs = self.call(row)
        words = [word for word in row.command.split() if not word.startswith("--")]
        if row.operation == "RefreshRoomClientToken":
            args = args[:1]  # the other one is read from standard input
        for argument in args:
            words += argument if isinstance(argument, list) else [argument]
        words += [f"--{name.replace('_', '-')}={value}" for name, value in kwargs.items()]
        words += ["--nameless"] * (row.operation == "CreateRoom")
        return words + ["--yes"] * (row.operation in LAST)


def one_request(row: Row) -> dict[str, int]:
    """Return the sandbox's count for one request to a row's route."""
    method, route = row.route.split()
    return {f"{method} /v2{route}": 1}


LAST = (
    "EndSession",
    "DeleteRoomRecording",
    "DeleteRoomRecordings",
    "DeleteRoomComposition",
    "DeleteRoom",
)


def in_order() -> list[Row]:
    """Return the rows, with deletions last."""
    others = [row for row in ROWS if row.operation not in LAST]
    return others + [row for name in LAST for row in ROWS if row.operation == name]


@pytest.fixture
def prepared(sandbox: Sandbox) -> PreparedSandbox:
    return PreparedSandbox(sandbox)


def method_of(client: Any, name: str) -> Any:
    """Return a method of a client, or of one of its groups."""
    cls, method = name.removeprefix("Async").split(".")
    return getattr(client if cls == "RoomsClient" else getattr(client, cls.lower()), method)


async def test_every_operation_can_be_awaited(prepared: PreparedSandbox) -> None:
    """Each method of the asynchronous client makes the request that the page names."""
    async with AsyncRoomsClient() as rooms:
        for row in in_order():
            before = prepared.sandbox.requests
            args, kwargs = prepared.call(row)
            result = method_of(rooms, row.awaited)(*args, **kwargs)
            if inspect.isawaitable(result):
                await result
            else:
                assert [item async for item in result]
            assert prepared.sandbox.requests - before == one_request(row), row.operation


def test_every_operation_can_be_called(prepared: PreparedSandbox) -> None:
    """Each method of the blocking client makes the request that the page names."""
    with RoomsClient() as rooms:
        for row in in_order():
            before = prepared.sandbox.requests
            args, kwargs = prepared.call(row)
            result = method_of(rooms, row.blocking)(*args, **kwargs)
            if isinstance(result, Pager):
                assert [*result]
            assert prepared.sandbox.requests - before == one_request(row), row.operation


def test_every_operation_has_a_command(
    prepared: PreparedSandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each command makes the request that the page names, and succeeds."""
    for row in in_order():
        before = prepared.sandbox.requests
        monkeypatch.setattr(sys, "stdin", io.StringIO(f"{prepared.token}\n"))
        assert main(prepared.words(row)) == 0
        assert prepared.sandbox.requests - before == one_request(row), row.operation
