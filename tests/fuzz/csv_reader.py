"""Fuzzes the command line's reader of CSV and JSON lines: the data is the file."""

import io
from typing import get_args

from telnyx_video import CreateRoomRequest
from telnyx_video.cli.batch.source import Format, Source, sniff

FORMATS = get_args(Format)


def check(data: bytes) -> None:
    """Every row is a request or a problem, with its line number, in file order."""
    text = data.decode(errors="surrogateescape")
    assert sniff(io.StringIO(text)) in FORMATS
    for form in FORMATS:
        before = 0
        for row in Source("rooms", io.BytesIO(data), form).rows():
            assert row.line >= before
            before = row.line
            if isinstance(row.request, CreateRoomRequest):
                assert CreateRoomRequest.from_dict(row.request.to_dict()) == row.request
            else:
                assert all(map(str, row.request.details))
