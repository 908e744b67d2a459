"""The client for code that does not await: the asynchronous one, run in a thread of its own.

Nothing is written twice: each operation is one line, and has the signature and the docstring of
the coroutine that it runs.
"""

from __future__ import annotations

import functools
import threading
import weakref
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from contextlib import suppress
from types import TracebackType
from typing import Any, Concatenate, Final, Generic, NoReturn, ParamSpec, Self, TypeVar, cast

from telnyx_video._paging import AsyncPager
from telnyx_video._portal import Caller, Portal
from telnyx_video.batch import CreateOutcome, OutcomeStream, collect
from telnyx_video.client import AsyncRoomsClient
from telnyx_video.errors import ConfigurationError
from telnyx_video.models import Page, Record

__all__ = ["BlockingOutcomeStream", "Pager", "RoomsClient"]

P = ParamSpec("P")
T = TypeVar("T")
R = TypeVar("R", bound=Record)


def _blocking(
    method: Callable[Concatenate[AsyncRoomsClient, P], Coroutine[Any, Any, T]],
) -> Callable[Concatenate[RoomsClient, P], T]:
    @functools.wraps(method)
    def call(self: RoomsClient, /, *args: P.args, **kwargs: P.kwargs) -> T:
        client, portal = _parts(self)
        return portal.run(method(client, *args, **kwargs))

    return call


def _blocking_list(
    method: Callable[Concatenate[AsyncRoomsClient, P], AsyncPager[R]],
) -> Callable[Concatenate[RoomsClient, P], Pager[R]]:
    @functools.wraps(method)
    def call(self: RoomsClient, /, *args: P.args, **kwargs: P.kwargs) -> Pager[R]:
        client, portal = _parts(self)
        return Pager(method(client, *args, **kwargs), portal, self)

    return call


def _blocking_stream(
    method: Callable[Concatenate[AsyncRoomsClient, P], OutcomeStream],
) -> Callable[Concatenate[RoomsClient, P], BlockingOutcomeStream]:
    @functools.wraps(method)
    def call(self: RoomsClient, /, *args: P.args, **kwargs: P.kwargs) -> BlockingOutcomeStream:
        client, portal = _parts(self)
        return BlockingOutcomeStream(method(client, *args, **kwargs), portal, self)

    return call


def _blocking_collect(
    method: Callable[Concatenate[AsyncRoomsClient, P], Coroutine[Any, Any, list[CreateOutcome]]],
    stream: Callable[Concatenate[AsyncRoomsClient, P], OutcomeStream],
) -> Callable[Concatenate[RoomsClient, P], list[CreateOutcome]]:
    @functools.wraps(method)
    def call(self: RoomsClient, /, *args: P.args, **kwargs: P.kwargs) -> list[CreateOutcome]:
        client, portal = _parts(self)
        outcomes, caller = stream(client, *args, **kwargs), Caller()
        outcomes.call_back_through(caller.do)
        return portal.run(collect(outcomes), caller)

    return call


def _alike(
    model: Callable[Concatenate[AsyncRoomsClient, P], None],
) -> Callable[[Callable[..., None]], Callable[Concatenate[RoomsClient, P], None]]:
    """Give a constructor the signature of the asynchronous client's."""
    return functools.wraps(model, assigned=(), updated=())


def _parts(rooms: RoomsClient) -> tuple[AsyncRoomsClient, Portal]:
    # The functions above are methods of the class, only written outside of it.
    return rooms._client, rooms._portal  # pyright: ignore[reportPrivateUsage] # as said above


class RoomsClient:
    """Telnyx video rooms, for code that does not await.

    ::

        with RoomsClient() as rooms:  # key: TELNYX_API_KEY
            room = rooms.create(unique_name="standup", max_participants=10)

    The same operations, arguments and errors as :class:`AsyncRoomsClient`, from any number of
    threads. A call from the client's own thread (in a trace hook, say), after a fork, or once
    closed raises ``ConfigurationError`` at once. Ctrl-C cancels a call and waits for its end.

    Args:
        session: Not possible here, for a session belongs to the loop that it was made in. All
            other arguments are those of :class:`AsyncRoomsClient`.
    """

    @_alike(AsyncRoomsClient.__init__)
    def __init__(self, **arguments: Any) -> None:
        if arguments.get("session") is not None:
            raise ConfigurationError(
                "session belongs to the loop it was made in, and this client has its own: "
                "use AsyncRoomsClient, or leave session out"
            )
        self._client = AsyncRoomsClient(**arguments)
        self._portal = Portal()
        # Also runs at interpreter exit, so that a call after that ends at once.
        self._closer = weakref.finalize(self, self._portal.close, self._client.aclose)

    create: Final = _blocking(AsyncRoomsClient.create)
    get: Final = _blocking(AsyncRoomsClient.get)
    list: Final = _blocking_list(AsyncRoomsClient.list)
    update: Final = _blocking(AsyncRoomsClient.update)
    delete: Final = _blocking(AsyncRoomsClient.delete)
    create_many: Final = _blocking_collect(
        AsyncRoomsClient.create_many, AsyncRoomsClient.stream_many
    )
    stream_many: Final = _blocking_stream(AsyncRoomsClient.stream_many)

    def close(self) -> None:
        """Close the connections and the thread; calls in flight end with an error."""
        self._closer()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return repr(self._client).replace("AsyncRoomsClient", type(self).__name__)

    def __reduce__(self) -> NoReturn:
        self._client.__reduce__()


class Pager(Generic[R]):
    """All objects of a list: ``for room in pager``; each loop over it asks anew."""

    def __init__(self, pager: AsyncPager[R], portal: Portal, rooms: RoomsClient) -> None:
        self._pager = pager
        self._portal = portal
        self._rooms = rooms  # kept alive: a client that nobody holds is closed

    def pages(self) -> Iterator[Page[R]]:
        """The pages, with their totals and what came beside them."""
        pages = self._pager.pages()
        while (page := self._portal.run(_next_or_none(pages))) is not None:
            yield page

    def __iter__(self) -> Iterator[R]:
        for page in self.pages():
            yield from page.items


class BlockingOutcomeStream:
    """The outcomes of a batch, as they finish: enter it, then iterate over it.

    Leaving the block early cancels what is under way and waits until it has ended.
    """

    def __init__(self, stream: OutcomeStream, portal: Portal, rooms: RoomsClient) -> None:
        self._stream = stream
        self._portal = portal
        self._rooms = rooms  # kept alive: a client that nobody holds is closed
        self._caller = Caller()
        self._taking = threading.Lock()
        self._entered = False
        stream.call_back_through(self._caller.do)

    @property
    def stopped(self) -> str | None:
        """As for :class:`~telnyx_video.batch.OutcomeStream`: why no more was drawn, if so."""
        return self._stream.stopped

    def stop(self) -> None:
        """Draw no more: what is under way is finished, and then the stream ends."""
        self._stream.stop()

    def __enter__(self) -> Self:
        try:
            self._portal.run(self._stream.__aenter__(), self._caller)
            self._entered = True
        except BaseException as error:
            # An interruption may come when the stream is entered and its workers have begun.
            self.__exit__(type(error), error, error.__traceback__)
            raise
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        # A client that was closed meanwhile has ended the stream, too.
        with suppress(ConfigurationError):
            self._portal.run(self._stream.__aexit__(exc_type, exc, traceback))

    def __iter__(self) -> Iterator[CreateOutcome]:
        return self

    def __next__(self) -> CreateOutcome:
        if not self._entered:
            raise ConfigurationError("enter the stream first: with rooms.stream_many(...) as s:")
        with self._taking:  # threads take turns: one at a time works for the stream
            outcome = (
                cast("CreateOutcome | None", self._caller.unclaimed.popleft())
                if self._caller.unclaimed
                else self._portal.run(_next_or_none(self._stream), self._caller)
            )
        if outcome is None:
            raise StopIteration
        return outcome


async def _next_or_none(items: AsyncIterator[T]) -> T | None:
    return await anext(items, None)
