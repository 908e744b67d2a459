"""Runs a job as a driver does, and writes its summary: `drive.py SETTINGS REPORT`."""

import json
import sys
import time
from pathlib import Path

from distributed import Client

from telnyx_video import AsyncRoomsClient
from telnyx_video.dask import JobProgress, provision
from telnyx_video.observing import Hook


def connect(*, base_url: str, concurrency: int, hooks: Hook) -> AsyncRoomsClient:
    """Connect by plain HTTP, to any host."""
    return AsyncRoomsClient(
        base_url=base_url, concurrency=concurrency, hooks=hooks, allow_insecure=True
    )


def main() -> None:
    """Run the job."""
    settings = json.loads(sys.argv[1])
    scheduler = settings.pop("scheduler", None)
    client = scheduler and Client(scheduler)
    seen: JobProgress | None = None

    def note(progress: JobProgress) -> None:
        nonlocal seen
        seen = progress

    began = time.monotonic()
    job = provision(**settings, client=client, connect=connect, on_progress=note)
    took = time.monotonic() - began
    summary = job.summary
    report = summary.to_dict() | {
        "rows": summary.rows,
        "present": summary.present,
        "seconds": took,
        "refused": seen.refused if seen else 0,
    }
    Path(sys.argv[2]).write_text(json.dumps(report), encoding="utf-8")


if __name__ == "__main__":
    main()
