"""The parts of a server, put together for as long as it serves."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager, closing
from threading import get_ident

import attrs

from telnyx_video.sandbox.api import Api
from telnyx_video.sandbox.app import App
from telnyx_video.sandbox.control import Control
from telnyx_video.sandbox.faults.conduct import Faults
from telnyx_video.sandbox.gate import Gate
from telnyx_video.sandbox.limits import RateWindow
from telnyx_video.sandbox.listener import listening
from telnyx_video.sandbox.lobby import Lobby
from telnyx_video.sandbox.outage import Outage
from telnyx_video.sandbox.routes import FILES, VERSION
from telnyx_video.sandbox.settings import Settings
from telnyx_video.sandbox.state import Store
from telnyx_video.sandbox.tokens import Tokens
from telnyx_video.sandbox.webhooks import Courier


@attrs.frozen
class Running:
    """What exists while the server serves."""

    url: str
    api: Api
    store: Store
    lobby: Lobby
    faults: Faults
    outage: Outage
    loop: asyncio.AbstractEventLoop = attrs.field(factory=asyncio.get_running_loop)
    thread: int = attrs.field(factory=get_ident)

    def on_loop(self, do: Callable[[], None]) -> None:
        """Do it in the thread of the loop, and return when it is done."""

        async def done() -> None:
            do()

        if get_ident() == self.thread:
            do()
        else:
            asyncio.run_coroutine_threadsafe(done(), self.loop).result()


@asynccontextmanager
async def serving(settings: Settings) -> AsyncGenerator[Running]:
    """Serve on the running loop for as long as the context lasts.

    Raises:
        OSError: when the address cannot be listened on, or the file cannot keep rooms.
    """
    with closing(Store(settings.db, composition_delay=settings.composition_delay)) as store:
        window = None if settings.rate_limit is None else RateWindow(settings.rate_limit)
        api = Api(store, api_key=settings.api_key, window=window)
        with closing(Faults(api, settings.faults)) as faults:
            gate = Gate()
            with closing(Outage(faults, gate)) as outage:
                Control(api, faults, outage)
                lobby = Lobby(api, store, Tokens(settings.api_key))
                async with (
                    _listening(settings, App(api, faults.conduct), gate) as url,
                    _delivering(settings, store, url),
                ):
                    yield Running(url, api, store, lobby, faults, outage)


@asynccontextmanager
async def _listening(settings: Settings, app: App, gate: Gate) -> AsyncGenerator[str]:
    """Listen for as long as the context lasts, and give the base URL."""
    async with listening(
        app.serve,
        app.refuse,
        host=settings.host,
        port=settings.port,
        ssl_context=settings.ssl_context,
        gate=gate,
    ) as port:
        scheme = "http" if settings.ssl_context is None else "https"
        host = f"[{settings.host}]" if ":" in settings.host else settings.host
        yield f"{scheme}://{host}:{port}{VERSION}"


@asynccontextmanager
async def _delivering(settings: Settings, store: Store, url: str) -> AsyncGenerator[None]:
    """Deliver webhooks for as long as the context lasts."""
    files = url.removesuffix(VERSION) + FILES
    courier = Courier(store.deliveries, settings.signer, settings.policy, files=files)
    try:
        yield
    finally:
        await courier.close()
