"""Downloads: whole or not at all, going on where they broke off, and without the key."""

from __future__ import annotations

import asyncio
import logging
import threading
from pathlib import Path

import aiohttp
import pytest

from support.authority import Authority
from support.clients import client
from support.meetings import Meeting
from support.peers import Act, Peer, answer, closed_port, cut, peer, say, stall
from support.proxies import proxy
from support.words import is_one_line
from telnyx_video import (
    AsyncRoomsClient,
    ConfigurationError,
    InvalidRequestError,
    NotFoundError,
    NotReadyError,
    Outcome,
    RetryPolicy,
    TransportError,
)
from telnyx_video._download.download import in_thread
from telnyx_video.models import DownloadProgress
from telnyx_video.sandbox import Sandbox

QUICK = RetryPolicy(attempts=3, backoff=0.001)
KEY = "KEY0123456789abcdef0123456789"
FILE = b"0123456789"


def located(url: str | None, **fields: object) -> Act:
    """Answer with a recording whose file lies there."""
    return answer(200, {"data": {"id": "a", "download_url": url, **fields}})


def file(
    sent: bytes = FILE,
    *,
    first: int = 0,
    size: int = len(FILE),
    tag: str | None = '"one"',
    close: bool = False,
) -> Act:
    """Answer with a file, or the part of it from some byte on; perhaps less than is announced."""
    lines = ["HTTP/1.1 206 Part" if first else "HTTP/1.1 200 OK"]
    lines += [f"Content-Length: {size - first}"]
    lines += [f"Content-Range: bytes {first}-{size - 1}/{size}"] if first else []
    lines += [f"ETag: {tag}"] if tag else []
    return say("\r\n".join([*lines, "", ""]).encode() + sent, close=close)


def ranges(storage: Peer) -> list[tuple[list[str], list[str]]]:
    """Return which part was asked for, and of what, by each request."""
    return [(one.header("Range"), one.header("If-Range")) for one in storage.requests]


def names(folder: Path) -> list[str]:
    """Return what lies in a folder."""
    return [path.name for path in folder.iterdir()]


def content(path: Path) -> bytes:
    """Return what a file holds."""
    return path.read_bytes()


async def fetched(
    rooms: AsyncRoomsClient, path: Path, retry: RetryPolicy = QUICK, read_timeout: float = 30.0
) -> bytes:
    """Download to a path, and return what is there; nothing else may be there."""
    size = await rooms.recordings.download("a", path, retry=retry, read_timeout=read_timeout)
    assert names(path.parent) == [path.name]
    assert size == len(content(path))
    return content(path)


async def test_recordings_and_compositions_are_downloaded(
    sandbox: Sandbox, rooms: AsyncRoomsClient, meeting: Meeting, tmp_path: Path
) -> None:
    """The whole file comes, its size is told, and the key stays here."""
    await rooms.sessions.end(meeting.session_id)
    composition = await rooms.compositions.create(session_id=meeting.session_id)
    recording = await anext(aiter(rooms.recordings.list(type="video")))
    told: list[DownloadProgress] = []
    path = tmp_path / "recording.mp4"
    size = await rooms.recordings.download(recording.id, path, on_progress=told.append)
    assert len(content(path)) == size == told[-1].received == told[-1].total
    size = await rooms.compositions.download(composition.id, str(tmp_path / "film.mp4"))
    assert len(content(tmp_path / "film.mp4")) == size
    assert sandbox.keyed_downloads == 0
    assert sandbox.requests["GET /media/{id}"] == 2


async def test_a_download_that_breaks_off_goes_on(
    sandbox: Sandbox, rooms: AsyncRoomsClient, meeting: Meeting, tmp_path: Path
) -> None:
    """Cut in the middle of the body, the rest is fetched, and the file is the same."""
    await rooms.sessions.end(meeting.session_id)
    recording = await anext(aiter(rooms.recordings.list(type="video")))
    await rooms.recordings.download(recording.id, tmp_path / "whole")
    sandbox.faults = [{"on": "GET /media/{id}", "faults": [{"cut": "body"}, {"cut": "body"}]}]
    await rooms.recordings.download(recording.id, tmp_path / "broken", retry=QUICK)
    assert content(tmp_path / "whole") == content(tmp_path / "broken")
    assert sandbox.requests["GET /media/{id}"] == 4


async def test_what_is_missing_is_asked_for(tmp_path: Path) -> None:
    """By its place, and only if the file is the same."""
    async with (
        peer(
            file(b"0123", close=True),
            file(b"45", first=4, close=True),
            cut,
            file(b"6789", first=6),
        ) as storage,
        peer(located(f"{storage.url}/file?signature=secret")) as api,
        client(api, api_key=KEY) as rooms,
    ):
        assert await fetched(rooms, tmp_path / "a") == FILE
        assert ranges(storage) == [
            ([], []),
            (["bytes=4-"], ['"one"']),
            (["bytes=6-"], ['"one"']),
            (["bytes=6-"], ['"one"']),
        ]
        assert len(api.requests) == 1


async def test_a_file_that_has_changed_begins_again(tmp_path: Path) -> None:
    """Nothing of the first remains in the second."""
    async with (
        peer(file(b"0123", close=True), file(b"abc", size=3, tag='"two"')) as storage,
        peer(located(f"{storage.url}/file")) as api,
        client(api) as rooms,
    ):
        assert await fetched(rooms, tmp_path / "a") == b"abc"


async def test_a_file_that_cannot_be_told_begins_again(tmp_path: Path) -> None:
    """Without a tag the rest might be that of another file: all of it is fetched."""
    async with (
        peer(file(b"0123", tag=None, close=True), file(tag=None)) as storage,
        peer(located(f"{storage.url}/file")) as api,
        client(api) as rooms,
    ):
        assert await fetched(rooms, tmp_path / "a") == FILE
        assert ranges(storage) == [([], []), ([], [])]


async def test_an_empty_file_and_one_of_untold_size(tmp_path: Path) -> None:
    """Both are whole when they end."""
    async with (
        peer(file(b"", size=0), say(b"HTTP/1.1 200 OK\r\n\r\n0123", close=True)) as storage,
        peer(located(f"{storage.url}/file")) as api,
        client(api) as rooms,
    ):
        assert await fetched(rooms, tmp_path / "a") == b""
        assert await fetched(rooms, tmp_path / "a") == b"0123"


async def test_nothing_of_the_api_goes_to_the_storage_host(tmp_path: Path) -> None:
    """Neither key nor cookies, nor what a session of the caller's sends by default."""
    async with (
        peer(file()) as storage,
        peer(
            answer(302, None, {"Location": f"{storage.url}/file?a=%2F", "Set-Cookie": "a=b"})
        ) as hop,
        peer(located(f"{hop.url}/file")) as api,
        aiohttp.ClientSession(
            headers={"Authorization": "Bearer other", "X-Own": "1"}, cookies={"c": "d"}
        ) as session,
    ):
        for chosen in (None, session):
            async with client(api, api_key=KEY, session=chosen) as rooms:
                assert await fetched(rooms, tmp_path / "a") == FILE
        assert len(hop.requests) == len(storage.requests) == 2
        for request in (*hop.requests, *storage.requests):
            names = {name.lower() for name, _ in request.headers}
            assert names == {"host", "user-agent", "accept", "accept-encoding"}
            assert request.header("Accept-Encoding") == ["identity"]
        assert storage.requests[0].target == "/v2/file?a=%2F"
        assert not session.closed


@pytest.mark.parametrize("exempt", [True, False])
async def test_a_download_goes_by_the_proxy_of_its_own_host(
    exempt: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Which may be another than the API's, if the environment tells; the key is not sent there."""
    async with (
        proxy() as through,
        peer(file()) as storage,
        peer(located(f"http://localhost:{storage.port}/file")) as api,
    ):
        monkeypatch.setenv("http_proxy", through.url)
        monkeypatch.setenv("no_proxy", "127.0.0.1,localhost" if exempt else "127.0.0.1")
        async with client(api, api_key=KEY, trust_env=True) as rooms:
            assert await fetched(rooms, tmp_path / "a") == FILE
        assert len(through.requests) == (not exempt)
        assert [one.header("Authorization") for one in through.requests] == [[]] * (not exempt)


async def test_an_address_that_expires_is_asked_for_anew(tmp_path: Path) -> None:
    """In the middle of a download, which then goes on where it was."""
    async with (
        peer(file(b"0123", close=True), answer(403), file(b"456789", first=4)) as storage,
        peer(located(f"{storage.url}/one"), located(f"{storage.url}/two")) as api,
        client(api) as rooms,
    ):
        assert await fetched(rooms, tmp_path / "a") == FILE
        targets = [request.target for request in storage.requests]
        assert targets == ["/v2/one", "/v2/one", "/v2/two"]


@pytest.mark.parametrize(
    ("act", "reason", "requests"),
    [
        (answer(403), "status 403", 1),
        (answer(405), "status 405", 1),
        (answer(503), "status 503", 3),
        (cut, "ServerDisconnectedError", 6),  # aiohttp asks by itself once more
        (file(FILE, size=11, tag=None, close=True), "ClientPayloadError", 3),
        (answer(200, FILE, {"Content-Encoding": "gzip"}), "sent compressed", 1),
        (answer(302, None, {"Location": "ftp://127.0.0.1/?signature=secret"}), "followed", 1),
    ],
    ids=["403", "405", "503", "cut", "short", "gzip", "redirect"],
)
async def test_what_cannot_be_had_leaves_nothing(
    act: Act, reason: str, requests: int, tmp_path: Path
) -> None:
    """The error says why, in one line without the address's secret; no file is left."""
    async with (
        peer(act) as storage,
        peer(located(f"{storage.url}/file?signature=secret")) as api,
        client(api, api_key=KEY) as rooms,
    ):
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
    ["ftp://example.com/?secret", "no address?secret", "http://[?secret", "https://\0?secret"],
)
async def test_an_address_that_is_none_is_not_shown(url: str, tmp_path: Path) -> None:
    """Whatever the API says instead of an address, the error does not repeat it."""
    async with peer(located(url)) as api, client(api, trust_env=True) as rooms:
        with pytest.raises(TransportError) as caught:
            await fetched(rooms, tmp_path / "a")
    assert "secret" not in str(caught.value)


async def test_a_storage_host_that_is_not_there(tmp_path: Path) -> None:
    """Refused connections are tried again, and then told."""
    address = f"http://127.0.0.1:{closed_port()}/file?signature=secret"
    async with peer(located(address)) as api, client(api) as rooms:
        with pytest.raises(TransportError, match="Cannot connect") as caught:
            await fetched(rooms, tmp_path / "a")
    assert "secret" not in str(caught.value)


async def test_a_certificate_that_does_not_verify_is_final(
    authority: Authority, tmp_path: Path
) -> None:
    """It will not verify the next time either."""
    tls = authority.serving("127.0.0.1")
    async with (
        peer(file(), tls=tls) as storage,
        peer(located(f"{storage.url}/file")) as api,
        client(api) as rooms,
    ):
        with pytest.raises(TransportError, match="certificate") as caught:
            await fetched(rooms, tmp_path / "a")
        assert not caught.value.retryable
        assert storage.requests == []


async def test_a_host_that_falls_silent_is_left(tmp_path: Path) -> None:
    """After so many seconds without a byte the rest is asked for anew."""
    async with (
        peer(file(b"0123"), file(b"456789", first=4)) as storage,
        peer(located(f"{storage.url}/file")) as api,
        client(api) as rooms,
    ):
        assert await fetched(rooms, tmp_path / "a", read_timeout=0.05) == FILE
    async with (
        peer(stall) as storage,
        peer(located(f"{storage.url}/file")) as api,
        client(api) as rooms,
    ):
        with pytest.raises(TransportError, match="TimeoutError"):
            await fetched(rooms, tmp_path / "b", RetryPolicy.none(), read_timeout=0.05)


@pytest.mark.parametrize("status", ["processing", None])
async def test_what_has_no_file_yet_is_said_to_have_none(
    status: str | None, tmp_path: Path
) -> None:
    """Whoever asks too early can tell that from a failure, and ask again."""
    async with peer(located(None, status=status)) as api, client(api) as rooms:
        with pytest.raises(NotReadyError, match="recording a has no file yet") as caught:
            await fetched(rooms, tmp_path / "a")
    assert caught.value.status == status
    assert names(tmp_path) == []


async def test_what_is_not_there_cannot_be_downloaded(
    rooms: AsyncRoomsClient, tmp_path: Path
) -> None:
    """An unknown id is what it is everywhere."""
    with pytest.raises(NotFoundError):
        await rooms.recordings.download("00000000-0000-4000-8000-000000000000", tmp_path / "a")
    with pytest.raises(InvalidRequestError, match="read_timeout"):
        await rooms.compositions.download("a", tmp_path / "a", read_timeout=0)
    assert names(tmp_path) == []


async def test_a_place_that_cannot_be_written_is_told_before_anything_is_sent(
    sandbox: Sandbox, rooms: AsyncRoomsClient, tmp_path: Path
) -> None:
    """A folder that is not there is no reason to fetch a gigabyte."""
    with pytest.raises(FileNotFoundError):
        await rooms.recordings.download("a", tmp_path / "missing" / "a")
    assert sandbox.requests == {}


async def test_a_disk_that_is_full_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is no failure of the network: nothing is tried again, and nothing is left."""

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    async with (
        peer(file()) as storage,
        peer(located(f"{storage.url}/file")) as api,
        client(api) as rooms,
    ):
        monkeypatch.setattr("telnyx_video._download.part.Part.write", full)
        with pytest.raises(OSError, match="No space left") as caught:
            await fetched(rooms, tmp_path / "a")
        assert not isinstance(caught.value, TransportError)
        assert len(storage.requests) == 1
    assert names(tmp_path) == []


async def test_a_large_file_is_written_in_pieces(tmp_path: Path) -> None:
    """Progress is told about once a MiB, and no more than a few MiB are held."""
    film = bytes(range(256)) * 4 * 1024 * 3
    told: list[DownloadProgress] = []
    async with (
        peer(file(film, size=len(film))) as storage,
        peer(located(f"{storage.url}/file")) as api,
        client(api) as rooms,
    ):
        await rooms.recordings.download("a", tmp_path / "a", on_progress=told.append)
    assert content(tmp_path / "a") == film
    assert [one.total for one in told] == [len(film)] * len(told)
    steps = [one.received for one in told]
    assert steps == sorted(set(steps))
    assert 3 <= len(steps) <= 4


async def test_an_error_of_the_callers_ends_the_download(tmp_path: Path) -> None:
    """What a progress function raises comes out, and nothing is left."""

    def complain(_: DownloadProgress) -> None:
        raise LookupError("enough")

    async with (
        peer(file()) as storage,
        peer(located(f"{storage.url}/file")) as api,
        client(api) as rooms,
    ):
        with pytest.raises(LookupError, match="enough"):
            await rooms.recordings.download("a", tmp_path / "a", on_progress=complain)
    assert names(tmp_path) == []


async def test_a_download_that_is_cancelled_leaves_nothing(tmp_path: Path) -> None:
    """Neither file nor connection nor task."""
    async with (
        peer(file(b"0123")) as storage,
        peer(located(f"{storage.url}/file")) as api,
        client(api) as rooms,
    ):
        downloading = asyncio.create_task(rooms.recordings.download("a", tmp_path / "a"))
        await storage.arrived(1)
        downloading.cancel()
        with pytest.raises(asyncio.CancelledError):
            await downloading
        await storage.all_closed()
    assert names(tmp_path) == []


async def test_closing_the_client_ends_its_downloads(tmp_path: Path) -> None:
    """With an error that says so, and nothing is left."""
    async with (
        peer(file(b"0123")) as storage,
        peer(located(f"{storage.url}/file")) as api,
        client(api) as rooms,
    ):
        downloading = asyncio.create_task(rooms.recordings.download("a", tmp_path / "a"))
        await storage.arrived(1)
        await rooms.aclose()
        with pytest.raises(ConfigurationError, match="closed"):
            await downloading
    assert names(tmp_path) == []


async def test_a_cancellation_waits_for_the_thread_that_writes() -> None:
    """A file is not closed under the thread that writes it, however often one cancels."""
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


async def test_the_log_shows_no_address(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """The address opens the file by itself, so that it is not logged."""
    async with (
        peer(file(b"0123", close=True), file(b"456789", first=4)) as storage,
        peer(located(f"{storage.url}/file?signature=secret")) as api,
        client(api) as rooms,
    ):
        with caplog.at_level(logging.DEBUG):
            await fetched(rooms, tmp_path / "a")
    assert "room_recordings/a" in caplog.text
    assert "secret" not in caplog.text
