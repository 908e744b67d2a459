"""`Sandbox`: the server as an object, run by the caller's event loop or by a thread of its own."""

import os
import ssl
from collections import Counter
from collections.abc import AsyncGenerator, Collection, Sequence
from contextlib import AsyncExitStack, ExitStack, asynccontextmanager
from typing import Self

from telnyx_video.sandbox.faults.plan import FaultPlan, parse_plan
from telnyx_video.sandbox.outage import KINDS, Kind
from telnyx_video.sandbox.serving import Running, serving
from telnyx_video.sandbox.settings import Settings
from telnyx_video.sandbox.threads import in_a_thread
from telnyx_video.sandbox.webhooks import KEY, RETRIES


class Sandbox:
    """A local Telnyx Video server, for tests and for trying things without a key.

    `async with Sandbox() as sandbox` serves on the running event loop; `with Sandbox() as sandbox`
    serves from a thread of its own, for blocking code. Leaving either stops the server at once,
    cutting requests that are still being served, as the death of a real server would. It can then
    be entered again; rooms outlive that only in a file.

    It has the operations on rooms, client tokens, sessions, participants, recordings and
    compositions: https://developers.telnyx.com/api-reference/rooms/create-a-room and its
    neighbours. What is not published of their behaviour is decided in the modules of
    `telnyx_video.sandbox.api` and `telnyx_video.sandbox.state`. These work without the key:
    `POST /_sandbox/rooms/{id}/join` and `/leave` simulate participants, see `join` and `leave`;
    `GET /_sandbox/participants` and `GET /_sandbox/events` tell of all that there were,
    `GET /_sandbox/deliveries` of their webhooks, see `deliveries`;
    `GET /_sandbox/stats` tells what was counted; `POST /_sandbox/reset` starts afresh;
    `POST /_sandbox/faults` takes a plan of faults, and `GET` shows it and what it did;
    `POST /_sandbox/outage` takes {"seconds": 5, "kind": "refuse"}, or "503", see `pause`.

    Args:
        host: Where to listen: a name (looked up as IPv4) or an address.
        port: Which port to listen on, up to 65535; 0 chooses a free one.
        api_key: The one key that is let in; not empty, as no client has such a key.
        db: A file that keeps the rooms and all that happened in them, even when the process is
            killed. None keeps them in memory.
        rate_limit: Requests a second, at least 1, beyond which the answer is 429; None is
            unlimited, and then replies have no headers about a limit.
        ssl_context: Serves HTTPS with it.
        faults: A plan of faults, as explained by `telnyx_video.sandbox.faults`.
        composition_delay: Seconds from the creation of a composition to its completion; it is
            enqueued for the first half of them, processing for the second. From 0 to a day.
        webhook_key: The private key that webhooks are signed with, 32 bytes. By default one that
            all sandboxes have.
        webhook_hosts: Hosts that webhooks may be delivered to beside this machine, such as the
            name of a container.
        webhook_retries: Seconds to wait before each further attempt at a URL of a room, each from
            0 to a day.

    Raises:
        ValueError: when an argument is not of its type, or out of its bounds; it names them all.
        FaultPlanError: when the plan has flaws.
    """

    def __init__(
        self,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        api_key: str = "sandbox-key",
        db: str | os.PathLike[str] | None = None,
        rate_limit: int | None = None,
        ssl_context: ssl.SSLContext | None = None,
        faults: FaultPlan = (),
        composition_delay: float = 1.0,
        webhook_key: bytes = KEY,
        webhook_hosts: Collection[str] = (),
        webhook_retries: Sequence[float] = RETRIES,
    ) -> None:
        self._settings = Settings(
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
        )
        parse_plan(faults)
        self._running: Running | None = None
        self._on_this_loop = AsyncExitStack()
        self._in_its_thread = ExitStack()

    @property
    def url(self) -> str:
        """The base URL of the API; it ends in `/v2`."""
        return self._while_running().url

    @property
    def api_key(self) -> str:
        """The one key that is let in."""
        return self._settings.api_key

    @property
    def public_key(self) -> str:
        """What receivers check webhooks with, in base64: their TELNYX_PUBLIC_KEY.

        Raises:
            ModuleNotFoundError: when cryptography is not installed, without which no webhook is
                delivered; the extra `webhooks` brings it.
        """
        return self._settings.signer.public_key

    @property
    def rooms(self) -> list[dict[str, object]]:
        """Every room as a reply shows it, oldest first. Safe to read from any thread."""
        return [room.as_json() for room in self._while_running().store.rooms.all()]

    @property
    def requests(self) -> Counter[str]:
        """A copy of how many requests arrived, by "METHOD /route": "GET /v2/rooms/{id}".

        Requests to unknown addresses are under "METHOD (unknown)"; those that control the sandbox
        are not counted. Safe to read from any thread.
        """
        return self._while_running().api.tally.requests.copy()

    @property
    def max_in_flight(self) -> int:
        """The most POSTs that were being served at one time. Safe to read from any thread."""
        return self._while_running().api.tally.max_in_flight

    @property
    def keyed_downloads(self) -> int:
        """Downloads that came with an Authorization header. Safe to read from any thread.

        Files lie on another server in reality, which a client must not send its key to.
        """
        return self._while_running().api.tally.keyed_downloads

    @property
    def participants(self) -> list[dict[str, object]]:
        """Everybody who ever joined, as replies show them but with `muted`, in order of arrival.

        Safe to read from any thread.
        """
        return self._while_running().lobby.participants()

    @property
    def events(self) -> list[dict[str, object]]:
        """What happened in the rooms, in order, with the ids of all that it is about.

        Their `type` is the name that webhooks give it, such as `video.room.session.started`. Safe
        to read from any thread.
        """
        return self._while_running().lobby.events()

    @property
    def deliveries(self) -> list[dict[str, object]]:
        """What became of the webhook of each event, where there is somebody to tell, in order.

        Each has a `state`: "pending", "delivered", "failed" (nobody accepted it) or "not_sent",
        and its `attempts`, in which a `status` is the receiver's answer and an `error` says why
        there was none. Safe to read from any thread.
        """
        return self._while_running().lobby.deliveries()

    def join(self, room_id: str, *, context: str | None = None, token: str | None = None) -> str:
        """Let a simulated participant into a room, which begins a session if none is going on.

        Safe to call from any thread.

        Args:
            room_id: Which room.
            context: What the participant's program says about it.
            token: The client token with which the participant comes: it has to open the room, as in
                reality. Without one the door is open, for tests that are not about tokens.

        Returns:
            The participant's id.

        Raises:
            LookupError: when there is no such room.
            ValueError: when it is full, or the token is for another room, has expired, is a refresh
                token, or none at all.
        """
        participant, _ = self._while_running().lobby.join(room_id, context, token)
        return participant.id

    def leave(self, participant_id: str) -> None:
        """Let a participant out, the last of whom ends the session. Safe from any thread.

        Args:
            participant_id: What `join` returned, or what a reply shows.

        Raises:
            LookupError: when there is no such participant.
            ValueError: when it has left before.
        """
        self._while_running().store.meetings.leave(participant_id)

    @property
    def faults(self) -> FaultPlan:
        """The plan of faults that is followed; assign another one at any time, from any thread.

        Raises:
            FaultPlanError: by an assignment, when the plan has flaws; the old one stays.
        """
        return self._while_running().faults.plan

    @faults.setter
    def faults(self, plan: FaultPlan) -> None:
        self._while_running().faults.follow(plan)

    @property
    def faults_done(self) -> Counter[str]:
        """A copy of how many requests each fault was chosen for. Safe to read from any thread."""
        return self._while_running().faults.done.copy()

    def pause(self, kind: Kind = "refuse", *, seconds: float | None = None) -> None:
        """Begin an outage of the whole server. Safe to call from any thread.

        Args:
            kind: "refuse" cuts every connection and refuses new ones; "503" answers every
                request so.
            seconds: How long until it ends by itself; None leaves that to `resume`.

        Raises:
            ValueError: when there is no such kind.
        """
        if kind not in KINDS:
            raise ValueError(f"kind must be one of {', '.join(KINDS)}, not {kind!r}")
        running = self._while_running()
        running.on_loop(lambda: running.outage.begin(kind, seconds))

    def resume(self) -> None:
        """End the outage, if there is one; the port is the same. Safe to call from any thread."""
        running = self._while_running()
        running.on_loop(running.outage.end)

    def reset(self) -> None:
        """Make it as it was when it was entered. Safe to call from any thread.

        Rooms, counts, outages, and commits that are still to come are forgotten, and the plan of
        faults given at first starts again. Requests that a fault holds up are cut when they would
        go on.
        """
        running = self._while_running()
        if running.outage.is_on:
            running.on_loop(running.outage.end)
        running.faults.reset()

    async def __aenter__(self) -> Self:
        """Start to serve on the running loop.

        Raises:
            OSError: when the address cannot be listened on, or the file cannot keep rooms.
            RuntimeError: when this sandbox is already serving.
        """
        await self._on_this_loop.enter_async_context(self._serving())
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._on_this_loop.aclose()

    def __enter__(self) -> Self:
        """Start to serve from a thread of its own.

        Raises:
            OSError: when the address cannot be listened on, or the file cannot keep rooms.
            RuntimeError: when this sandbox is already serving.
        """
        self._in_its_thread.enter_context(in_a_thread(self._serving))
        return self

    def __exit__(self, *_: object) -> None:
        self._in_its_thread.close()

    def _while_running(self) -> Running:
        if self._running is None:
            raise RuntimeError("this Sandbox is not serving: enter it by `with` or `async with`")
        return self._running

    @asynccontextmanager
    async def _serving(self) -> AsyncGenerator[None]:
        if self._running is not None:
            raise RuntimeError("this Sandbox is already serving: enter it once, in one way")
        async with serving(self._settings) as running:
            self._running = running
            try:
                yield
            finally:
                self._running = None
