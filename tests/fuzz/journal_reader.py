"""Fuzzes the reader of journals: the data is the file."""

import asyncio
import tempfile
from pathlib import Path

from telnyx_video import ConfigurationError
from telnyx_video.batch.journal import Journal


def check(data: bytes) -> None:
    """A file is refused unchanged, or repaired and then read identically."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "journal.jsonl")
        path.write_bytes(data)
        try:
            records = asyncio.run(read(path))
        except ConfigurationError as error:
            assert str(error).isprintable()
            assert path.read_bytes() == data
            return
        repaired = path.read_bytes()
        assert asyncio.run(read(path)) == records
        assert path.read_bytes() == repaired


async def read(path: Path) -> list[tuple[object, object]]:
    """Open the journal and return its records."""
    journal = await Journal.open(path)
    try:
        records = journal.file.records
        indices = range(min(len(records.offsets), 1000))
        return [(records.pending.get(index), journal.file.outcome(index)) for index in indices]
    finally:
        await journal.close()
