"""Recorded replies: the files of `samples/<case>/<status>.<kind>`."""

from pathlib import Path

from telnyx_video._base.http import HttpReply

SAMPLES = Path(__file__).parent.parent / "samples"

HEADERS = {
    "x-request-id": "req-9c1b",
    "x-ratelimit-limit": "100",
    "x-ratelimit-remaining": "7",
    "x-ratelimit-reset": "3",
    "date": "Fri, 01 Mar 2024 09:00:00 GMT",
}


def sample(path: str) -> HttpReply:
    """Return the recorded reply `<case>/<status>.<kind>`, with headers as the API sends them."""
    file = SAMPLES / path
    return HttpReply(int(file.stem), HEADERS, file.read_bytes())


def sample_paths() -> list[str]:
    """Return the path of each recorded reply."""
    return sorted(
        file.relative_to(SAMPLES).as_posix() for file in SAMPLES.rglob("*") if file.is_file()
    )
