"""Runs a batch: takes outcomes as they arrive, to the input's end or a signal.

The first signal lets requests in flight finish, for a time; a second one, or the end of that time,
cancels them. Either way every room is accounted for.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from telnyx_video.cli.errors import FAILED, CommandError
from telnyx_video.cli.output import quoted
from telnyx_video.cli.runtime import on_signals
from telnyx_video.cli.waiting import EVERY
from telnyx_video.errors import ConfigurationError, InvalidRequestError, OutcomeUnknownError
from telnyx_video.models import UNSET, CreateRoomRequest

if TYPE_CHECKING:
    from telnyx_video import AsyncRoomsClient, CreateOutcome
    from telnyx_video.cli.batch.outcomes import OutcomeWriter
    from telnyx_video.cli.batch.report import Report
    from telnyx_video.cli.batch.source import Source
    from telnyx_video.cli.options import IfExists
    from telnyx_video.provisioning.rows import Row


@dataclass(frozen=True)
class Plan:
    """How to run a batch; times are in seconds."""

    concurrency: int
    max_rate: float | None
    if_exists: IfExists
    fail_fast: bool
    output: str | None
    give_up_after: float
    grace: float


@dataclass
class End:
    """How a batch ended."""

    signal: int | None = None
    failure: BaseException | None = None


class Display(Protocol):
    """Shows the progress of a batch."""

    def update(self) -> None:
        """Look at the progress; called every `EVERY` seconds."""
        ...


class _Requests:
    """The rows of the input as requests, and those of them without an outcome."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self.without_outcome: dict[int, tuple[CreateRoomRequest, int]] = {}
        """Each by its index, with its line."""

    def __iter__(self) -> Iterator[CreateRoomRequest]:
        for index, row in enumerate(self._rows()):
            if isinstance(row.request, InvalidRequestError):
                raise CommandError(
                    [
                        f"{self._source.name} was changed after it was checked: "
                        f"line {row.line}: {self._source.problems(row)[0]}"
                    ],
                    FAILED,
                )
            self.without_outcome[index] = row.request, row.line
            yield row.request

    def _rows(self) -> Iterator[Row]:
        try:
            yield from self._source.rows()
        except OSError as error:
            problem = f"{self._source.name} cannot be read any more: {error.strerror}"
            raise CommandError([problem], FAILED) from None


class BatchRun:
    """One run of a batch.

    Raises:
        InvalidRequestError: an option is out of bounds; nothing was sent.
    """

    def __init__(
        self,
        rooms: AsyncRoomsClient,
        plan: Plan,
        source: Source,
        report: Report,
        results: OutcomeWriter,
    ) -> None:
        self._requests = _Requests(source)
        self._stream = rooms.stream_many(
            self._requests,
            concurrency=plan.concurrency,
            max_rate=plan.max_rate,
            if_exists=plan.if_exists,
            journal=plan.output,
            fail_fast=plan.fail_fast,
            give_up_after=plan.give_up_after,
        )
        self._plan = plan
        self._report = report
        self._results = results
        self._taking: asyncio.Task[None] | None = None
        self._end = End()

    async def run(self, display: Display) -> End:
        """Take all outcomes; rooms cancelled in the end are reported as unknown.

        Raises:
            CommandError: the output cannot be written; nothing was sent.
            ConfigurationError: the output is not that of this batch; nothing was sent.
        """
        with on_signals(self._react):
            try:
                await self._take_to_the_end(display)
            except ConfigurationError:
                raise
            except OSError as error:  # the library writes nothing but the journal
                problem = f"--output {quoted(str(self._plan.output))} cannot be written"
                if self._taking is None:
                    raise CommandError([f"{problem}: {error.strerror}"]) from None
                self._end.failure = CommandError([f"{problem} any more: {error.strerror}"], FAILED)
            except Exception as error:
                self._end.failure = error
        self._end.failure = self._end.failure or self._results.broken
        self._give_up()
        self._report.stopped = self._stream.stopped
        return self._end

    async def _take_to_the_end(self, display: Display) -> None:
        async with self._stream:
            # Only the taking is ever cancelled: closing the journal has to complete.
            self._taking = asyncio.create_task(self._take_all())
            while not self._taking.done():
                display.update()
                await asyncio.wait({self._taking}, timeout=EVERY)
            if not self._taking.cancelled():
                self._taking.result()

    async def _take_all(self) -> None:
        async for outcome in self._stream:
            _, line = self._requests.without_outcome.pop(outcome.index)
            self._results.write(outcome, line, self._report.add(outcome, line))
            if self._results.broken or self._report.refused:
                self._stream.stop()

    def _react(self, number: int) -> None:
        if self._end.signal is not None:
            self._cancel()
            return
        self._end.signal = number
        self._stream.stop()
        self._report.print_stopping(self._plan.grace)
        asyncio.get_running_loop().call_later(self._plan.grace, self._cancel)

    def _cancel(self) -> None:
        if self._taking is not None:
            self._taking.cancel()

    def _give_up(self) -> None:
        given_up = [
            (_given_up(index, request), line)
            for index, (request, line) in sorted(self._requests.without_outcome.items())
            if index in self._stream.in_flight
        ]
        for outcome, line in given_up:
            self._results.write(outcome, line, "unknown")
        self._report.give_up(given_up)


def _given_up(index: int, request: CreateRoomRequest) -> CreateOutcome:
    from telnyx_video import CreateOutcome

    advice = "look for it" if request.unique_name is UNSET else "run the same input to find out"
    message = f"interrupted in flight: it may exist - {advice}"
    error = OutcomeUnknownError(message, request)
    return CreateOutcome(index=index, request=request, error=error)
