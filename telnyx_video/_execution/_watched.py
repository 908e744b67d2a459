"""Calls and requests of a client that has hooks: as those of any other, with an event at each end.

A client without hooks uses none of this, nor loads it, and so pays nothing for it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from typing import Any, TypeVar

import attrs

from telnyx_video._base.http import HttpReply, HttpRequest
from telnyx_video._execution._hooks import CURRENT, HookReporter, UnderWay
from telnyx_video._execution.attempt import Exchange
from telnyx_video._execution.call import REPEAT, CallOptions, Calls, Settled
from telnyx_video._execution.reconcile import CreateResult, IfExists
from telnyx_video._transport import SENT, Transport
from telnyx_video._transport.watched import WatchedTransport
from telnyx_video.config import ClientConfig
from telnyx_video.errors import Outcome, TelnyxVideoError
from telnyx_video.models import CreateRoomRequest
from telnyx_video.models.base import Answered
from telnyx_video.observing import Call, CallFinished, CallStarted, Hook, Operation

T = TypeVar("T", bound=Answered | None)
R = TypeVar("R")


class Watching:
    """What a client with hooks is put together from, in place of the usual parts."""

    def __init__(self, hooks: Sequence[Hook]) -> None:
        self._hooks = HookReporter(hooks)

    def transport(self, settings: ClientConfig, **arguments: Any) -> Transport:
        """A transport; as :class:`Transport`."""
        return WatchedTransport(self._hooks, settings, **arguments)

    def calls(self, calls: Calls) -> WatchedCalls:
        """The same calls."""
        return WatchedCalls(calls, self._hooks)


@attrs.frozen
class WatchedCalls:
    """Calls that tell the hooks when they start and how they end."""

    calls: Calls
    hooks: HookReporter

    @property
    def exchange(self) -> Exchange:
        """What the calls go through."""
        return self.calls.exchange

    @property
    def transport(self) -> Transport:
        """What the calls are sent through."""
        return self.calls.transport

    def for_batch(self, max_rate: float | None, give_up_after: float) -> WatchedCalls:
        """The same calls as a batch makes them."""
        return WatchedCalls(self.calls.for_batch(max_rate, give_up_after), self.hooks)

    async def create(
        self,
        request: CreateRoomRequest,
        if_exists: IfExists,
        limits: CallOptions,
        *,
        began_ago: float | None = None,
        settings: bytes | None = None,
    ) -> CreateResult:
        """Make a room; as :meth:`Calls.create`."""
        creating = self.calls.create(
            request, if_exists, limits, began_ago=began_ago, settings=settings
        )
        return await self._watch(Call("rooms.create", request.unique_name or None), creating)

    async def call(
        self,
        request: HttpRequest,
        read: Callable[[HttpReply], T],
        limits: CallOptions,
        *,
        repeatable: bool,
        advice: str = REPEAT,
    ) -> T:
        """Make any other call; as :meth:`Calls.call`."""
        calling = self.calls.call(request, read, limits, repeatable=repeatable, advice=advice)
        return await self._watch(Call(request.operation), calling)

    async def settle(
        self,
        request: HttpRequest,
        read: Callable[[HttpReply], Answered | None],
        limits: CallOptions,
        settled: Settled,
    ) -> None:
        """Make a call that an earlier try may have done; as :meth:`Calls.settle`."""
        settling = self.calls.settle(request, read, limits, settled)
        await self._watch(Call(request.operation), settling)

    async def delete(self, request: HttpRequest, limits: CallOptions) -> None:
        """Delete something; as :meth:`Calls.delete`."""
        await self._watch(Call(request.operation), self.calls.delete(request, limits))

    async def during(self, operation: Operation, work: Coroutine[object, object, R]) -> R:
        """What takes several calls, as one of them: those within it have no events of their own."""
        return await self._watch(Call(operation), work)

    async def _watch(self, call: Call, work: Coroutine[object, object, R]) -> R:
        task = asyncio.current_task()
        outer = CURRENT.get(None)
        if outer is not None and outer.task is task:
            return await work
        time = self.exchange.transport.time
        under_way, started = UnderWay(call, task), time()
        CURRENT.set(under_way)  # nobody looks at it after the call, so it may stay
        result: R | None = None
        failure: BaseException | None = None
        try:
            self.hooks.tell(CallStarted(call))
            result = await work
        except BaseException as error:
            failure = error
            raise
        else:
            return result
        finally:
            under_way.task = None
            self.hooks.tell(_ended(under_way, time() - started, result, failure))


def _ended(
    under_way: UnderWay, duration: float, result: object, failure: BaseException | None
) -> CallFinished:
    if not isinstance(result, CreateResult):
        outcome = _outcome(failure)
        return CallFinished(
            under_way.call, duration, under_way.attempts, error=failure, outcome=outcome
        )
    return CallFinished(
        under_way.call,
        duration,
        under_way.attempts,
        result.recovered,
        result.existed,
        result.error,
        _outcome(result.error),
    )


def _outcome(failure: BaseException | None) -> Outcome | None:
    """Whether what failed may have been applied; a cancellation that may have says so in a note."""
    if failure is None:
        return None
    if isinstance(failure, TelnyxVideoError):
        return failure.outcome
    cancelled = isinstance(failure, asyncio.CancelledError)
    doubt = cancelled and any(SENT in note for note in getattr(failure, "__notes__", ()))
    return Outcome.UNKNOWN if doubt else Outcome.NOT_APPLIED
