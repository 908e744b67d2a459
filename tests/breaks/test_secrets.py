"""No secret in tracebacks with locals, of batches, requests, downloads and proxies."""

from __future__ import annotations

import asyncio
import os
import traceback
from collections.abc import Callable
from pathlib import Path

import pytest

from support.clients import client
from support.scripted_server import Act, answer, closed_port, created, cut, serve, stall
from telnyx_video import (
    AsyncRoomsClient,
    ConfigurationError,
    CreateRoomRequest,
    InvalidRequestError,
    RetryPolicy,
    TelnyxVideoError,
    TransportError,
)
from telnyx_video.models import CreateCompositionRequest

PASSWORD = "h1dden-w0rd"
HOOK = f"https://user:{PASSWORD}@example.com/events"
ONCE = RetryPolicy(attempts=1, deadline=1.0)


def shown(error: BaseException) -> str:
    """Format an error with all locals, except those of this test and of its callers."""
    trace = error.__traceback__
    while trace is not None and "telnyx_video" not in trace.tb_frame.f_globals["__name__"]:
        trace = trace.tb_next
    report = traceback.TracebackException(type(error), error, trace, capture_locals=True)
    return "".join(report.format())


def wanted(name: str | None = None) -> CreateRoomRequest:
    """Return a request with a password."""
    if name is None:
        return CreateRoomRequest(webhook_event_url=HOOK)
    return CreateRoomRequest(unique_name=name, webhook_event_url=HOOK)


@pytest.mark.parametrize("name", ["standup", None])
async def test_a_cancelled_batch_with_a_journal_hides_the_password(
    tmp_path: Path, name: str | None
) -> None:
    """Neither the worker's cancellation nor the caller's shows the request body."""
    workers: list[asyncio.Task[object]] = []
    async with serve(stall) as server, client(server) as rooms:
        before = asyncio.all_tasks()
        batch = asyncio.create_task(
            rooms.create_many([wanted(name)], journal=tmp_path / "rooms.jsonl")
        )
        await server.arrived(1)
        workers += (task for task in asyncio.all_tasks() - before if task is not batch)
        batch.cancel()
        results: list[object] = await asyncio.gather(batch, *workers, return_exceptions=True)
    errors = [result for result in results if isinstance(result, BaseException)]
    assert len(errors) >= 2
    assert [error for error in errors if PASSWORD in shown(error)] == []


@pytest.mark.parametrize("name", ["standup", None])
async def test_a_failed_journal_write_hides_the_password(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str | None
) -> None:
    """The lines that could not be written contain the request."""

    def fail(file: int) -> None:
        raise OSError(5, "Input/output error")

    async with serve(created()) as server, client(server) as rooms:
        journal = tmp_path / "rooms.jsonl"
        await rooms.create_many([wanted(name)], journal=journal)
        monkeypatch.setattr(os, "fsync", fail)
        with pytest.raises(OSError, match="Input/output error") as raised:
            await rooms.create_many([wanted(name), wanted(name and "retro")], journal=journal)
        monkeypatch.undo()
    assert PASSWORD not in shown(raised.value)


async def test_a_journal_of_another_input_hides_the_password(tmp_path: Path) -> None:
    """The request in the journal is not shown."""
    journal = tmp_path / "rooms.jsonl"
    async with serve(created()) as server, client(server) as rooms:
        await rooms.create_many([wanted("standup"), wanted()], journal=journal, concurrency=1)
        for other in (
            [CreateRoomRequest(unique_name="standup"), wanted()],
            [wanted("standup"), CreateRoomRequest()],
        ):
            with pytest.raises(ConfigurationError, match="another input") as raised:
                await rooms.create_many(other, journal=journal)
            assert PASSWORD not in shown(raised.value)


async def test_an_unreadable_journal_hides_the_password(tmp_path: Path) -> None:
    """A damaged line is reported by its number only."""
    journal = tmp_path / "rooms.jsonl"
    async with serve(created(webhook_event_url=HOOK)) as server, client(server) as rooms:
        await rooms.create_many([wanted("standup")], journal=journal)
        journal.write_text(journal.read_text().replace('"created_at":"', '"created_at":"x'))
        with pytest.raises(ConfigurationError, match="not a line of a journal") as raised:
            await rooms.create_many([wanted("standup")], journal=journal)
    assert PASSWORD not in shown(raised.value)


WRONG: dict[str, Callable[[], object]] = {
    "bound": lambda: CreateRoomRequest(webhook_event_url=HOOK, max_participants=1),
    "name": lambda: CreateRoomRequest(webhook_event_failover_url=HOOK, unique_name=""),
    "URL": lambda: CreateRoomRequest(webhook_event_url=HOOK.replace("https:", "")),
    "unknown": lambda: CreateRoomRequest(webhook_event_url=HOOK, colour="blue"),  # type: ignore[call-arg] # pyright: ignore[reportCallIssue] # refused
    "mapping": lambda: CreateRoomRequest.from_dict(
        {"webhook_event_url": HOOK, "max_participants": 1}
    ),
    "composition": lambda: CreateCompositionRequest(webhook_event_url=HOOK, resolution="1x1"),
}


@pytest.mark.parametrize("name", WRONG)
def test_an_invalid_request_hides_the_password(name: str) -> None:
    """The frames of the request's code do not hold the URL."""
    with pytest.raises((InvalidRequestError, TypeError)) as raised:
        WRONG[name]()
    assert PASSWORD not in shown(raised.value)


FILES: dict[str, Act] = {
    "403": answer(403),
    "404": answer(404),
    "500": answer(500),
    "cut": cut,
    "redirect": answer(302, headers={"Location": f"ftp://example.com/?signature={PASSWORD}"}),
}


@pytest.mark.parametrize("answered", FILES)
async def test_a_failed_download_hides_the_signature(answered: str, tmp_path: Path) -> None:
    """No frame holds the signature of the URL."""
    async with serve(FILES[answered]) as storage:
        stored = {"id": "a", "download_url": f"{storage.url}/file?signature={PASSWORD}"}
        async with serve(answer(200, {"data": stored})) as api, client(api) as rooms:
            with pytest.raises(TelnyxVideoError) as raised:
                await rooms.recordings.download("a", tmp_path / "a", retry=ONCE)
    assert PASSWORD not in shown(raised.value)


async def test_a_cancelled_download_hides_the_signature(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is cancelled before the first byte, or left by an error in the caller's block."""
    async with serve(stall, answer(200, b"1234")) as storage:
        stored = {"id": "a", "download_url": f"{storage.url}/file?signature={PASSWORD}"}
        async with serve(answer(200, {"data": stored})) as api, client(api) as rooms:
            downloading = asyncio.create_task(rooms.recordings.download("a", tmp_path / "a"))
            await storage.arrived(1)
            downloading.cancel()
            with pytest.raises(asyncio.CancelledError) as cancelled:
                await downloading
            assert PASSWORD not in shown(cancelled.value)
            with pytest.raises(KeyError) as left:
                async with rooms.recordings.open("a"):
                    raise KeyError
            assert PASSWORD not in shown(left.value)
        monkeypatch.setenv("no_proxy", "127.0.0.1")
        monkeypatch.setenv("http_proxy", "ftp://proxy.example.com")
        stored["download_url"] = f"http://storage.test/file?signature={PASSWORD}"
        async with (
            serve(answer(200, {"data": stored})) as api,
            client(api, trust_env=True) as rooms,
        ):
            with pytest.raises(ConfigurationError, match="proxy") as malformed:
                await rooms.recordings.download("a", tmp_path / "a")
            assert PASSWORD not in shown(malformed.value)


@pytest.mark.parametrize("user", ["o'brien", "%22quoted%22", "a@b", "user"])
async def test_a_proxy_user_with_a_quote_is_hidden(
    user: str, caplog: pytest.LogCaptureFixture
) -> None:
    """Neither a refusing nor an unreachable proxy shows the user and password."""
    caplog.set_level("DEBUG")
    async with serve(answer(407)) as refusing:
        for port in (refusing.port, closed_port()):
            async with AsyncRoomsClient(
                base_url="https://api.example.com/v2",
                api_key="key0123",
                proxy=f"http://{user}:{PASSWORD}@127.0.0.1:{port}",
                retry=ONCE,
            ) as rooms:
                with pytest.raises(TransportError) as raised:
                    await rooms.create(unique_name="standup")
            assert PASSWORD not in shown(raised.value)
            assert PASSWORD not in caplog.text
