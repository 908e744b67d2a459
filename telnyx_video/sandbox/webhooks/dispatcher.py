"""Sends webhooks to their receivers, on the loop of the server.

Deliveries of one room are made in order; rooms do not wait for each other. As long as no room has
a webhook URL this is one idle object: no task, no session, no timer.
"""

import asyncio
import logging
import time

import aiohttp
import attrs

from telnyx_video.sandbox.state import Attempt, Deliveries, Delivery
from telnyx_video.sandbox.webhooks.policy import Policy, Send, Skip, skipped, timeout_of
from telnyx_video.sandbox.webhooks.signing import Signer

_log = logging.getLogger("telnyx_video.sandbox")

CONCURRENCY = 20
"""Attempts that are made at the same time."""

MAX_ANSWER = 2048
"""Bytes of a receiver's answer that are kept."""


class Dispatcher:
    """Delivers until it is closed. Must be used on one loop, except for `wake`.

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
        """Stop; what was not accepted so far stays pending."""
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
        """Return the status and the body of the answer, and why there was none."""
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
