"""Takes webhooks to their receivers, on the loop of the server, beside its requests.

What is told of one room goes in order, one after the other; rooms do not wait for each other. As
long as no room has a receiver there is nothing here but an object: no task, no session, no timer.
"""

import asyncio
import logging
import time

import aiohttp

from telnyx_video.sandbox.state import Attempt, Deliveries, Delivery
from telnyx_video.sandbox.webhooks.policy import Policy, Send, Skip, skipped, timeout_of
from telnyx_video.sandbox.webhooks.signing import Signer

_log = logging.getLogger("telnyx_video.sandbox")

AT_ONCE = 20
"""Attempts that are under way at the same time, at the most."""


class Courier:
    """Delivers for as long as it is open. For use on one loop, but for `wake`.

    Args:
        deliveries: What is to be delivered, and where it is noted.
        signer: Signs it.
        policy: Where it may go, and how often.
        files: What the URLs of files begin with.
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
        self._slots = asyncio.Semaphore(AT_ONCE)
        self._timer: asyncio.TimerHandle | None = None
        self._session: aiohttp.ClientSession | None = None
        self._woken = False
        self._complained = False
        deliveries.planned = self.wake
        self._look()  # an earlier server may have left some in the file

    def wake(self) -> None:
        """Look soon what there is to deliver. Safe to call from any thread."""
        if not self._woken:
            self._woken = True
            self._loop.call_soon_threadsafe(self._look)

    async def close(self) -> None:
        """Break off; what was not accepted so far remains to be delivered."""
        self._deliveries.planned = None
        self._set_timer(None)
        tasks = list(self._tasks.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        if self._session is not None:
            await self._session.close()

    def _look(self) -> None:
        self._woken = False  # before the look: what is planned during it wakes again
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
        """Deliver what there is of a room, in order."""
        try:
            while (delivery := self._deliveries.next_due(room)) is not None:
                await self._advance(delivery)
        finally:
            # In the same turn of the loop as the last look: what comes later finds no task.
            del self._tasks[room]

    async def _advance(self, delivery: Delivery) -> None:
        step = self._policy.next_step(delivery)
        if isinstance(step, Send):
            await self._send(delivery, step)
        elif isinstance(step, Skip):
            at = self._deliveries.now()
            self._deliveries.note(delivery, skipped(step.url, at, step.reason))
        else:
            self._deliveries.give_up(delivery, step.state)

    async def _send(self, delivery: Delivery, step: Send) -> None:
        await asyncio.sleep(step.wait)
        async with self._slots:
            if self._deliveries.is_pending(delivery):  # a reset may have come between
                self._deliveries.note(delivery, await self._attempt(delivery, step.url))

    async def _attempt(self, delivery: Delivery, url: str) -> Attempt:
        at = self._deliveries.now()
        body = delivery.body(url, self._files)
        try:
            headers = self._signer.headers(body, int(time.time()))
        except ModuleNotFoundError as error:
            if not self._complained:
                _log.warning("Webhooks are not delivered: %s", error)
            self._complained = True
            return skipped(url, at, f"not sent: {error}")
        seconds = timeout_of(delivery)
        try:
            async with self._open_session().post(
                url,
                data=body,
                headers=headers,
                timeout=aiohttp.ClientTimeout(total=seconds),
                allow_redirects=False,
            ) as answer:
                return Attempt(url, at, status=answer.status)
        except TimeoutError:
            return Attempt(url, at, error=f"no answer within {seconds:g} s")
        except (aiohttp.ClientError, OSError) as error:
            return Attempt(url, at, error=f"{type(error).__name__}: {error}")

    def _open_session(self) -> aiohttp.ClientSession:
        if self._session is None:
            # A receiver that is started anew would find connections of the old one in a pool.
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(force_close=True),
                cookie_jar=aiohttp.DummyCookieJar(),
            )
        return self._session
