"""Fuzzes the command line's reader of CSV and JSON lines: the data is the file."""

import io
from typing import get_args

from telnyx_video import CreateRoomRequest
from telnyx_video.cli.batch.rows import Format, Row, read_rows, sniff

FORMATS = get_args(Format)


def check(data: bytes) -> None:
    """Every row is a request or a problem in words, with its line, in the order of the file."""
    text = data.decode(errors="surrogateescape")
    assert sniff(io.StringIO(text)) in FORMATS
    for form in FORMATS:
        before = 0
        for entry in read_rows(io.StringIO(text, newline=""), form):
            assert entry.line >= before
            before = entry.line
            if isinstance(entry, Row):
                assert CreateRoomRequest.from_dict(entry.request.to_dict()) == entry.request
            else:
                assert all(entry.texts)
