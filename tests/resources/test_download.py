"""Downloads: complete, continued after a break, and without the key."""

from __future__ import annotations

import logging
from pathlib import Path

import aiohttp
import pytest

from resources.storage import FILE, KEY, QUICK, content, fetched, file, located, ranges, storing
from support.clients import client
from support.hostile_values import member
from support.proxies import proxy
from support.scripted_server import answer, cut, say, serve, stall
from support.sessions import Session
from telnyx_video import AsyncRoomsClient, RetryPolicy, TransportError
from telnyx_video.models import DownloadProgress
from telnyx_video.sandbox import Sandbox


async def test_recordings_and_compositions_are_downloaded(
    sandbox: Sandbox, rooms: AsyncRoomsClient, session: Session, tmp_path: Path
) -> None:
    """The whole file is saved, its size is returned, and the key is not sent."""
    await rooms.sessions.end(session.session_id)
    composition = await rooms.compositions.create(session_id=session.session_id)
    recording = await anext(aiter(rooms.recordings.list(type="video")))
    reported: list[DownloadProgress] = []
    path = tmp_path / "recording.mp4"
    size = await rooms.recordings.download(recording.id, path, on_progress=reported.append)
    assert len(content(path)) == size == reported[-1].received == reported[-1].total
    size = await rooms.compositions.download(composition.id, member(str(tmp_path / "video.mp4")))
    assert len(content(tmp_path / "video.mp4")) == size
    assert sandbox.keyed_downloads == 0
    assert sandbox.requests["GET /media/{id}"] == 2


async def test_a_broken_download_continues(
    sandbox: Sandbox, rooms: AsyncRoomsClient, session: Session, tmp_path: Path
) -> None:
    """After a break within the body the rest is fetched, and the file is complete."""
    await rooms.sessions.end(session.session_id)
    recording = await anext(aiter(rooms.recordings.list(type="video")))
    await rooms.recordings.download(recording.id, tmp_path / "whole")
    sandbox.faults = [{"on": "GET /media/{id}", "faults": [{"cut": "body"}, {"cut": "body"}]}]
    await rooms.recordings.download(recording.id, tmp_path / "broken", retry=QUICK)
    assert content(tmp_path / "whole") == content(tmp_path / "broken")
    assert sandbox.requests["GET /media/{id}"] == 4


async def test_only_the_rest_is_requested(tmp_path: Path) -> None:
    """By its range, and only if the file is unchanged."""
    async with (
        serve(
            file(b"0123", close=True),
            file(b"45", first=4, close=True),
            cut,
            file(b"6789", first=6),
        ) as storage,
        serve(located(f"{storage.url}/file?signature=secret")) as api,
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


async def test_a_changed_file_is_downloaded_from_its_start(tmp_path: Path) -> None:
    """Nothing of the first version remains."""
    async with storing(file(b"0123", close=True), file(b"abc", size=3, tag='"two"')) as (_, rooms):
        assert await fetched(rooms, tmp_path / "a") == b"abc"


async def test_a_file_without_a_validator_is_downloaded_from_its_start(tmp_path: Path) -> None:
    """The rest might belong to another file."""
    async with storing(file(b"0123", tag=None, close=True), file(tag=None)) as (storage, rooms):
        assert await fetched(rooms, tmp_path / "a") == FILE
        assert ranges(storage) == [([], []), ([], [])]


async def test_an_empty_file_and_one_of_unknown_size(tmp_path: Path) -> None:
    """Both are complete when they end."""
    of_unknown_size = say(b"HTTP/1.1 200 OK\r\n\r\n0123", close=True)
    async with storing(file(b"", size=0), of_unknown_size) as (_, rooms):
        assert await fetched(rooms, tmp_path / "a") == b""
        assert await fetched(rooms, tmp_path / "a") == b"0123"


async def test_nothing_of_the_api_is_sent_to_the_storage_host(tmp_path: Path) -> None:
    """Neither key nor cookies, nor the default headers of a caller's session."""
    async with (
        serve(file()) as storage,
        serve(
            answer(302, None, {"Location": f"{storage.url}/file?a=%2F", "Set-Cookie": "a=b"})
        ) as hop,
        serve(located(f"{hop.url}/file")) as api,
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
async def test_a_download_uses_the_proxy_of_its_own_host(
    exempt: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The environment may name another one than for the API; the key is not sent there."""
    async with (
        proxy() as through,
        serve(file()) as storage,
        serve(located(f"http://localhost:{storage.port}/file")) as api,
    ):
        monkeypatch.setenv("http_proxy", through.url)
        monkeypatch.setenv("no_proxy", "127.0.0.1,localhost" if exempt else "127.0.0.1")
        async with client(api, api_key=KEY, trust_env=True) as rooms:
            assert await fetched(rooms, tmp_path / "a") == FILE
        assert len(through.requests) == (not exempt)
        assert [one.header("Authorization") for one in through.requests] == [[]] * (not exempt)


async def test_an_expired_url_is_requested_again(tmp_path: Path) -> None:
    """In the middle of a download, which then continues."""
    async with (
        serve(file(b"0123", close=True), answer(403), file(b"456789", first=4)) as storage,
        serve(located(f"{storage.url}/one"), located(f"{storage.url}/two")) as api,
        client(api) as rooms,
    ):
        assert await fetched(rooms, tmp_path / "a") == FILE
        targets = [request.target for request in storage.requests]
        assert targets == ["/v2/one", "/v2/one", "/v2/two"]


async def test_a_silent_host_is_disconnected(tmp_path: Path) -> None:
    """After this many seconds without a byte the rest is requested again."""
    async with storing(file(b"0123"), file(b"456789", first=4)) as (_, rooms):
        assert await fetched(rooms, tmp_path / "a", read_timeout=1) == FILE
    async with storing(stall) as (_, rooms):
        with pytest.raises(TransportError, match="TimeoutError"):
            await fetched(rooms, tmp_path / "b", RetryPolicy.none(), read_timeout=0.05)


async def test_a_large_file_is_written_in_chunks(tmp_path: Path) -> None:
    """Progress is reported about once a MiB, and only a few MiB are held in memory."""
    video = bytes(range(256)) * 4 * 1024 * 3
    reported: list[DownloadProgress] = []
    async with storing(file(video, size=len(video))) as (_, rooms):
        await rooms.recordings.download("a", tmp_path / "a", on_progress=reported.append)
    assert content(tmp_path / "a") == video
    assert [one.total for one in reported] == [len(video)] * len(reported)
    steps = [one.received for one in reported]
    assert steps == sorted(set(steps))
    assert 3 <= len(steps) <= 4


async def test_the_log_shows_no_signed_url(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """The URL alone opens the file, so it is not logged."""
    async with storing(
        file(b"0123", close=True), file(b"456789", first=4), query="?signature=secret"
    ) as (_, rooms):
        with caplog.at_level(logging.DEBUG):
            await fetched(rooms, tmp_path / "a")
    assert "room_recordings/a" in caplog.text
    assert "secret" not in caplog.text
