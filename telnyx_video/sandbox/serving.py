"""Assembles the parts of a server for as long as it runs, on the caller's loop or in a thread."""

import asyncio
import uuid
from collections.abc import AsyncGenerator, Callable, Generator
from concurrent.futures import Future
from contextlib import (
    AbstractAsyncContextManager,
    AsyncExitStack,
    asynccontextmanager,
    closing,
    contextmanager,
)
from threading import Thread, get_ident
from typing import TypeVar

import attrs

from telnyx_video.sandbox.api import Api
from telnyx_video.sandbox.app import App
from telnyx_video.sandbox.config import DEFAULT_KEY, SandboxConfig
from telnyx_video.sandbox.control import Control
from telnyx_video.sandbox.door import Door
from telnyx_video.sandbox.faults.inject import Faults
from telnyx_video.sandbox.faults.outage import Outage
from telnyx_video.sandbox.listener import listening
from telnyx_video.sandbox.live import LiveUpdates
from telnyx_video.sandbox.participants import Participants
from telnyx_video.sandbox.port import Port
from telnyx_video.sandbox.rate_limit import RateLimiter
from telnyx_video.sandbox.routes import CONTROL, FILES, VERSION
from telnyx_video.sandbox.seed import put_seed
from telnyx_video.sandbox.state import ConflictError, SeededSource, Store, SystemSource
from telnyx_video.sandbox.webhooks import Dispatcher

T = TypeVar("T")


@attrs.frozen
class Running:
    """The parts of a server that is running."""

    config: SandboxConfig
    url: str
    api: Api
    store: Store
    participants: Participants
    faults: Faults
    outage: Outage
    loop: asyncio.AbstractEventLoop = attrs.field(factory=asyncio.get_running_loop)
    thread: int = attrs.field(factory=get_ident)

    def on_loop(self, function: Callable[[], T]) -> T:
        """Call a function in the thread of the loop, and return its result."""

        async def call() -> T:
            return function()

        if get_ident() == self.thread:
            return function()
        return asyncio.run_coroutine_threadsafe(call(), self.loop).result()

    def reset(self) -> None:
        """Make the server as it was when it started. Safe to call from any thread."""
        if self.outage.kind is not None:
            self.on_loop(self.outage.end)
        self.faults.reset()
        if self.config.seed is not None:
            put_seed(self.store, self.api.tokens, self.config.seed)

    def redeliver(self, event_id: str, to: str | None) -> None:
        """Send the webhook of an event once more. Safe to call from any thread.

        Raises:
            AbsentError: if the event has no webhook.
            ConflictError: if the delivery has not finished, or the URL is not allowed.
        """
        self._check_target(to)
        self.store.deliveries.replay(event_id, to)

    def redeliver_failed(self, to: str | None) -> int:
        """Send every failed webhook once more, and return how many; see `redeliver`."""
        self._check_target(to)
        return self.store.deliveries.replay_failed(to)

    def _check_target(self, url: str | None) -> None:
        refusal = None if url is None else self.config.policy.refusal(url)
        if refusal is not None:
            raise ConflictError(f"{url}: {refusal}.")


@asynccontextmanager
async def serving(config: SandboxConfig) -> AsyncGenerator[Running]:
    """Serve on the running loop while the context is open.

    Raises:
        OSError: if the address cannot be listened on, or the file cannot be opened.
        SeedError: if the seed contradicts the rooms in the file.
    """
    source = SystemSource() if config.seed_random is None else SeededSource(config.seed_random)
    delay = config.composition_delay
    with closing(Store(config.db, source=source, composition_delay=delay)) as store:
        limiter = None if config.rate_limit is None else RateLimiter(config.rate_limit)
        api = Api(
            store,
            api_key=config.api_key,
            limiter=limiter,
            log_size=config.log_size,
            access_token_ttl=config.access_token_ttl,
        )
        if config.seed is not None:
            put_seed(store, api.tokens, config.seed)
        port = Port(config.host, config.port, config.ssl_context)
        with (
            closing(Faults(api, config.faults)) as faults,
            closing(Outage(faults, port)) as outage,
        ):
            participants = Participants(api, store)
            live = LiveUpdates(
                api.log,
                uuid.uuid4().hex[:8],
                {
                    "rooms": lambda: store.revision,
                    "deliveries": lambda: (store.deliveries.revision, api.log.cleared),
                    "faults": lambda: (id(faults.plan), sum(faults.done.values())),
                    "outage": lambda: outage.kind,
                },
            )
            api.streams[f"{CONTROL}stream"] = live.stream
            app = App(api, Door.of(config.host, config.allow_hosts), faults.serve)
            async with listening(app.serve, app.refuse_bytes, port) as number:
                url = config.url(number)
                running = Running(config, url, api, store, participants, faults, outage)
                _add_control(running)
                async with _delivering(config, store, url):
                    yield running


def _add_control(running: Running) -> None:
    def info() -> dict[str, object]:
        key = running.config.api_key
        return {
            "url": running.url,
            "api_key": key if key == DEFAULT_KEY else None,
            "log_size": running.config.log_size,
        }

    Control(
        running.api,
        running.faults,
        running.outage,
        reset=running.reset,
        seed=lambda seed: put_seed(running.store, running.api.tokens, seed),
        redeliver=running.redeliver,
        redeliver_failed=running.redeliver_failed,
        info=info,
    )


@asynccontextmanager
async def _delivering(config: SandboxConfig, store: Store, url: str) -> AsyncGenerator[None]:
    """Deliver webhooks while the context is open."""
    files = url.removesuffix(VERSION) + FILES
    dispatcher = Dispatcher(store.deliveries, config.signer, config.policy, files=files)
    try:
        yield
    finally:
        await dispatcher.close()


@contextmanager
def in_a_thread(context: Callable[[], AbstractAsyncContextManager[None]]) -> Generator[None]:
    """Hold an async context open on an event loop in a thread of its own."""
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
