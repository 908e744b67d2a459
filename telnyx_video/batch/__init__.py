"""Many creates at once: a few workers draw from the input, and outcomes come out.

Nothing piles up: input is drawn when a worker is free, and workers wait until outcomes are taken.
How one room is made is handed in, so that nothing here knows of networks.

- ``outcome``: what became of one request, and how far a batch has come
- ``stream``: the workers
- ``source``: the input, numbered and drawn lazily
- ``jobs``: what the workers draw of it, in the light of earlier runs
- ``journal``: the file that makes a batch resumable
- ``records``: the lines of that file
- ``waiting``: waiting for what must not be left half-way
"""

from __future__ import annotations

from telnyx_video.batch.outcome import CreateOutcome, OnProgress, Progress
from telnyx_video.batch.source import Requests
from telnyx_video.batch.stream import Creator, OutcomeStream, collect

__all__ = [
    "CreateOutcome",
    "Creator",
    "OnProgress",
    "OutcomeStream",
    "Progress",
    "Requests",
    "collect",
]
