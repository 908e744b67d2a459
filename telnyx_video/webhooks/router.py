"""Calls the handlers of an event by its class, once each.

::

    router = EventRouter()

    @router.on(ParticipantLeft)
    async def left(event: ParticipantLeft) -> None: ...

    app = WebhookApp(router)       # or webhook_handler(router), for aiohttp
"""

from __future__ import annotations

import asyncio
import logging
from collections import OrderedDict
from collections.abc import Callable
from hashlib import blake2b
from inspect import isawaitable
from threading import Lock
from typing import TypeVar, cast
from weakref import WeakValueDictionary

import attrs

from telnyx_video._base.errors import ConfigurationError
from telnyx_video._base.text import SHORT, one_line, show
from telnyx_video.webhooks.events import Event, WebhookEvent

__all__ = ["Deduplicator", "EventRouter"]

E = TypeVar("E", bound=Event)
R = TypeVar("R")

_logger = logging.getLogger("telnyx_video.webhooks")


class Deduplicator:
    """Remembers the ids of recent events, in bounded memory; safe to share between threads.

    An event may be delivered twice. Look before the work and add the id after it: then an event
    whose work failed is not taken for a duplicate. Two concurrent deliveries both find nothing, and
    processes do not share it: what must never happen twice needs a unique column in your database
    as well.

    Args:
        capacity: Number of ids to keep, 1 or more; then the oldest is dropped. Each takes about
            200 bytes, at any length.

    Raises:
        ConfigurationError: the capacity is not an integer of at least 1; or, from the methods, the
            id is not a string.
    """

    def __init__(self, capacity: int = 10_000) -> None:
        if type(capacity) is not int or capacity < 1:
            raise ConfigurationError(
                f"capacity must be a number of ids, 1 or more, not {show(capacity)}"
            )
        self._capacity = capacity
        self._digests: OrderedDict[bytes, None] = OrderedDict()
        self._lock = Lock()

    def __contains__(self, event_id: str) -> bool:
        """Whether this id is remembered."""
        return _digest(event_id) in self._digests

    def __len__(self) -> int:
        """How many ids are remembered."""
        return len(self._digests)

    def add(self, event_id: str) -> None:
        """Remember this id, as the newest."""
        digest = _digest(event_id)
        with self._lock:
            self._digests[digest] = None
            self._digests.move_to_end(digest)
            if len(self._digests) > self._capacity:
                self._digests.popitem(last=False)


@attrs.frozen
class _Route:
    """One registered handler."""

    cls: type[Event]
    handler: Callable[[Event], object]
    seen: Deduplicator | None

    async def handle(self, event: Event) -> None:
        if self.seen is not None and event.id in self.seen:
            return
        handling = self.handler(event)
        if isawaitable(handling):
            await handling
        if self.seen is not None:
            self.seen.add(event.id)


class EventRouter:
    """Dispatches events to handlers by class; pass it to a receiver as ``on_event``.

    Handlers are functions or coroutine functions. A function runs on the event loop: wrap blocking
    work in :func:`asyncio.to_thread`. Handlers of one event run one after another, in the order in
    which they were registered. One that raises does not stop the others; then the delivery is
    answered 500, and Telnyx delivers it again. With deduplication only those handlers that failed
    run again.

    Args:
        deduplicate: Whether each handler gets an event once, if it accepted it: of the last 10,000,
            in this process. A delivery that arrives while the same event is being handled waits.

    Raises:
        ConfigurationError: from the decorators, if a class is not one of events, a handler cannot
            be called, or there is a default handler already.
    """

    def __init__(self, *, deduplicate: bool = True) -> None:
        self._deduplicate = deduplicate
        self._routes: list[_Route] = []
        self._default: _Route | None = None
        self._in_progress: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    def on(self, cls: type[E]) -> Callable[[Callable[[E], R]], Callable[[E], R]]:
        """Register a handler for the events of a class.

        To use one handler for several classes, call it for each: ``router.on(SessionEnded)(log)``.

        Args:
            cls: The class, such as :class:`ParticipantLeft`; :class:`Event` matches all of them.
        """
        # Below `@router.on` without its argument it is the handler.
        if not (isinstance(cast("object", cls), type) and issubclass(cls, Event)):  # pyright: ignore[reportUnnecessaryIsInstance] # see above
            raise ConfigurationError(
                f"on takes a class of events, as in @router.on(ParticipantLeft), not {show(cls)}"
            )

        def register(handler: Callable[[E], R]) -> Callable[[E], R]:
            self._routes.append(self._route(cls, handler))
            return handler

        return register

    def default(self, handler: Callable[[WebhookEvent], R]) -> Callable[[WebhookEvent], R]:
        """Register the handler of events that have no other handler.

        Without it they are accepted, and logged at level debug.
        """
        if self._default is not None:
            raise ConfigurationError("the router has a default handler already")
        self._default = self._route(Event, handler)
        return handler

    async def __call__(self, event: WebhookEvent) -> None:
        """Call the handlers of an event.

        Raises:
            ExceptionGroup: what the handlers raised; a note on each names its handler.
        """
        if not self._deduplicate:
            await self._dispatch(event)
            return
        lock = self._in_progress.setdefault(event.id, asyncio.Lock())
        async with lock:
            await self._dispatch(event)

    def _route(self, cls: type[Event], handler: object) -> _Route:
        if not callable(handler):
            raise ConfigurationError(f"a handler must take an event, unlike {show(handler)}")
        seen = Deduplicator() if self._deduplicate else None
        return _Route(cls, cast("Callable[[Event], object]", handler), seen)

    async def _dispatch(self, event: WebhookEvent) -> None:
        default = [] if self._default is None else [self._default]
        routes = [route for route in self._routes if isinstance(event, route.cls)] or default
        what = one_line(f"{event.event_type} {event.id}", SHORT)
        if not routes:
            _logger.debug("no handler for %s", what)
        failures: list[Exception] = []
        for route in routes:
            try:
                await route.handle(event)
            except Exception as error:
                name = getattr(route.handler, "__qualname__", type(route.handler).__name__)
                error.add_note(f"raised by the webhook handler {name}")
                failures.append(error)
        if failures:
            count = f"{len(failures)} of {len(routes)} handlers failed"
            raise ExceptionGroup(f"{count} on {what}", failures)


def _digest(event_id: str) -> bytes:
    if not isinstance(event_id, str):  # pyright: ignore[reportUnnecessaryIsInstance] # not all callers check types
        raise ConfigurationError(
            f"event_id must be the id of an event, as in event.id, not {show(event_id)}"
        )
    return blake2b(event_id.encode(errors="surrogatepass"), digest_size=16).digest()
