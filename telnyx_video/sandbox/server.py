"""`Sandbox`: the server as an object, run by the caller's event loop or by a separate thread."""

import asyncio
import os
import ssl
import uuid
from collections import Counter
from collections.abc import AsyncGenerator, Callable, Collection, Generator, Sequence
from concurrent.futures import Future
from contextlib import (
    AbstractAsyncContextManager,
    AsyncExitStack,
    ExitStack,
    asynccontextmanager,
    closing,
    contextmanager,
)
from threading import Thread
from typing import Self

import attrs

from telnyx_video.sandbox.access import ACCESS_TOKEN_TTL, CrossSiteGuard, RateLimiter
from telnyx_video.sandbox.app import Api, App
from telnyx_video.sandbox.config import DEFAULT_KEY, SandboxConfig
from telnyx_video.sandbox.control import Control
from telnyx_video.sandbox.faults.inject import OUTAGE_KINDS, Faults, OutageKind
from telnyx_video.sandbox.faults.plan import FaultPlan, parse_plan
from telnyx_video.sandbox.listener import Port, listening
from telnyx_video.sandbox.log import LOG_SIZE, LoggedRequests
from telnyx_video.sandbox.page import LiveUpdates
from telnyx_video.sandbox.participants import Participants
from telnyx_video.sandbox.routes import CONTROL, FILES, PAGE, VERSION
from telnyx_video.sandbox.seed import Seed, load_seed, put_seed, read_seed
from telnyx_video.sandbox.state.database import SeededSource, SystemSource, timestamp
from telnyx_video.sandbox.state.store import Store
from telnyx_video.sandbox.webhooks import KEY, RETRIES, Dispatcher


@attrs.frozen
class _Running:
    """The parts of a server that is running."""

    url: str
    api: Api
    store: Store
    participants: Participants
    faults: Faults
    control: Control


class Sandbox:
    """A local Telnyx Video server, for tests and for trying things without a key.

    `async with Sandbox() as sandbox` serves on the running event loop; `with Sandbox() as sandbox`
    serves from a separate thread, for blocking code. Leaving either stops the server immediately
    and cuts requests in flight, as the crash of a real server would. It can then be entered again;
    rooms survive that only in a file.

    It implements the operations on rooms, client tokens, sessions, participants, recordings and
    compositions: https://developers.telnyx.com/api-reference/rooms/create-a-room and its
    neighbours. Where their behaviour is not published, the modules of `telnyx_video.sandbox.api`
    and `telnyx_video.sandbox.state` document the choice. `page_url` is the address of
    a page that shows what the server does.

    Everything that this class offers is also available over HTTP under `/_sandbox/`, without the
    key; `GET /_sandbox/openapi.json` describes it. Requests that a browser sends for a page of
    another site are refused, and so are requests with an unknown `Host`.

    Args:
        host: Where to listen: a name, resolved as IPv4, or an address.
        port: The port, up to 65535; 0 picks a free one.
        api_key: The only accepted key, besides access tokens; not empty, and without control
            characters.
        db: A file that keeps the rooms and what happened in them, even if the process is killed.
            None keeps them in memory.
        rate_limit: Requests a second, at least 1, beyond which the answer is 429. None is
            unlimited; replies then have no rate limit headers.
        ssl_context: Serves HTTPS with it.
        faults: A fault plan, as documented by `telnyx_video.sandbox.faults`.
        composition_delay: Seconds from the creation of a composition to its completion; enqueued
            for the first half, processing for the second. From 0 to a day.
        webhook_key: The private key that signs webhooks, 32 bytes. All sandboxes have the same
            default.
        webhook_hosts: Hosts that webhooks may be delivered to besides this machine, such as the
            name of a container.
        webhook_retries: Seconds before each further attempt at a webhook URL, each from 0 to a
            day.
        deliver_anywhere: Delivers webhooks to every host.
        allow_hosts: Names by which clients may call the server, besides `host` and the names of
            this machine; "*" allows every name.
        log_size: Requests that `log` keeps, up to 100,000; 0 keeps none.
        access_token_ttl: Seconds for which an OAuth access token is valid, from 0 to a day. They
            are issued at `/oauth/token` below the URL, to any client whose secret is the API key.
        seed: Objects with given ids to start with, as documented by `telnyx_video.sandbox.seed`,
            or the path of a JSON file of them.
        seed_random: Makes ids and times the same in every run: ids follow from this number, and
            the clock starts at 2025-01-01T00:00:00Z and advances a second with each request.

    Raises:
        ValueError: if an argument is invalid; it names them all.
        FaultPlanError: if the fault plan is invalid.
        SeedError: if the seed is invalid.
        OSError: if the file of the seed cannot be read.
    """

    def __init__(
        self,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        api_key: str = DEFAULT_KEY,
        db: str | os.PathLike[str] | None = None,
        rate_limit: int | None = None,
        ssl_context: ssl.SSLContext | None = None,
        faults: FaultPlan = (),
        composition_delay: float = 1.0,
        webhook_key: bytes = KEY,
        webhook_hosts: Collection[str] = (),
        webhook_retries: Sequence[float] = RETRIES,
        deliver_anywhere: bool = False,
        allow_hosts: Collection[str] = (),
        log_size: int = LOG_SIZE,
        access_token_ttl: float = ACCESS_TOKEN_TTL,
        seed: Seed | str | os.PathLike[str] | None = None,
        seed_random: int | None = None,
    ) -> None:
        objects = None if seed is None else load_seed(seed)
        self._config = SandboxConfig(
            host=host,
            port=port,
            api_key=api_key,
            db=db,
            rate_limit=rate_limit,
            ssl_context=ssl_context,
            faults=faults,
            composition_delay=composition_delay,
            webhook_key=webhook_key,
            webhook_hosts=webhook_hosts,
            webhook_retries=webhook_retries,
            deliver_anywhere=deliver_anywhere,
            allow_hosts=allow_hosts,
            log_size=log_size,
            access_token_ttl=access_token_ttl,
            seed=objects,
            seed_random=seed_random,
        )
        parse_plan(faults)
        if objects is not None:
            read_seed(objects, timestamp(SeededSource.START))
        self._running: _Running | None = None
        self._on_this_loop = AsyncExitStack()
        self._in_its_thread = ExitStack()

    @property
    def page_url(self) -> str:
        """The address of the page that shows what the server does."""
        return self.url.removesuffix(VERSION) + PAGE

    @property
    def log(self) -> LoggedRequests:
        """The last requests to the API with their answers, oldest first. Thread-safe.

        `sandbox.log[-1].body` is the last body sent; `sandbox.log.where(operation="POST /rooms")`
        selects by operation, status or request id. Control requests are not logged.
        """
        return self._while_running().api.log.snapshot()

    def redeliver(self, event_id: str, to: str | None = None) -> None:
        """Send the webhook of an event again, delivered or not. Thread-safe.

        The attempt appears in `deliveries`, whose `state` is "pending" until it has finished.

        Args:
            event_id: The event, as in `events` and `deliveries`.
            to: Where to send it, instead of its own URL.

        Raises:
            LookupError: if the event has no webhook.
            ValueError: if its delivery has not finished, or the URL is not allowed.
        """
        self._while_running().control.redeliver(event_id, to)

    def redeliver_failed(self, to: str | None = None) -> int:
        """Resend every webhook that was not delivered, and return how many.

        Args:
            to: Where to send them, instead of their own URLs.

        Raises:
            ValueError: if the URL is not allowed.
        """
        return self._while_running().control.redeliver_failed(to)

    def seed(self, objects: Seed) -> None:
        """Add objects with given ids, all or none. Thread-safe.

        Args:
            objects: As documented by `telnyx_video.sandbox.seed`.

        Raises:
            SeedError: if they are invalid, or contradict existing objects.
        """
        self._while_running().control.seed(objects)

    @property
    def url(self) -> str:
        """The base URL of the API; it ends in `/v2`."""
        return self._while_running().url

    @property
    def api_key(self) -> str:
        """The only accepted key."""
        return self._config.api_key

    @property
    def public_key(self) -> str:
        """The key that receivers verify webhooks with, in base64: their TELNYX_PUBLIC_KEY.

        Raises:
            ModuleNotFoundError: if cryptography is not installed, without which no webhook is
                delivered; install the extra `webhooks`.
        """
        return self._config.signer.public_key

    @property
    def rooms(self) -> list[dict[str, object]]:
        """Every room as published, oldest first. Thread-safe."""
        return [room.as_json() for room in self._while_running().store.rooms.table.where()]

    @property
    def requests(self) -> Counter[str]:
        """A copy of how many requests arrived, by "METHOD /route": "GET /v2/rooms/{id}".

        Requests to unknown paths are under "METHOD (unknown)"; control requests are not counted.
        Thread-safe.
        """
        return self._while_running().api.stats.requests.copy()

    @property
    def max_in_flight(self) -> int:
        """The highest number of POSTs served at the same time. Thread-safe."""
        return self._while_running().api.stats.max_in_flight

    @property
    def keyed_downloads(self) -> int:
        """Downloads that came with an Authorization header. Thread-safe.

        Telnyx serves files from another server, to which a client must not send its key.
        """
        return self._while_running().api.stats.keyed_downloads

    @property
    def participants(self) -> list[dict[str, object]]:
        """All participants as published, and whether they are `muted`, in order of joining.

        Thread-safe.
        """
        return self._while_running().participants.participants()

    @property
    def events(self) -> list[dict[str, object]]:
        """What happened in the rooms, in order, with the ids of the objects involved.

        Their `type` is named as in webhooks, such as `video.room.session.started`. Thread-safe.
        """
        return self._while_running().participants.events()

    @property
    def deliveries(self) -> list[dict[str, object]]:
        """The webhook delivery of each event whose room has a webhook URL, in order. Thread-safe.

        Each has a `state`: "pending", "delivered", "failed" (no receiver accepted it) or
        "not_sent", and its `attempts`: with the signed `headers` and `body` that were sent, and
        the `status` and `answer` of the receiver or the `error` that prevented one.
        """
        return self._while_running().participants.deliveries()

    def join(self, room_id: str, *, context: str | None = None, token: str | None = None) -> str:
        """Add a simulated participant to a room; starts a session if none is active. Thread-safe.

        Args:
            room_id: The room.
            context: A description of the participant.
            token: A client token, which must open the room, as in reality. Without one the room
                is open, for tests that are not about tokens.

        Returns:
            The participant's id.

        Raises:
            LookupError: if the room does not exist.
            ValueError: if the room is full, or the token is invalid, expired, for another room or
                a refresh token.
        """
        participant, _ = self._while_running().participants.join(room_id, context, token)
        return participant.id

    def leave(self, participant_id: str) -> None:
        """Let a participant leave; the last one ends the session. Thread-safe.

        Args:
            participant_id: What `join` returned, or what a reply shows.

        Raises:
            LookupError: if the participant does not exist.
            ValueError: if it has already left.
        """
        self._while_running().store.sessions.leave(participant_id)

    @property
    def faults(self) -> FaultPlan:
        """The fault plan; assign another one at any time, from any thread.

        Raises:
            FaultPlanError: on assignment, if the plan is invalid; the old one stays.
        """
        return self._while_running().faults.plan

    @faults.setter
    def faults(self, plan: FaultPlan) -> None:
        self._while_running().faults.follow(plan)

    @property
    def faults_done(self) -> Counter[str]:
        """A copy of how many requests got each fault. Thread-safe."""
        return self._while_running().faults.done.copy()

    def pause(self, kind: OutageKind = "refuse", *, seconds: float | None = None) -> None:
        """Start an outage of the whole server. Thread-safe.

        Args:
            kind: "refuse" cuts every connection and refuses new ones; "503" answers every
                request with 503.
            seconds: Duration; None lasts until `resume`.

        Raises:
            ValueError: if the kind is unknown.
        """
        if kind not in OUTAGE_KINDS:
            raise ValueError(f"kind must be one of {', '.join(OUTAGE_KINDS)}, not {kind!r}")
        self._while_running().control.set_outage(kind, seconds)

    def resume(self) -> None:
        """End the outage, if any; the port stays the same. Thread-safe."""
        self._while_running().control.set_outage(None)

    def reset(self) -> None:
        """Return the sandbox to the state in which it was entered. Thread-safe.

        Rooms, counts, outages and pending commits are removed, the first fault plan restarts, and
        the seed is added again. Requests that a fault stalls are cut when they would continue.
        """
        self._while_running().control.reset()

    async def __aenter__(self) -> Self:
        """Start to serve on the running loop.

        Raises:
            OSError: if the address cannot be listened on, or the file cannot be opened.
            RuntimeError: if this sandbox is already serving.
        """
        await self._on_this_loop.enter_async_context(self._serving())
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._on_this_loop.aclose()

    def __enter__(self) -> Self:
        """Start to serve from a separate thread.

        Raises:
            OSError: if the address cannot be listened on, or the file cannot be opened.
            RuntimeError: if this sandbox is already serving.
        """
        self._in_its_thread.enter_context(_in_a_thread(self._serving))
        return self

    def __exit__(self, *_: object) -> None:
        self._in_its_thread.close()

    def _while_running(self) -> _Running:
        if self._running is None:
            raise RuntimeError("this Sandbox is not serving: enter it by `with` or `async with`")
        return self._running

    @asynccontextmanager
    async def _serving(self) -> AsyncGenerator[None]:
        if self._running is not None:
            raise RuntimeError("this Sandbox is already serving: enter it only once")
        async with _serving(self._config) as running:
            self._running = running
            try:
                yield
            finally:
                self._running = None


@asynccontextmanager
async def _serving(config: SandboxConfig) -> AsyncGenerator[_Running]:
    """Serve on the running loop while the context is open.

    Raises:
        OSError: if the address cannot be listened on, or the file cannot be opened.
        SeedError: if the seed contradicts the rooms in the file.
    """
    source = SystemSource() if config.seed_random is None else SeededSource(config.seed_random)
    delay = config.composition_delay
    with closing(Store(config.db, source=source, composition_delay=delay)) as store:
        api = Api(
            store,
            api_key=config.api_key,
            limiter=None if config.rate_limit is None else RateLimiter(config.rate_limit),
            log_size=config.log_size,
            access_token_ttl=config.access_token_ttl,
        )
        if config.seed is not None:
            put_seed(store, api.tokens, config.seed)
        port = Port(config.host, config.port, config.ssl_context)
        with closing(Faults(api, config.faults, port)) as faults:
            participants = Participants(api, store)
            api.streams[f"{CONTROL}stream"] = _live_updates(api, store, faults).stream
            guard = CrossSiteGuard.of(config.host, config.allow_hosts)
            app = App(api, guard, faults.serve)
            async with listening(app.serve, app.refuse_bytes, port) as number:
                url = config.url(number)
                control = Control(api, store, faults, config, url)
                dispatcher = Dispatcher(
                    store.deliveries,
                    config.signer,
                    config.policy,
                    files=url.removesuffix(VERSION) + FILES,
                )
                try:
                    yield _Running(url, api, store, participants, faults, control)
                finally:
                    await dispatcher.close()


def _live_updates(api: Api, store: Store, faults: Faults) -> LiveUpdates:
    return LiveUpdates(
        api.log,
        uuid.uuid4().hex[:8],
        {
            "rooms": lambda: store.database.revision,
            "deliveries": lambda: (store.deliveries.revision, api.log.cleared),
            "faults": lambda: (id(faults.plan), sum(faults.done.values())),
            "outage": lambda: faults.outage,
        },
    )


@contextmanager
def _in_a_thread(context: Callable[[], AbstractAsyncContextManager[None]]) -> Generator[None]:
    """Hold an async context open on an event loop in a separate thread."""
    started: Future[tuple[asyncio.AbstractEventLoop, asyncio.Event]] = Future()

    async def hold() -> None:
        async with AsyncExitStack() as stack:
            try:
                await stack.enter_async_context(context())
            except BaseException as error:  # raised in the calling thread
                started.set_exception(error)
                return
            stop = asyncio.Event()
            started.set_result((asyncio.get_running_loop(), stop))
            await stop.wait()

    # A daemon, so that a program that never leaves the context can still exit.
    thread = Thread(target=lambda: asyncio.run(hold()), name="telnyx-video-sandbox", daemon=True)
    thread.start()
    try:
        loop, stop = started.result()
    except Exception:
        thread.join()
        raise
    try:
        yield
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join()
