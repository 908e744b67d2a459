"""The client for code that does not await: the asynchronous one, run in a thread of its own.

Nothing is written twice: each operation is one line, and has the signature and the docstring of
the coroutine that it runs, less what is about awaiting.
"""

from __future__ import annotations

import functools
import threading
import weakref
from collections.abc import Callable, Coroutine, Iterator
from contextlib import suppress
from types import TracebackType
from typing import TYPE_CHECKING, Any, Concatenate, Final, NoReturn, ParamSpec, Self, cast

from telnyx_video.batch import CreateOutcome, OutcomeStream, collect
from telnyx_video.client._portal import Caller, Portal
from telnyx_video.client._sync import (
    Pager,
    Twin,
    blocking,
    blocking_list,
    like,
    next_or_none,
    parts,
)
from telnyx_video.client.async_client import AsyncRoomsClient
from telnyx_video.errors import ConfigurationError

if TYPE_CHECKING:
    from telnyx_video.client._blocking_groups import (
        Compositions,
        Participants,
        Recordings,
        Sessions,
    )

__all__ = ["BlockingOutcomeStream", "Pager", "RoomsClient"]

P = ParamSpec("P")


def _blocking_stream(
    method: Callable[Concatenate[AsyncRoomsClient, P], OutcomeStream],
) -> Callable[Concatenate[RoomsClient, P], BlockingOutcomeStream]:
    @like(method)
    def call(self: RoomsClient, /, *args: P.args, **kwargs: P.kwargs) -> BlockingOutcomeStream:
        client, portal = parts(self)
        return BlockingOutcomeStream(method(client, *args, **kwargs), portal, self)

    return call


def _blocking_collect(
    method: Callable[Concatenate[AsyncRoomsClient, P], Coroutine[Any, Any, list[CreateOutcome]]],
    stream: Callable[Concatenate[AsyncRoomsClient, P], OutcomeStream],
) -> Callable[Concatenate[RoomsClient, P], list[CreateOutcome]]:
    @like(method)
    def call(self: RoomsClient, /, *args: P.args, **kwargs: P.kwargs) -> list[CreateOutcome]:
        client, portal = parts(self)
        outcomes, caller = stream(client, *args, **kwargs), Caller()
        outcomes.run_callbacks_in(caller.do)
        return portal.run(collect(outcomes), caller)

    return call


def _alike(
    model: Callable[Concatenate[AsyncRoomsClient, P], None],
) -> Callable[[Callable[..., None]], Callable[Concatenate[RoomsClient, P], None]]:
    """Give a constructor the signature of the asynchronous client's."""
    return functools.wraps(model, assigned=(), updated=())


class RoomsClient(Twin[AsyncRoomsClient]):
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
        client = AsyncRoomsClient(**arguments)
        super().__init__(client, Portal(client.aclose))
        # Also runs at interpreter exit, so that a call after that ends at once.
        self._closer = weakref.finalize(self, self._portal.close)

    create: Final = blocking(AsyncRoomsClient.create)
    get: Final = blocking(AsyncRoomsClient.get)
    get_by_name: Final = blocking(AsyncRoomsClient.get_by_name)
    list: Final = blocking_list(AsyncRoomsClient.list)
    update: Final = blocking(AsyncRoomsClient.update)
    delete: Final = blocking(AsyncRoomsClient.delete)
    join_token: Final = blocking(AsyncRoomsClient.join_token)
    refresh_join_token: Final = blocking(AsyncRoomsClient.refresh_join_token)
    create_many: Final = _blocking_collect(
        AsyncRoomsClient.create_many, AsyncRoomsClient.stream_many
    )
    stream_many: Final = _blocking_stream(AsyncRoomsClient.stream_many)

    @property
    def sessions(self) -> Sessions:
        """The meetings in rooms: list, get, end; kick, mute and unmute those who are in one."""
        from telnyx_video.client._blocking_groups import Sessions

        return Sessions(self._awaited.sessions, self._portal, self)

    @property
    def participants(self) -> Participants:
        """Those who are, or were, in sessions: list and get."""
        from telnyx_video.client._blocking_groups import Participants

        return Participants(self._awaited.participants, self._portal, self)

    @property
    def recordings(self) -> Recordings:
        """What was recorded: list, get, download, delete, one or many."""
        from telnyx_video.client._blocking_groups import Recordings

        return Recordings(self._awaited.recordings, self._portal, self)

    @property
    def compositions(self) -> Compositions:
        """Films made of recordings: list, create, get, download, delete."""
        from telnyx_video.client._blocking_groups import Compositions

        return Compositions(self._awaited.compositions, self._portal, self)

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
        return repr(self._awaited).replace("AsyncRoomsClient", type(self).__name__)

    def __reduce__(self) -> NoReturn:
        self._awaited.__reduce__()


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
        stream.run_callbacks_in(self._caller.do)

    @property
    def stopped(self) -> str | None:
        """As for :class:`~telnyx_video.batch.OutcomeStream`: why no more was drawn, if so."""
        return self._stream.stopped

    @property
    def unreadable_lines(self) -> int:
        """As for :class:`~telnyx_video.batch.OutcomeStream`: lines of the journal, after damage."""
        return self._stream.unreadable_lines

    @property
    def max_rate(self) -> float | None:
        """As for :class:`~telnyx_video.batch.OutcomeStream`: requests a second at the most."""
        return self._stream.max_rate

    @max_rate.setter
    def max_rate(self, rate: float | None) -> None:
        self._stream.max_rate = rate

    def stop(self) -> None:
        """Draw no more: what is under way is finished, and then the stream ends."""
        self._stream.stop()

    def __enter__(self) -> Self:
        try:
            self._portal.run(self._stream.__aenter__())  # whose input is drawn when it is read
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
                else self._portal.run(next_or_none(self._stream), self._caller)
            )
        if outcome is None:
            raise StopIteration
        return outcome
