"""The course of a batch: outcomes are taken as they come, to the input's end or a signal.

The first signal lets what is under way finish, for a time; the second one, or the end of that
time, cuts it off. Either way every room is accounted for.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass

from telnyx_video import (
    UNSET,
    AsyncRoomsClient,
    ConfigurationError,
    CreateOutcome,
    CreateRoomRequest,
    OutcomeUnknownError,
)
from telnyx_video.cli.failures import FAILED, CommandError
from telnyx_video.cli.outcomes import Writer
from telnyx_video.cli.progress import EVERY, Display
from telnyx_video.cli.report import Report
from telnyx_video.cli.rows import Problem, Row
from telnyx_video.cli.running import on_signals
from telnyx_video.cli.settings import IfExists
from telnyx_video.cli.source import Source
from telnyx_video.cli.terminal import named


@dataclass(frozen=True)
class Plan:
    """How a batch is to be carried out."""

    concurrency: int
    max_rate: float | None
    if_exists: IfExists
    fail_fast: bool
    output: str | None
    grace: float
    """Seconds."""


@dataclass
class End:
    """How a batch came to its end."""

    signal: int | None = None
    failure: BaseException | None = None


class _Drawn:
    """The rows of the input as requests, and those of them without an outcome."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self.rows: dict[int, Row] = {}

    def __iter__(self) -> Iterator[CreateRoomRequest]:
        for index, entry in enumerate(self._entries()):
            if isinstance(entry, Problem):
                raise CommandError(
                    [
                        f"{self._source.name} was changed after it was checked: "
                        f"line {entry.line}: {entry.texts[0]}"
                    ],
                    FAILED,
                )
            self.rows[index] = entry
            yield entry.request

    def _entries(self) -> Iterator[Row | Problem]:
        try:
            yield from self._source.entries()
        except OSError as error:
            problem = f"{self._source.name} cannot be read any more: {error.strerror}"
            raise CommandError([problem], FAILED) from None


class Course:
    """One batch on its way."""

    def __init__(
        self,
        rooms: AsyncRoomsClient,
        plan: Plan,
        source: Source,
        report: Report,
        results: Writer,
        display: Display,
    ) -> None:
        self._drawn = _Drawn(source)
        self._stream = rooms.stream_many(
            self._drawn,
            concurrency=plan.concurrency,
            max_rate=plan.max_rate,
            if_exists=plan.if_exists,
            journal=plan.output,
            fail_fast=plan.fail_fast,
        )
        self._plan = plan
        self._report = report
        self._results = results
        self._display = display
        self._taking: asyncio.Task[None] | None = None
        self._end = End()

    async def run(self) -> End:
        """Take all outcomes; what is cut off in the end is told of as unknown.

        Raises:
            CommandError: the output cannot be written; nothing was sent.
            ConfigurationError: the output is not that of this batch; nothing was sent.
        """
        with on_signals(self._react):
            try:
                await self._take_to_the_end()
            except ConfigurationError:
                raise
            except OSError as error:  # the library writes nothing but the journal
                problem = f"--output {named(str(self._plan.output))} cannot be written"
                if self._taking is None:
                    raise CommandError([f"{problem}: {error.strerror}"]) from None
                self._end.failure = CommandError([f"{problem} any more: {error.strerror}"], FAILED)
            except Exception as error:
                self._end.failure = error
        self._end.failure = self._end.failure or self._results.broken
        self._give_up()
        self._report.stopped = self._stream.stopped
        return self._end

    async def _take_to_the_end(self) -> None:
        async with self._stream:
            # Only the taking is ever cancelled: closing the journal has to come to its end.
            self._taking = asyncio.create_task(self._take_all())
            while not self._taking.done():
                self._display.update()
                await asyncio.wait({self._taking}, timeout=EVERY)
            if not self._taking.cancelled():
                self._taking.result()

    async def _take_all(self) -> None:
        async for outcome in self._stream:
            self._tell(outcome)
            if self._results.broken or self._report.refused:
                self._stream.stop()

    def _tell(self, outcome: CreateOutcome) -> None:
        line = self._drawn.rows.pop(outcome.index).line
        self._results.write(outcome, line, self._report.add(outcome, line))

    def _react(self, number: int) -> None:
        if self._end.signal is not None:
            self._cut()
            return
        self._end.signal = number
        self._stream.stop()
        self._report.say_stopping(self._plan.grace)
        asyncio.get_running_loop().call_later(self._plan.grace, self._cut)

    def _cut(self) -> None:
        if self._taking is not None:
            self._taking.cancel()

    def _give_up(self) -> None:
        given_up = [
            (_given_up(index, row.request), row.line)
            for index, row in sorted(self._drawn.rows.items())
            if index in self._stream.in_flight
        ]
        for outcome, line in given_up:
            self._results.write(outcome, line, "unknown")
        self._report.give_up(given_up)


def _given_up(index: int, request: CreateRoomRequest) -> CreateOutcome:
    advice = "look for it" if request.unique_name is UNSET else "run the same input to find out"
    message = f"interrupted while it was under way: it may exist - {advice}"
    error = OutcomeUnknownError(message, request)
    return CreateOutcome(index=index, request=request, error=error)
