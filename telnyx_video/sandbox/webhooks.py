"""Webhook delivery: signed as by Telnyx, retried, then sent to the failover URL.

A test tool must not call strangers, nor let a web page make it send requests to private addresses:
deliveries go to loopback addresses and to named hosts only, unless configured otherwise.

Signatures: https://developers.telnyx.com/docs/development/api-fundamentals/webhooks
"""

import asyncio
import logging
import time
from base64 import b64encode
from collections.abc import Collection, Sequence
from functools import cached_property
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import aiohttp
import attrs

from telnyx_video.sandbox.checks.values import is_loopback
from telnyx_video.sandbox.state.events import Deliveries
from telnyx_video.sandbox.state.records import Attempt, Delivery, DeliveryState

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

KEY = bytes(range(32))
"""The default private key of all sandboxes; it protects nothing."""

KEY_SIZE = 32
"""Size of a private key in bytes."""

NEEDED = (
    "signing webhooks takes cryptography, which is not installed: "
    "pip install 'telnyx-video[webhooks]'"
)


class Signer:
    """Signs deliveries; loads cryptography when it is first needed.

    Args:
        key: The private key, 32 bytes.
    """

    def __init__(self, key: bytes) -> None:
        self._seed = key

    @property
    def public_key(self) -> str:
        """The key that receivers verify signatures with, in base64.

        Raises:
            ModuleNotFoundError: if cryptography is not installed.
        """
        return b64encode(self._key.public_key().public_bytes_raw()).decode()

    def headers(self, body: bytes, seconds: int) -> dict[str, str]:
        """Return the headers of a delivery sent at this time, in Unix seconds.

        Raises:
            ModuleNotFoundError: if cryptography is not installed.
        """
        signature = self._key.sign(f"{seconds}|".encode() + body)
        return {
            "Content-Type": "application/json",
            "telnyx-signature-ed25519": b64encode(signature).decode(),
            "telnyx-timestamp": str(seconds),
        }

    @cached_property
    def _key(self) -> "Ed25519PrivateKey":
        try:
            from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
        except ModuleNotFoundError as error:
            raise ModuleNotFoundError(NEEDED, name="cryptography") from error
        return Ed25519PrivateKey.from_private_bytes(self._seed)


RETRIES = (0.1, 0.2, 0.4, 0.8, 1.6)
"""Seconds before each further attempt at a URL."""

DEFAULT_TIMEOUT = 10.0
"""Seconds for an attempt if the room has no time-out, or 0."""


@attrs.frozen
class Send:
    """Attempt a URL after some seconds."""

    url: str
    wait: float


@attrs.frozen
class Skip:
    """Do not attempt a URL, for a reason."""

    url: str
    reason: str


@attrs.frozen
class End:
    """Attempt no more."""

    state: DeliveryState


@attrs.frozen
class Policy:
    """Decides on the attempts of deliveries."""

    hosts: Collection[str] = ()
    """Hosts allowed besides loopback addresses."""
    retries: Sequence[float] = RETRIES
    """Seconds before each further attempt at a URL."""
    anywhere: bool = False
    """Whether every host is allowed."""

    def next_step(self, delivery: Delivery) -> Send | Skip | End:
        """Return what to do next with a pending delivery."""
        if delivery.replay_to is not None:
            return self._attempted(delivery.replay_to, 0)
        attempts = [attempt for attempt in delivery.attempts if not attempt.replay]
        for url in dict.fromkeys(filter(None, (delivery.url, delivery.failover_url))):
            made = [attempt for attempt in attempts if attempt.url == url]
            if not made:
                return self._attempted(url, 0)
            if made[-1].sent and len(made) <= len(self.retries):
                return Send(url, self.retries[len(made) - 1])
        return End("failed" if any(attempt.sent for attempt in attempts) else "not_sent")

    def refusal(self, url: str) -> str | None:
        """Return why nothing is sent to a URL, or None."""
        parts = urlsplit(url)
        if parts.scheme.lower() not in ("http", "https"):
            return "not sent: not an HTTP address"
        host = parts.hostname or ""
        if self.anywhere or host in self.hosts or is_loopback(host):
            return None
        return "not sent: not a loopback address"

    def _attempted(self, url: str, wait: float) -> Send | Skip:
        refusal = self.refusal(url)
        return Send(url, wait) if refusal is None else Skip(url, refusal)


def timeout_of(delivery: Delivery) -> float:
    """Return the seconds that an attempt may take."""
    return float(delivery.timeout_secs or DEFAULT_TIMEOUT)


def skipped(url: str, at: str, reason: str) -> Attempt:
    """Return the record of an attempt that was not made."""
    return Attempt(url, at, error=reason, sent=False)


_log = logging.getLogger("telnyx_video.sandbox")

CONCURRENCY = 20
"""Attempts that are made at the same time."""

MAX_ANSWER = 2048
"""Bytes of a receiver's answer that are kept."""


class Dispatcher:
    """Sends webhooks until it is closed. Use it on one loop, except for `wake`.

    Deliveries of one room are made in order; rooms do not wait for each other. As long as no room
    has a webhook URL, this has no task, no session and no timer.

    Args:
        deliveries: The deliveries to make; receives every attempt.
        signer: Signs them.
        policy: Decides where and how often to send.
        files: What file URLs start with.
    """

    def __init__(
        self, deliveries: Deliveries, signer: Signer, policy: Policy, *, files: str
    ) -> None:
        self._deliveries = deliveries
        self._signer = signer
        self._policy = policy
        self._files = files
        self._loop = asyncio.get_running_loop()
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._slots = asyncio.Semaphore(CONCURRENCY)
        self._timer: asyncio.TimerHandle | None = None
        self._session: aiohttp.ClientSession | None = None
        self._woken = False
        self._warned = False
        deliveries.planned = self.wake
        self._look()  # the file may hold deliveries of an earlier server

    def wake(self) -> None:
        """Look for due deliveries soon. Safe to call from any thread."""
        if not self._woken:
            self._woken = True
            self._loop.call_soon_threadsafe(self._look)

    async def close(self) -> None:
        """Stop; deliveries that were not accepted so far stay pending."""
        self._deliveries.planned = None
        self._set_timer(None)
        tasks = list(self._tasks.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        if self._session is not None:
            await self._session.close()

    def _look(self) -> None:
        self._woken = False  # cleared first: a delivery planned from here on wakes it again
        if self._deliveries.planned is None:
            return
        for room in self._deliveries.rooms_due():
            if room not in self._tasks:
                self._tasks[room] = self._loop.create_task(self._serve(room))
        self._set_timer(self._deliveries.seconds_to_next())

    def _set_timer(self, seconds: float | None) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = None if seconds is None else self._loop.call_later(seconds, self._look)

    async def _serve(self, room: str) -> None:
        """Make the due deliveries of a room, in order."""
        try:
            while (delivery := self._deliveries.next_due(room)) is not None:
                await self._advance(delivery)
        finally:
            # In the same loop iteration as the last look, so that later deliveries find no task.
            del self._tasks[room]

    async def _advance(self, delivery: Delivery) -> None:
        step = self._policy.next_step(delivery)
        if isinstance(step, Send):
            await self._send(delivery, step)
        elif isinstance(step, Skip):
            at = self._deliveries.now()
            self._deliveries.record(delivery, skipped(step.url, at, step.reason))
        else:
            self._deliveries.give_up(delivery, step.state)

    async def _send(self, delivery: Delivery, step: Send) -> None:
        await asyncio.sleep(step.wait)
        async with self._slots:
            if self._deliveries.is_pending(delivery):  # it may have been reset meanwhile
                self._deliveries.record(delivery, await self._attempt(delivery, step.url))

    async def _attempt(self, delivery: Delivery, url: str) -> Attempt:
        at = self._deliveries.now()
        body = delivery.body(url, self._files)
        try:
            headers = self._signer.headers(body, int(time.time()))
        except ModuleNotFoundError as error:
            if not self._warned:
                _log.warning("Webhooks are not delivered: %s", error)
            self._warned = True
            return skipped(url, at, f"not sent: {error}")
        attempt = Attempt(url, at, headers=headers, body=body.decode())
        started = time.perf_counter()
        status, answer, failure = await self._post(url, body, headers, timeout_of(delivery))
        milliseconds = round((time.perf_counter() - started) * 1000, 1)
        return attrs.evolve(
            attempt, status=status, answer=answer, error=failure, milliseconds=milliseconds
        )

    async def _post(
        self, url: str, body: bytes, headers: dict[str, str], seconds: float
    ) -> tuple[int | None, str | None, str | None]:
        """Return the status and the body of the answer, or the reason for not having one."""
        status: int | None = None
        try:
            async with self._open_session().post(
                url,
                data=body,
                headers=headers,
                timeout=aiohttp.ClientTimeout(total=seconds),
                allow_redirects=False,
            ) as answer:
                status = answer.status
                content = await _first_bytes(answer.content)
                return status, content.decode(errors="replace"), None
        except TimeoutError:
            return status, None, None if status else f"no answer within {seconds:g} s"
        except (aiohttp.ClientError, OSError) as error:
            return status, None, None if status else f"{type(error).__name__}: {error}"

    def _open_session(self) -> aiohttp.ClientSession:
        if self._session is None:
            # Pooled connections would outlive a receiver that is restarted.
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(force_close=True),
                cookie_jar=aiohttp.DummyCookieJar(),
            )
        return self._session


async def _first_bytes(content: aiohttp.StreamReader) -> bytes:
    first = b""
    while len(first) < MAX_ANSWER and (piece := await content.read(MAX_ANSWER - len(first))):
        first += piece
    return first
