"""The blocking client: the asynchronous one, run by an event loop in its own thread."""

from __future__ import annotations

import functools
import inspect
import threading
import warnings
import weakref
from collections.abc import Callable, Coroutine, Iterator, Mapping
from types import TracebackType
from typing import (
    TYPE_CHECKING,
    Any,
    Concatenate,
    Final,
    NoReturn,
    ParamSpec,
    Self,
    TypeVar,
    cast,
    overload,
)

from telnyx_video.batch import CreateOutcome, OutcomeStream, collect
from telnyx_video.client._portal import Caller, Portal
from telnyx_video.client._sync import (
    BlockingContext,
    BlockingFileStream,
    Pager,
    SyncProxy,
    blocking,
    blocking_file,
    blocking_list,
    blocking_progress,
    copy_signature,
    next_or_none,
    proxy_of,
    raw_pages,
    wrap,
)
from telnyx_video.client.async_client import AsyncRoomsClient
from telnyx_video.errors import ConfigurationError
from telnyx_video.models import Page, RawResponse, Record
from telnyx_video.resources._resource import record
from telnyx_video.resources.compositions import AsyncCompositions
from telnyx_video.resources.participants import AsyncParticipants
from telnyx_video.resources.recordings import AsyncRecordings
from telnyx_video.resources.sessions import AsyncSessions

if TYPE_CHECKING:
    from aiohttp import ClientTimeout

    from telnyx_video._execution.retry import RetryPolicy

__all__ = [
    "BlockingFileStream",
    "BlockingOutcomeStream",
    "Compositions",
    "Pager",
    "Participants",
    "Recordings",
    "RoomsClient",
    "Sessions",
]

P = ParamSpec("P")
T = TypeVar("T")
R = TypeVar("R", bound=Record)


class Sessions(SyncProxy[AsyncSessions]):
    """As :class:`~telnyx_video.resources.sessions.AsyncSessions`."""

    list: Final = blocking_list(AsyncSessions.list)
    get: Final = blocking(AsyncSessions.get)
    end: Final = blocking(AsyncSessions.end)
    kick: Final = blocking(AsyncSessions.kick)
    mute: Final = blocking(AsyncSessions.mute)
    unmute: Final = blocking(AsyncSessions.unmute)
    participants: Final = blocking_list(AsyncSessions.participants)


class Participants(SyncProxy[AsyncParticipants]):
    """As :class:`~telnyx_video.resources.participants.AsyncParticipants`."""

    list: Final = blocking_list(AsyncParticipants.list)
    get: Final = blocking(AsyncParticipants.get)


class Recordings(SyncProxy[AsyncRecordings]):
    """As :class:`~telnyx_video.resources.recordings.AsyncRecordings`."""

    list: Final = blocking_list(AsyncRecordings.list)
    get: Final = blocking(AsyncRecordings.get)
    wait: Final = blocking_progress(AsyncRecordings.wait)
    download: Final = blocking_progress(AsyncRecordings.download)
    open: Final = blocking_file(AsyncRecordings.open)
    delete: Final = blocking(AsyncRecordings.delete)
    delete_many: Final = blocking(AsyncRecordings.delete_many)


class Compositions(SyncProxy[AsyncCompositions]):
    """As :class:`~telnyx_video.resources.compositions.AsyncCompositions`."""

    list: Final = blocking_list(AsyncCompositions.list)
    create: Final = blocking(AsyncCompositions.create)
    get: Final = blocking(AsyncCompositions.get)
    wait: Final = blocking_progress(AsyncCompositions.wait)
    download: Final = blocking_progress(AsyncCompositions.download)
    open: Final = blocking_file(AsyncCompositions.open)
    delete: Final = blocking(AsyncCompositions.delete)


def _blocking_stream(
    method: Callable[Concatenate[AsyncRoomsClient, P], OutcomeStream],
) -> Callable[Concatenate[RoomsClient, P], BlockingOutcomeStream]:
    @copy_signature(method)
    def call(self: RoomsClient, /, *args: P.args, **kwargs: P.kwargs) -> BlockingOutcomeStream:
        return BlockingOutcomeStream(*wrap(self, method, *args, **kwargs), self)

    return call


def _blocking_collect(
    method: Callable[Concatenate[AsyncRoomsClient, P], Coroutine[Any, Any, list[CreateOutcome]]],
    stream: Callable[Concatenate[AsyncRoomsClient, P], OutcomeStream],
) -> Callable[Concatenate[RoomsClient, P], list[CreateOutcome]]:
    @copy_signature(method)
    def call(self: RoomsClient, /, *args: P.args, **kwargs: P.kwargs) -> list[CreateOutcome]:
        outcomes, portal = wrap(self, stream, *args, **kwargs)
        caller = Caller()
        outcomes.run_callbacks_in(caller.do)
        return portal.run(collect(outcomes), caller)

    return call


def _signature_of(
    method: Callable[Concatenate[AsyncRoomsClient, P], None],
) -> Callable[[Callable[..., None]], Callable[Concatenate[RoomsClient, P], None]]:
    """Give a constructor the signature of the asynchronous client's."""
    return functools.wraps(method, assigned=(), updated=())


class RoomsClient(SyncProxy[AsyncRoomsClient]):
    """Blocking client for Telnyx video rooms.

    ::

        with RoomsClient() as rooms:  # key: TELNYX_API_KEY
            room = rooms.create(unique_name="standup", max_participants=10)

    It has the methods, arguments and errors of :class:`AsyncRoomsClient`, and can be used by any
    number of threads. A call from the client's own thread (in a trace hook, say), after a fork, or
    after closing raises ``ConfigurationError`` immediately. Ctrl-C cancels a call and waits for its
    end.

    Args:
        session: Not supported, as a session belongs to the event loop it was created in. All other
            arguments are those of :class:`AsyncRoomsClient`.
    """

    @_signature_of(AsyncRoomsClient.__init__)
    def __init__(self, **arguments: Any) -> None:
        try:
            if arguments.get("session") is not None:
                raise ConfigurationError(
                    "session belongs to the event loop it was created in, and RoomsClient has its "
                    "own: use AsyncRoomsClient, or leave session out"
                )
            unknown = [name for name in arguments if name not in _ARGUMENTS]
            if unknown:
                raise TypeError(
                    f"{type(self).__name__}() has no argument {unknown[0]!r} "
                    f"(arguments: {', '.join(_ARGUMENTS)})"
                )
            client = AsyncRoomsClient(**arguments)
        finally:
            arguments.clear()  # tracebacks may show locals, and one of these is the API key
        super().__init__(client, Portal(client.aclose))
        # Also runs at interpreter exit, so that a call after that fails immediately.
        self._closer = weakref.finalize(self, self._portal.close)
        # Runs before that one, and not at exit, where a client may well be open.
        self._warner = weakref.finalize(self, _warn_unclosed, self._portal, repr(self))
        self._warner.atexit = False

    create: Final = blocking(AsyncRoomsClient.create)
    get: Final = blocking(AsyncRoomsClient.get)
    get_by_name: Final = blocking(AsyncRoomsClient.get_by_name)
    list: Final = blocking_list(AsyncRoomsClient.list)
    update: Final = blocking(AsyncRoomsClient.update)
    delete: Final = blocking(AsyncRoomsClient.delete)
    request: Final = blocking(AsyncRoomsClient.request)
    join_token: Final = blocking(AsyncRoomsClient.join_token)
    refresh_join_token: Final = blocking(AsyncRoomsClient.refresh_join_token)
    create_many: Final = _blocking_collect(
        AsyncRoomsClient.create_many, AsyncRoomsClient.stream_many
    )
    stream_many: Final = _blocking_stream(AsyncRoomsClient.stream_many)

    @copy_signature(AsyncRoomsClient.with_options)
    def with_options(
        self,
        *,
        timeout: float | ClientTimeout | None = None,
        retry: RetryPolicy | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Self:
        """Return a view of this client whose calls have other options."""
        try:
            target = self._target.with_options(timeout=timeout, retry=retry, headers=headers)
        finally:  # a traceback may show locals, and a header may be a secret
            del headers
        return proxy_of(self, target)

    @overload
    @staticmethod
    def with_raw_response(  # type: ignore[overload-overlap] # a list is also a result, but first
        method: Callable[P, Pager[R]], /, *args: P.args, **kwargs: P.kwargs
    ) -> Iterator[tuple[Page[R], RawResponse]]: ...

    @overload
    @staticmethod
    def with_raw_response(
        method: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs
    ) -> tuple[T, RawResponse]: ...

    @staticmethod
    @copy_signature(AsyncRoomsClient.with_raw_response)
    def with_raw_response(method: Callable[..., Any], /, *args: object, **kwargs: object) -> Any:
        """Make a call, and return its result together with the raw reply."""
        try:
            name, proxy = getattr(method, "__name__", ""), getattr(method, "__self__", None)
            target, recorder = record(getattr(proxy, "_target", None), name)
            result: Any = getattr(proxy_of(cast("Any", proxy), target), name)(*args, **kwargs)
        finally:  # a traceback may show locals, and these may hold secrets
            del args
            kwargs.clear()
        if isinstance(result, Pager):
            return raw_pages(cast("Pager[Record]", result), recorder)
        return result, recorder.raw()

    @property
    def sessions(self) -> Sessions:
        """Sessions of rooms: list, get, end; kick, mute and unmute participants."""
        return Sessions(self._target.sessions, self._portal, self)

    @property
    def participants(self) -> Participants:
        """Participants of sessions: list and get."""
        return Participants(self._target.participants, self._portal, self)

    @property
    def recordings(self) -> Recordings:
        """Recordings: list, get, wait, download, open, delete, one or many."""
        return Recordings(self._target.recordings, self._portal, self)

    @property
    def compositions(self) -> Compositions:
        """Compositions of recordings: list, create, get, wait, download, open, delete."""
        return Compositions(self._target.compositions, self._portal, self)

    def close(self) -> None:
        """Close the connections and the thread; calls in flight end with an error."""
        self._warner.detach()
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
        target = vars(self).get("_target")  # missing if the constructor failed
        where = "" if target is None else repr(target).partition(" ")[2]
        return f"<{type(self).__name__} {where or 'that could not be created>'}"

    def __reduce__(self) -> NoReturn:
        self._target.__reduce__()


def _warn_unclosed(portal: Portal, client: str) -> None:
    if portal.running:
        message = f"unclosed {client}: use `with`, or call close()"
        warnings.warn(message, ResourceWarning, stacklevel=1)


_ARGUMENTS: Final = tuple(inspect.signature(AsyncRoomsClient).parameters)


class BlockingOutcomeStream(BlockingContext[OutcomeStream]):
    """The outcomes of a batch as they finish: enter it, then iterate over it.

    Leaving the block early cancels the creates in flight and waits for their end.
    """

    def __init__(self, stream: OutcomeStream, portal: Portal, owner: RoomsClient) -> None:
        super().__init__(stream, portal, owner)
        self._caller = Caller()
        self._lock = threading.Lock()
        self._entered = False
        stream.run_callbacks_in(self._caller.do)

    @property
    def stopped(self) -> str | None:
        """Why reading the input ended early, if it did: see ``OutcomeStream.stopped``."""
        return self._target.stopped

    @property
    def unreadable_lines(self) -> int:
        """Lines of the journal that are damaged: see ``OutcomeStream.unreadable_lines``."""
        return self._target.unreadable_lines

    @property
    def max_rate(self) -> float | None:
        """As for :class:`~telnyx_video.batch.OutcomeStream`: requests a second at the most."""
        return self._target.max_rate

    @max_rate.setter
    def max_rate(self, rate: float | None) -> None:
        self._target.max_rate = rate

    def stop(self) -> None:
        """Read no more requests; the stream ends when the creates in flight are finished."""
        self._target.stop()

    def __enter__(self) -> Self:
        try:
            self._portal.run(self._target.__aenter__())  # the input is read on iteration
            self._entered = True
        except BaseException as error:
            # An interruption may come after the stream was entered and its workers were started.
            self.__exit__(type(error), error, error.__traceback__)
            raise
        return self

    def __iter__(self) -> Iterator[CreateOutcome]:
        return self

    def __next__(self) -> CreateOutcome:
        if not self._entered:
            raise ConfigurationError("enter the stream first: with rooms.stream_many(...) as s:")
        with self._lock:  # one thread at a time runs the stream's callbacks
            outcome = (
                cast("CreateOutcome | None", self._caller.unclaimed.popleft())
                if self._caller.unclaimed
                else self._portal.run(next_or_none(self._target), self._caller)
            )
        if outcome is None:
            raise StopIteration
        return outcome
