"""A journal that was changed by a disk, an editor or a script: an error, or a batch."""

from __future__ import annotations

import asyncio
import json
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from batch.fake_server import FakeServer
from support.asking import asked
from support.background import SOON
from support.strategies import json_values
from telnyx_video import (
    ConfigurationError,
    CreateRoomRequest,
    Outcome,
    Room,
    TransportError,
)
from telnyx_video._base.http import HttpRequest
from telnyx_video._execution.reconcile import CreateResult
from telnyx_video.batch import CreateOutcome, OutcomeStream, collect
from telnyx_video.batch.journal_file import (
    BEGUN,
    GAP,
    HEADER,
    NOTED,
    JournalFile,
    Pending,
    Records,
)
from telnyx_video.batch.outcome import encode_line

INTENT = b'{"intent":0,"at":1.5,"request":{"unique_name":"room-0"}}\n'
REQUESTS = [
    CreateRoomRequest(max_participants=2 + number)
    if number % 2
    else CreateRoomRequest(unique_name=f"room-{number}", enable_recording=True)
    for number in range(6)
]


@pytest.fixture
def server(tmp_path: Path) -> FakeServer:
    """A server in memory, with the path of a journal."""
    return FakeServer(tmp_path / "rooms.jsonl")


async def run(server: FakeServer, requests: list[CreateRoomRequest]) -> list[CreateOutcome]:
    """Run a batch with the server's journal to its end."""
    return await collect(OutcomeStream(server, requests, concurrency=2, journal=server.journal))


@pytest.mark.parametrize(
    "damaged",
    [
        b'{"index":1,"request":{"unique_name":"room-1"},"room":{"id":5}}\n',
        b'{"index":1,"request":{"unique_name":"room-1"},"room":{"id":"x","created_at":"soon"}}\n',
        b'{"index":1,"request":{"unique_name":"room-1","max_participants":5.0},"room":{"id":"x"}}\n',
        b'{"index":1,"request":{"unique_name":"room-1","max_participants":5.0},"error":{}}\n',
        b'{"intent":1,"at":1,"request":{"unique_name":"room-1","max_participants":5.0}}\n',
    ],
)
async def test_an_unreadable_request_is_named_by_its_place(
    server: FakeServer, damaged: bytes
) -> None:
    """The error names the file and the index; nothing is sent."""
    server.journal.write_bytes(HEADER + INTENT + damaged)
    requests = [asked(0), CreateRoomRequest(unique_name="room-1", max_participants=5)]
    if b"max" not in damaged:
        requests[1] = asked(1)
    problem = r"rooms\.jsonl, request 1 \(from 0\): not a line of a journal"
    with pytest.raises(ConfigurationError, match=problem):
        await run(server, requests)
    assert server.posts == []


async def test_an_invalid_name_is_named_by_its_place(server: FakeServer) -> None:
    """The same holds for a name that an earlier run gave."""
    server.journal.write_bytes(HEADER + INTENT.replace(b'"room-0"', b"5"))
    with pytest.raises(ConfigurationError, match="request 0"):
        await run(server, [CreateRoomRequest()])
    assert server.posts == []


def test_an_index_far_ahead_is_read(tmp_path: Path) -> None:
    """Thousands of requests may have been drawn and not noted at a crash."""
    journal, last = tmp_path / "rooms.jsonl", 2 + GAP - 1
    journal.write_bytes(HEADER + INTENT.replace(b":0,", b":%d," % last))
    file = JournalFile(str(journal))
    file.load()
    file.close()
    assert set(file.records.pending) == {last}


class Lenient:
    """Makes any room.

    Attributes:
        gave_up: Never.
    """

    gave_up = False

    def prepare(self, request: CreateRoomRequest) -> CreateRoomRequest:
        """Return it unchanged."""
        return request

    async def create(
        self,
        request: CreateRoomRequest,
        seconds_since_intent: float | None,
        http_request: HttpRequest | None,
    ) -> CreateResult:
        """Make it; the time since it was begun must be plausible."""
        assert seconds_since_intent is None or 0 <= seconds_since_intent < 1e11
        assert request in REQUESTS
        return CreateResult(Room(id="made"))


def line(number: int) -> dict[str, object]:
    """The line of a request: an intent, a room, or one of two errors."""
    request = REQUESTS[number]
    if number % 4 == 0:
        return {"intent": number, "at": 1.5, "request": request.to_dict()}
    outcome = CreateOutcome(index=number, request=request, room=Room(id="earlier"))
    if number % 4 == 3:
        error = TransportError("cut", Outcome.UNKNOWN if number == 3 else Outcome.NOT_APPLIED)
        outcome = CreateOutcome(index=number, request=request, error=error)
    written: dict[str, object] = json.loads(encode_line(outcome.to_dict()))
    return written


def paths(content: dict[str, object]) -> list[tuple[str, ...]]:
    """Return the paths of an object's values, nested ones included."""
    found: list[tuple[str, ...]] = []
    for key, value in content.items():
        found.append((key,))
        if isinstance(value, dict):
            found += [(key, *path) for path in paths(cast("dict[str, object]", value))]
    return found


def put(content: dict[str, object], path: tuple[str, ...], value: object) -> dict[str, object]:
    """Return the same object with another value at a path."""
    key, *rest = path
    if rest:
        value = put(cast("dict[str, object]", content[key]), tuple(rest), value)
    return content | {key: value}


numbers = st.sampled_from([2**31, 10**14, 2**63, 1e308, -1e308, -1, 0.5, True])
odd = json_values | numbers | st.just("") | st.builds(dict[str, object])


@st.composite
def damaged(draw: st.DrawFn) -> bytes:
    """Draw the lines of a journal, a few of them changed, moved, doubled, or without some bytes."""
    lines = [line(number) for number in range(len(REQUESTS))]
    for _ in range(draw(st.integers(1, 3))):
        place = draw(st.integers(0, len(lines) - 1))
        lines[place] = put(lines[place], draw(st.sampled_from(paths(lines[place]))), draw(odd))
    if draw(st.booleans()):
        lines = draw(st.lists(st.sampled_from(lines), min_size=1, max_size=8))
    content = b"".join(map(encode_line, lines))
    if draw(st.booleans()):
        at, length = draw(st.integers(0, len(content))), draw(st.integers(0, 3))
        content = content[:at] + draw(st.binary(max_size=3)) + content[at + length :]
    return HEADER + content


@settings(max_examples=150, deadline=None)
@given(damaged(), st.booleans())
def test_a_damaged_journal_is_resumed_or_refused(content: bytes, at_hand: bool) -> None:
    """Resuming it ends well or with a `ConfigurationError`, never with another error."""
    with TemporaryDirectory() as folder:
        journal = Path(folder, "rooms.jsonl")
        journal.write_bytes(content)
        source = REQUESTS if at_hand else iter(REQUESTS)
        stream = OutcomeStream(Lenient(), source, concurrency=2, journal=journal)
        with suppress(ConfigurationError):
            outcomes = asyncio.run(asyncio.wait_for(collect(stream), SOON))
            assert [outcome.index for outcome in outcomes] == list(range(len(REQUESTS)))


@pytest.mark.parametrize("order", [(0, 1, 0), (1, 0), (0, 1, 0, 1), (1, 0, 0)])
def test_a_late_or_repeated_note_keeps_the_mark(order: tuple[int, ...]) -> None:
    """Otherwise the room that was made after the mark would count as someone else's."""
    lines = (NOTED % (3, b'{"unique_name":"r3"}'), BEGUN % (3, 5.0))
    records = Records()
    for number, line in enumerate(order, 2):
        assert records.read(lines[line], 100 * number, number)
    assert records.pending[3] == Pending({"unique_name": "r3"}, 5.0)


def test_a_note_after_the_outcome_changes_nothing() -> None:
    """The request stays done."""
    outcome = b'{"index":3,"request":{"unique_name":"r3"},"room":{"id":"1"},"error":null}\n'
    records = Records()
    assert records.read(outcome, 0, 2)
    assert records.read(NOTED % (3, b'{"unique_name":"r3"}'), 100, 3)
    assert records.pending == {}
    assert records.offsets[3] == 0
