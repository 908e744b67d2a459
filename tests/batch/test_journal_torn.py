"""A batch that dies when its journal has any length, even within a line, can be resumed."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from batch.fake_server import FakeServer
from telnyx_video import UNSET, CreateRoomRequest
from telnyx_video.batch import CreateOutcome, OutcomeStream, collect
from telnyx_video.batch.journal_file import HEADER, JournalFile, header

REQUESTS = [
    CreateRoomRequest(max_participants=2 + number)
    if number % 3 == 0
    else CreateRoomRequest(unique_name=f"room {number} ☎")
    for number in range(8)
]


def run(server: FakeServer, concurrency: int = 3, *, at_hand: bool = True) -> list[CreateOutcome]:
    """Begin or resume the batch, and run it to its end."""

    async def later() -> AsyncIterator[CreateRoomRequest]:
        for request in REQUESTS:
            yield request

    source = REQUESTS if at_hand else later()
    stream = OutcomeStream(server, source, concurrency=concurrency, journal=server.journal)
    return asyncio.run(collect(stream))


def check(server: FakeServer, outcomes: list[CreateOutcome]) -> None:
    """Check that each room exists once, or at most once if it has no name and is unknown."""
    assert [outcome.index for outcome in outcomes] == list(range(len(REQUESTS)))
    made = Counter(str(post.request) for post in server.posts)
    for request, outcome in zip(REQUESTS, outcomes, strict=True):
        certain = request.unique_name is not UNSET or outcome.error is None
        assert made[str(request)] == 1 if certain else made[str(request)] <= 1
        assert outcome.error is None or request.unique_name is UNSET
    lines = [json.loads(line) for line in server.journal.read_bytes().splitlines()[1:]]
    assert {line["index"] for line in lines if "index" in line} == set(range(len(REQUESTS)))


def load(journal: Path, server: str | None = None) -> None:
    """Open a journal, and repair it."""
    file = JournalFile(str(journal))
    file.load(server)
    file.close()


def test_a_journal_cut_at_any_byte_is_repaired(tmp_path: Path) -> None:
    """A torn line is removed; all lines before it are kept."""
    server = FakeServer(tmp_path / "journal")
    run(server)
    whole = server.journal.read_bytes()
    for length in range(len(HEADER), len(whole)):
        server.journal.write_bytes(whole[:length])
        load(server.journal)
        kept = whole[: whole.rindex(b"\n", 0, length) + 1]
        if whole[length] == ord("\n"):  # nothing but the newline is missing
            kept = whole[: length + 1]
        assert server.journal.read_bytes() == kept


@pytest.mark.parametrize("length", [0, 1, len(HEADER) - 1])
def test_a_torn_first_line_is_replaced(tmp_path: Path, length: int) -> None:
    """A torn first line, or an empty file, is not refused as another file."""
    server = FakeServer(tmp_path / "journal")
    server.journal.write_bytes(HEADER[:length])
    check(server, run(server))


def test_a_first_line_that_names_a_server_may_be_torn_anywhere(tmp_path: Path) -> None:
    """The journal is begun again, even by a batch for another server."""
    journal, whole = tmp_path / "journal", header("https://there.example/v2")
    for length in range(len(whole)):
        journal.write_bytes(whole[:length])
        load(journal, "https://here.example/v2")
        assert journal.read_bytes() == header("https://here.example/v2")


@settings(max_examples=40, deadline=None)
@given(st.lists(st.floats(0, 1), max_size=4), st.integers(1, 5), st.booleans())
def test_a_batch_may_die_any_number_of_times(
    deaths: list[float], concurrency: int, at_hand: bool
) -> None:
    """Each run dies at some byte that it wrote, and the last one finishes the batch."""
    with TemporaryDirectory() as folder:
        server = FakeServer(Path(folder, "journal"))
        server.journal.touch()
        for death in deaths:
            before = server.journal.stat().st_size
            run(server, concurrency, at_hand=at_hand)
            after = server.journal.stat().st_size
            server.die(before + round((after - before) * death))
        check(server, run(server, concurrency, at_hand=at_hand))
