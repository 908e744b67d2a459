"""One part of a job, provisioned to its end: the rooms, and then their outcomes, published once."""

from __future__ import annotations

import asyncio
import json
import os
import time
from array import array
from collections.abc import Callable, Iterable, Iterator
from typing import BinaryIO, Literal, Protocol, cast
from uuid import UUID, uuid5

from telnyx_video.batch.outcome import CreateOutcome, OnProgress
from telnyx_video.batch.stream import OutcomeStream
from telnyx_video.errors import (
    AuthenticationError,
    ConfigurationError,
    PermissionDeniedError,
    TransportError,
)
from telnyx_video.models import UNSET, CreateRoomRequest
from telnyx_video.provisioning.inputs import Part, Row, whole
from telnyx_video.provisioning.job import Summary, outcomes_of, publish_summary, read_summary
from telnyx_video.provisioning.storage import Storage, publish, storage

NAMESPACE = UUID("2f0b1d2e-6d0c-5a55-9a2f-3f5d1c0c7e11")
"""The UUID namespace of the names that rows without one get."""

_PATHS = (str, os.PathLike)

FATAL = (AuthenticationError, PermissionDeniedError, ConfigurationError)
"""Errors of the account or the client, not of a row: the part is not done."""


class Rooms(Protocol):
    """The methods of a client that a part uses."""

    @property
    def stream_many(self) -> Callable[..., OutcomeStream]:
        """:meth:`telnyx_video.AsyncRoomsClient.stream_many`."""
        ...


async def provision_part(
    rooms: Rooms,
    source: Part | str | os.PathLike[str],
    output: str | os.PathLike[str],
    *,
    job: str,
    if_exists: Literal["error", "return", "update"] = "return",
    concurrency: int = 50,
    max_rate: float | None = None,
    on_progress: OnProgress | None = None,
) -> Summary:
    """Provision a part, unless its outcomes are published already: then nothing is sent.

    Any number of attempts may run, one after the other or concurrently, on any machines. No room is
    made twice, because rows without a name get one that only depends on the job, the part and the
    row. The first attempt to end publishes its outcomes.

    Args:
        rooms: An :class:`~telnyx_video.AsyncRoomsClient`.
        source: A part of a :class:`Job`; or the path or URL of a file, which is then one part.
        output: The job's folder.
        job: The job's name.
        if_exists: What to do with rooms that exist, as for
            :meth:`~telnyx_video.AsyncRoomsClient.create`.
        concurrency: Rooms in flight at the most.
        max_rate: Requests a second at the most.
        on_progress: Called after each outcome of a row that could be read.

    Returns:
        The numbers of the published outcomes, of this attempt or another.

    Raises:
        InvalidRequestError: an argument is out of bounds.
        ConfigurationError: the file has changed since it was cut.
        AuthenticationError: the key is wrong; the part is not done.
        PermissionDeniedError: the account may not; the part is not done.
        TransportError: the server was down for 15 minutes; the part is not done.
        OSError: the file cannot be read, or the output not be written.
    """
    part = await asyncio.to_thread(whole, source) if isinstance(source, _PATHS) else source
    folder = storage(output)
    if f"{part.name}.jsonl" in await asyncio.to_thread(folder.names, "outcomes"):
        return await asyncio.to_thread(read_summary, folder, part.name)
    rows = await asyncio.to_thread(part.read)
    with folder.draft(outcomes_of(part.name)) as draft:
        outcomes = _Outcomes(part, job, draft)
        since = await asyncio.to_thread(_begin, folder, part.name)
        outcomes.summary.begun_again = int(since is not None)
        stream = rooms.stream_many(
            outcomes.requests(rows),
            concurrency=concurrency,
            if_exists=if_exists,
            max_rate=max_rate,
            on_progress=on_progress,
            since=since,
        )
        async with stream:
            async for outcome in stream:
                if isinstance(outcome.error, FATAL):
                    raise outcome.error
                outcomes.note(outcome)
        if stream.stopped is not None:
            raise TransportError(
                f"{part.name}: the server has been down for too long - the part is not done; run "
                "the job again when the server answers"
            )
        if await asyncio.to_thread(folder.publish, draft, outcomes_of(part.name)):
            await asyncio.to_thread(publish_summary, folder, part.name, outcomes.summary)
    return await asyncio.to_thread(read_summary, folder, part.name)


def _begin(folder: Storage, name: str) -> float | None:
    """Note that a part is begun, before anything is sent.

    Returns:
        How many seconds ago it was begun first; None for just now. It is never negative, though the
        clocks of machines differ.
    """
    now, begun = time.time(), f"begun/{name}.json"
    note = json.dumps({"at": now}).encode()
    if publish(folder, begun, note):
        return None
    publish(folder, f"begun/{name}.again.json", note)
    return max(0.001, now - float(json.loads(folder.read(begun) or note)["at"]))


class _Outcomes:
    """The requests of a part's rows, and their outcomes, written and counted."""

    def __init__(self, part: Part, job: str, draft: BinaryIO) -> None:
        self.summary = Summary()
        self._part = part
        self._job = job
        self._draft = draft
        self._places = array("q")
        """Of each request that was drawn: its place in the part, and its line."""

    def requests(self, rows: Iterable[Row]) -> Iterator[CreateRoomRequest]:
        """Yield the requests; write the outcomes of rows that cannot be read."""
        for place, (line, row) in enumerate(rows):
            if isinstance(row, CreateRoomRequest):
                self._places.extend((place, line))
                yield row if row.unique_name is not UNSET else self._named(row, line)
            else:
                nothing = cast("CreateRoomRequest", None)
                outcome = CreateOutcome(index=place, request=nothing, error=row, attempts=0)
                self._write(outcome, place, line)

    def note(self, outcome: CreateOutcome) -> None:
        """Write the outcome of a request."""
        self._write(outcome, *self._places[2 * outcome.index : 2 * outcome.index + 2])

    def _named(self, request: CreateRoomRequest, line: int) -> CreateRoomRequest:
        name = uuid5(NAMESPACE, f"{self._job}/{self._part.name}/{line}")
        return CreateRoomRequest.from_dict({**request.to_dict(), "unique_name": str(name)})

    def _write(self, outcome: CreateOutcome, place: int, line: int) -> None:
        entry = outcome.to_dict() | {
            "index": self._part.first + place,
            "line": line,
            "status": outcome.status,
        }
        self.summary.count(outcome.status)
        self._draft.write(json.dumps(entry).encode() + b"\n")
