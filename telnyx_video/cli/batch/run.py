"""Runs a batch: takes outcomes as they arrive, until the end of the input or a signal.

The first signal lets requests in flight finish within the grace period; a second signal, or the
end of that period, cancels them. Every room is reported in either case.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import TYPE_CHECKING

from telnyx_video.cli.batch.options import BatchOptions
from telnyx_video.cli.errors import FAILED, CommandError
from telnyx_video.cli.output import quoted
from telnyx_video.cli.progress import Meter
from telnyx_video.cli.runtime import on_signals
from telnyx_video.cli.streams import write_json
from telnyx_video.cli.waiting import EVERY, PATIENCE
from telnyx_video.errors import ConfigurationError, InvalidRequestError, OutcomeUnknownError
from telnyx_video.models import UNSET, CreateRoomRequest

if TYPE_CHECKING:
    from telnyx_video.batch import CreateOutcome
    from telnyx_video.cli.batch.report import Report, State
    from telnyx_video.cli.batch.source import Source
    from telnyx_video.client.async_client import AsyncRoomsClient

SILENCE = 3.0
"""Seconds without an answer after which the progress shows it instead of a rate."""


class BatchRun:
    """One run of a batch.

    Raises:
        InvalidRequestError: an option is out of bounds; nothing was sent.
    """

    def __init__(
        self,
        rooms: AsyncRoomsClient,
        plan: BatchOptions,
        source: Source,
        report: Report,
        *,
        json: bool,
    ) -> None:
        self._source = source
        self._without_outcome: dict[int, tuple[CreateRoomRequest, int]] = {}  # with their lines
        self._stream = rooms.stream_many(
            self._requests(),
            concurrency=plan.concurrency,
            max_rate=plan.max_rate,
            if_exists=plan.if_exists,
            journal=plan.output,
            fail_fast=plan.fail_fast,
            give_up_after=plan.give_up_after,
        )
        self._plan = plan
        self.report = report
        self._json = json
        self._taking: asyncio.Task[None] | None = None
        self.signal: int | None = None
        """The first signal that arrived."""
        self.failure: Exception | None = None
        """Why it ended early."""
        self._unwritable: Exception | None = None

    @property
    def undisturbed(self) -> bool:
        """Whether it ended by itself."""
        return self.signal is None and self.failure is None

    async def run(self) -> None:
        """Take all outcomes; rooms that were cancelled are reported as unknown.

        Raises:
            CommandError: the output cannot be written; nothing was sent.
            ConfigurationError: the output is not that of this batch; nothing was sent.
        """
        meter = Meter(self.report.console, "Creating rooms", "rooms", json=self._json)
        with on_signals(self._react), meter:
            try:
                await self._take_to_the_end(meter)
            except ConfigurationError:
                raise
            except OSError as error:  # the library writes nothing but the journal
                problem = f"--output {quoted(str(self._plan.output))} cannot be written"
                if self._taking is None:
                    raise CommandError(f"{problem}: {error.strerror}") from None
                self.failure = CommandError(f"{problem} any more: {error.strerror}", code=FAILED)
            except Exception as error:
                self.failure = error
        self.failure = self.failure or self._unwritable
        self._give_up()
        self.report.stopped = self._stream.stopped

    def _requests(self) -> Iterator[CreateRoomRequest]:
        name = self._source.name
        try:
            for index, row in enumerate(self._source.rows()):
                if isinstance(row.request, InvalidRequestError):
                    problem = f"line {row.line}: {self._source.problems(row)[0]}"
                    changed = f"{name} was changed after it was checked"
                    raise CommandError(f"{changed}: {problem}", code=FAILED)
                self._without_outcome[index] = row.request, row.line
                yield row.request
        except OSError as error:
            problem = f"{name} cannot be read any more: {error.strerror}"
            raise CommandError(problem, code=FAILED) from None

    async def _take_to_the_end(self, meter: Meter) -> None:
        async with self._stream:
            # Only the taking is ever cancelled: closing the journal has to complete.
            self._taking = asyncio.create_task(self._take_all())
            while not self._taking.done():
                self.show(meter)
                await asyncio.wait({self._taking}, timeout=EVERY)
            if not self._taking.cancelled():
                self._taking.result()

    async def _take_all(self) -> None:
        async for outcome in self._stream:
            _, line = self._without_outcome.pop(outcome.index)
            self._write(outcome, line, self.report.add(outcome, line))
            if self._unwritable or self.report.refused:
                self._stream.stop()

    def show(self, meter: Meter) -> None:
        """Show the progress; rooms of an earlier run are not progress of this one."""
        tally, status = self.report.tally, self.report.status
        silent = status.silence >= (SILENCE if status.answered else PATIENCE)
        bad = tally.states["failed"] + tally.states["unknown"]
        meter.show(
            tally.done,
            tally.to_do,
            problem=status.outlook if silent else "",
            urgent=not status.answered,
            notes=[f"{bad:,} failed"] if bad else (),
        )

    def _write(self, outcome: CreateOutcome, line: int, state: State) -> None:
        """Write an outcome as a line of JSON, if requested and still possible."""
        if not self._json or self._unwritable:
            return
        fields = outcome.to_dict()
        try:
            write_json({"index": fields.pop("index"), "line": line, "state": state, **fields})
        except BrokenPipeError as error:
            self._unwritable = error
        except OSError as error:
            problem = f"standard output cannot be written any more: {error.strerror}"
            self._unwritable = CommandError(problem, code=FAILED)

    def _react(self, number: int) -> None:
        if self.signal is not None:
            self._cancel()
            return
        self.signal = number
        self._stream.stop()
        self.report.print_stopping(self._plan.grace)
        asyncio.get_running_loop().call_later(self._plan.grace, self._cancel)

    def _cancel(self) -> None:
        if self._taking is not None:
            self._taking.cancel()

    def _give_up(self) -> None:
        given_up = [
            (_given_up(index, request), line)
            for index, (request, line) in sorted(self._without_outcome.items())
            if index in self._stream.in_flight
        ]
        for outcome, line in given_up:
            self._write(outcome, line, "unknown")
        self.report.give_up(given_up)


def _given_up(index: int, request: CreateRoomRequest) -> CreateOutcome:
    from telnyx_video.batch import CreateOutcome

    advice = "look for it" if request.unique_name is UNSET else "run the same input to find out"
    message = f"interrupted in flight: it may exist - {advice}"
    error = OutcomeUnknownError(message, request)
    return CreateOutcome(index=index, request=request, error=error)
