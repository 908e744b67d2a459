"""Many creates: a few workers draw from the input, and a stream yields the outcomes.

Memory stays bounded: input is drawn when a worker is free, and workers wait until outcomes are
taken. How one room is made is passed in (``stream.Creator``), without any network here.

- ``stream``: the workers
- ``source``: the input, numbered and drawn lazily
- ``queue``: what the workers draw, given the journal of earlier runs
- ``outcome``: the outcome of one request, its line in a journal, and the progress of a batch
- ``journal``: makes a batch resumable: writes and syncs the lines of many workers together
- ``journal_file``: the file itself: its lines, its lock, and reading it
"""

from __future__ import annotations

from telnyx_video.batch.outcome import CreateOutcome, CreateStatus, OnProgress, Progress
from telnyx_video.batch.source import Requests
from telnyx_video.batch.stream import Creator, OutcomeStream, collect

__all__ = [
    "CreateOutcome",
    "CreateStatus",
    "Creator",
    "OnProgress",
    "OutcomeStream",
    "Progress",
    "Requests",
    "collect",
]
