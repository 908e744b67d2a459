"""Parts of a journal are lost, as in a power cut: the rest is read, and no room is doubled."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest

from batch.fake_server import FakeServer, Post
from support.asking import asked
from telnyx_video import (
    UNSET,
    ConfigurationError,
    CreateRoomRequest,
    Outcome,
    OutcomeUnknownError,
    Room,
    TransportError,
)
from telnyx_video.batch import CreateOutcome, OutcomeStream, collect
from telnyx_video.batch.journal_file import HEADER, RUN, boot_id
from telnyx_video.batch.outcome import encode_line, outcome_line

REQUESTS = [
    CreateRoomRequest(webhook_event_url=f"https://example.com/{number}")
    if number % 2
    else asked(number)
    for number in range(120)
]

TOO_DEEP = 100_000
"""Deeper than any JSON encoder goes; that of CPython 3.13 goes deeper than those before."""


@pytest.fixture
def server(tmp_path: Path) -> FakeServer:
    """A server in memory."""
    return FakeServer(tmp_path / "rooms.jsonl")


def run(server: FakeServer, requests: list[CreateRoomRequest] = REQUESTS) -> list[CreateOutcome]:
    """Begin or resume the batch, and run it to its end."""
    stream = OutcomeStream(server, requests, concurrency=2, journal=server.journal)
    outcomes = asyncio.run(collect(stream))
    assert stream.unreadable_lines >= 0
    return outcomes


@pytest.mark.parametrize("offset", range(0, 11000, 1100))
def test_a_page_of_zeros_is_survived(server: FakeServer, offset: int) -> None:
    """No room is doubled, and unknown outcomes are reported, wherever the page is."""
    run(server, REQUESTS[:40])
    content = bytearray(server.journal.read_bytes())
    zeros = content[offset : offset + 1000]
    content[offset : offset + 1000] = bytes(len(zeros))
    server.journal.write_bytes(bytes(content))
    outcomes = run(server)
    again = run(server)
    requests = [post.request for post in server.posts]
    assert len(outcomes) == len(REQUESTS)
    for request, outcome, later in zip(REQUESTS, outcomes, again, strict=True):
        assert requests.count(request) <= 1
        if request.unique_name is UNSET:
            assert outcome.room or isinstance(outcome.error, OutcomeUnknownError)
        else:
            assert requests.count(request) == 1
            assert outcome.room or outcome.status == "unknown"
        assert later.status == outcome.status or request.unique_name is not UNSET
    if offset:  # else it is not known how far the run was ahead
        assert all(outcome.room for outcome in outcomes[90:])


def damaged(*lines: bytes, run: bytes = b"") -> bytes:
    """Return a journal with an unreadable line before these."""
    return HEADER + run + b"\0" * 40 + b"\n" + b"".join(lines)


def outcome_of(server: FakeServer, request: CreateRoomRequest) -> CreateOutcome:
    """Run a batch of one."""
    (outcome,) = run(server, [request])
    return outcome


def test_a_request_whose_intent_may_be_lost_is_not_sent(server: FakeServer) -> None:
    """Without a name it is unknown, and that is written: the next run reads it."""
    nameless = CreateRoomRequest(max_participants=5)
    server.journal.write_bytes(damaged(run=RUN % (json.dumps(boot_id()).encode(), 8)))
    first, again = outcome_of(server, nameless), outcome_of(server, nameless)
    assert isinstance(first.error, OutcomeUnknownError)
    assert "may have said that this request was sent" in first.error.message
    assert (first.status, first.attempts, first.from_journal) == ("unknown", 0, False)
    assert (again.status, again.from_journal) == ("unknown", True)
    assert server.posts == []


@pytest.mark.parametrize("content", [b"\0" * 40, b"\0" * 40 + b"\n", b"\0\n{}\n"])
def test_a_file_without_any_readable_line_is_refused(server: FakeServer, content: bytes) -> None:
    """It may be anything, and is not changed."""
    server.journal.write_bytes(content)
    with pytest.raises(ConfigurationError, match="it has other content"):
        run(server)
    assert server.journal.read_bytes() == content


def test_an_invalid_request_fails_with_a_damaged_journal(server: FakeServer) -> None:
    """An input may be invalid, too."""
    server.journal.write_bytes(damaged(run=RUN % (json.dumps(boot_id()).encode(), 8)))
    outcome = outcome_of(server, "room-0")  # type: ignore[arg-type] # untyped callers
    assert (outcome.status, outcome.attempts) == ("failed", 0)


def test_an_outcome_after_the_damage_stands(server: FakeServer) -> None:
    """A later line says that the request was refused: it is tried again."""
    nameless = CreateRoomRequest(max_participants=5)
    refused = CreateOutcome(index=0, request=nameless, error=ConfigurationError("not today"))
    server.journal.write_bytes(damaged(encode_line(refused.to_dict())))
    assert outcome_of(server, nameless).status == "made"


@pytest.mark.parametrize("line", ["mark", "outcome"])
def test_a_named_request_whose_note_was_lost_is_found_by_its_name(
    server: FakeServer, line: str
) -> None:
    """Another line says that it may have been sent, so the room may be its own."""
    lost = CreateOutcome(index=0, request=asked(0), error=TransportError("cut", Outcome.UNKNOWN))
    left = b'{"begun":0,"at":1.5}\n' if line == "mark" else encode_line(lost.to_dict())
    server.journal.write_bytes(HEADER + left)
    server.posts.append(Post(asked(0), 0))
    assert outcome_of(server, asked(0)).status == "unknown"
    assert len(server.posts) == 1


def test_a_mark_whose_note_was_lost_may_be_of_a_given_name(server: FakeServer) -> None:
    """A name that ``auto_name`` gave is lost with the note, and is not replaced by another."""
    server.journal.write_bytes(HEADER + b'{"begun":0,"at":1.5}\n')
    assert outcome_of(server, CreateRoomRequest()).status == "unknown"
    assert server.posts == []


def nested(depth: int) -> object:
    """Return lists in lists."""
    value: list[object] = []
    for _ in range(depth):
        value = [value]
    return value


@pytest.mark.parametrize("depth", [10, 300, 980, TOO_DEEP])
@pytest.mark.parametrize("attempts", [1, 2])
def test_an_outcome_with_a_deeply_nested_room_is_written(depth: int, attempts: int) -> None:
    """If it cannot be written in full, its known fields are."""
    room = Room(id="a", unique_name="room-0", extra={"deep": nested(depth)})
    outcome = CreateOutcome(index=0, request=asked(0), room=room, attempts=attempts)
    line = outcome_line(outcome, b"{}")
    if depth == 10:
        assert json.loads(line)["room"]["deep"]
    if depth == TOO_DEEP:
        assert json.loads(line)["room"] == {"id": "a", "unique_name": "room-0"}
    assert line.startswith(b'{"index')
    assert b'"id":' in line
