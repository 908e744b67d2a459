"""Downloads that fail: the error says why, and nothing is left behind."""

from __future__ import annotations

import asyncio
import threading
from pathlib import Path
from typing import Any

import pytest

from resources.storage import FILE, fetched, file, located, names, storing
from support.authority import Authority
from support.clients import client
from support.scripted_server import Act, answer, closed_port, cut, say, serve
from support.words import is_one_line
from telnyx_video import (
    AsyncRoomsClient,
    ConfigurationError,
    InvalidRequestError,
    NotFoundError,
    NotReadyError,
    Outcome,
    TransportError,
)
from telnyx_video._execution.download import in_thread
from telnyx_video.models import DownloadProgress
from telnyx_video.sandbox import Sandbox


@pytest.mark.parametrize(
    ("act", "reason", "requests"),
    [
        (answer(403), "status 403", 1),
        (answer(405), "status 405", 1),
        (answer(503), "status 503", 3),
        (cut, "ServerDisconnectedError", 6),  # aiohttp retries once itself
        (file(FILE, size=11, tag=None, close=True), "ClientPayloadError", 3),
        (answer(200, FILE, {"Content-Encoding": "gzip"}), "sent it compressed", 1),
        (answer(302, None, {"Location": "ftp://127.0.0.1/?signature=secret"}), "followed", 1),
    ],
    ids=["403", "405", "503", "cut", "short", "gzip", "redirect"],
)
async def test_a_failed_download_leaves_no_file(
    act: Act, reason: str, requests: int, tmp_path: Path
) -> None:
    """The error says why, in one line without the URL's signature."""
    async with storing(act, query="?signature=secret") as (storage, rooms):
        with pytest.raises(TransportError, match=reason) as caught:
            await fetched(rooms, tmp_path / "a")
        assert len(storage.requests) == requests
    assert caught.value.outcome is Outcome.NOT_APPLIED
    assert caught.value.retryable is (requests > 1)
    assert is_one_line(str(caught.value))
    assert "secret" not in str(caught.value)
    assert names(tmp_path) == []


@pytest.mark.parametrize(
    "url",
    [
        "ftp://example.com/?secret",
        "no address?secret",
        "http://[?secret",
        "https://\0?secret",
        "//example.com/file?secret",
        "/file?secret",
    ],
)
async def test_an_invalid_url_is_not_shown(url: str, tmp_path: Path) -> None:
    """Whatever the API sends in place of a URL, the error does not repeat it."""
    async with serve(located(url)) as api, client(api, trust_env=True) as rooms:
        with pytest.raises(TransportError) as caught:
            await fetched(rooms, tmp_path / "a")
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("size_mb", [0.000012, 6])
async def test_a_body_truncated_by_a_closed_connection_is_not_complete(
    size_mb: float, tmp_path: Path
) -> None:
    """If the host announces no size, the size that the API reports decides."""
    cut_short = say(b"HTTP/1.1 200 OK\r\n\r\n0123", close=True)
    async with (
        serve(cut_short) as storage,
        serve(located(f"{storage.url}/file", size_mb=size_mb)) as api,
        client(api) as rooms,
    ):
        with pytest.raises(TransportError, match=f"after 4 bytes, .* reports {size_mb:g} MB"):
            await fetched(rooms, tmp_path / "a")
        assert len(storage.requests) == 3
    assert names(tmp_path) == []


async def test_a_device_is_refused_before_anything_is_sent(
    sandbox: Sandbox, rooms: AsyncRoomsClient
) -> None:
    """Downloads replace regular files only."""
    with pytest.raises(OSError, match="Only a regular file can be replaced"):
        await rooms.recordings.download("a", "/dev/full")
    assert sandbox.requests == {}


async def test_an_unreachable_storage_host(tmp_path: Path) -> None:
    """Refused connections are retried, then reported."""
    address = f"http://127.0.0.1:{closed_port()}/file?signature=secret"
    async with serve(located(address)) as api, client(api) as rooms:
        with pytest.raises(TransportError, match="Cannot connect") as caught:
            await fetched(rooms, tmp_path / "a")
    assert "secret" not in str(caught.value)


async def test_a_certificate_that_does_not_verify_is_final(
    authority: Authority, tmp_path: Path
) -> None:
    """Retrying would not help."""
    tls = authority.serving("127.0.0.1")
    async with storing(file(), tls=tls) as (storage, rooms):
        with pytest.raises(TransportError, match="certificate") as caught:
            await fetched(rooms, tmp_path / "a")
        assert not caught.value.retryable
        assert storage.requests == []


@pytest.mark.parametrize("status", ["processing", None])
async def test_an_object_without_a_file_is_not_ready(status: str | None, tmp_path: Path) -> None:
    """The error differs from a failure, so that the caller can try again later."""
    async with serve(located(None, status=status)) as api, client(api) as rooms:
        with pytest.raises(NotReadyError, match="recording a has no file yet") as caught:
            await fetched(rooms, tmp_path / "a")
    assert caught.value.status == status
    assert names(tmp_path) == []


async def test_an_unknown_id_cannot_be_downloaded(rooms: AsyncRoomsClient, tmp_path: Path) -> None:
    """As for any other call, it raises NotFoundError."""
    with pytest.raises(NotFoundError):
        await rooms.recordings.download("00000000-0000-4000-8000-000000000000", tmp_path / "a")
    with pytest.raises(InvalidRequestError, match="read_timeout"):
        await rooms.compositions.download("a", tmp_path / "a", read_timeout=0)
    assert names(tmp_path) == []


async def report(_: object) -> None:
    """Report progress, as a coroutine function."""


@pytest.mark.parametrize("path", [5, "\ud800"], ids=ascii)
async def test_invalid_arguments_are_reported_together(
    sandbox: Sandbox, rooms: AsyncRoomsClient, path: Any
) -> None:
    """And before anything is requested."""
    wrong: dict[str, Any] = {"on_progress": report, "read_timeout": "30"}
    for group in (rooms.recordings, rooms.compositions):
        with pytest.raises(InvalidRequestError) as caught:
            await group.download("a", path, **wrong)
        assert [detail.field for detail in caught.value.details] == ["path", *wrong]
    assert not sandbox.requests


async def test_an_unwritable_path_is_reported_before_anything_is_sent(
    sandbox: Sandbox, rooms: AsyncRoomsClient, tmp_path: Path
) -> None:
    """A missing folder is found before the file is fetched."""
    with pytest.raises(FileNotFoundError):
        await rooms.recordings.download("a", tmp_path / "missing" / "a")
    assert sandbox.requests == {}


async def test_a_disk_that_is_full_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is not a network failure: nothing is retried, and nothing is left behind."""

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    async with storing(file()) as (storage, rooms):
        monkeypatch.setattr("telnyx_video._execution.download.os.fsync", full)
        with pytest.raises(OSError, match="No space left") as caught:
            await fetched(rooms, tmp_path / "a")
        assert not isinstance(caught.value, TransportError)
        assert caught.value.filename == str(tmp_path / "a")
        assert len(storage.requests) == 1
    assert names(tmp_path) == []


async def test_an_error_of_on_progress_ends_the_download(tmp_path: Path) -> None:
    """The error is raised, and nothing is left behind."""

    def complain(_: DownloadProgress) -> None:
        raise LookupError("enough")

    async with storing(file()) as (_, rooms):
        with pytest.raises(LookupError, match="enough"):
            await rooms.recordings.download("a", tmp_path / "a", on_progress=complain)
    assert names(tmp_path) == []


async def test_a_cancelled_download_leaves_nothing(tmp_path: Path) -> None:
    """Neither a file nor a connection nor a task."""
    async with storing(file(b"0123")) as (storage, rooms):
        downloading = asyncio.create_task(rooms.recordings.download("a", tmp_path / "a"))
        await storage.arrived(1)
        downloading.cancel()
        with pytest.raises(asyncio.CancelledError):
            await downloading
        await storage.all_closed()
    assert names(tmp_path) == []


async def test_closing_the_client_ends_its_downloads(tmp_path: Path) -> None:
    """With an error that says so; nothing is left behind."""
    async with storing(file(b"0123")) as (storage, rooms):
        downloading = asyncio.create_task(rooms.recordings.download("a", tmp_path / "a"))
        await storage.arrived(1)
        await rooms.aclose()
        with pytest.raises(ConfigurationError, match="closed"):
            await downloading
    assert names(tmp_path) == []


async def test_a_cancellation_waits_for_the_thread_that_writes() -> None:
    """The file is not closed while the thread writes it, however often the task is cancelled."""
    begun, go_on, ended = threading.Event(), threading.Event(), threading.Event()

    def write() -> None:
        begun.set()
        go_on.wait(10)
        ended.set()

    writing = asyncio.create_task(in_thread(write))
    await asyncio.to_thread(begun.wait, 10)
    for _ in range(3):
        writing.cancel()
        await asyncio.sleep(0)
        assert not writing.done()
    go_on.set()
    with pytest.raises(asyncio.CancelledError):
        await writing
    assert ended.is_set()
