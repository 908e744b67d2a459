"""Sending for a client that has hooks: as for any other, with an event at each end."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from telnyx_video._base.http import HttpReply, HttpRequest
from telnyx_video._execution._hooks import CURRENT, HookReporter
from telnyx_video._transport.transport import Transport
from telnyx_video.config import ClientConfig
from telnyx_video.observing import RequestFinished, RequestStarted

if TYPE_CHECKING:
    import aiohttp

    from telnyx_video._transport.watch import UnderWay


class WatchedTransport(Transport):
    """A transport that tells the hooks of each request, and how it ended."""

    def __init__(self, hooks: HookReporter, settings: ClientConfig, **arguments: Any) -> None:
        super().__init__(settings, **arguments)
        self.hooks = self.reporter = hooks

    async def _exchange(
        self,
        session: aiohttp.ClientSession,
        request: HttpRequest,
        limits: aiohttp.ClientTimeout,
        under_way: UnderWay,
    ) -> HttpReply:
        current = CURRENT.get()
        url = self._base_url + request.path
        started = RequestStarted(current.call, request.method, url, current.sent[request])
        current.sent[request] += 1
        self.hooks.tell(started)
        sent_at = self.time()
        try:
            reply = await super()._exchange(session, request, limits, under_way)
        except BaseException as error:
            self.hooks.tell(RequestFinished(started, self.time() - sent_at, error=error))
            raise
        request_id = reply.headers.get("x-request-id")
        self.hooks.tell(RequestFinished(started, self.time() - sent_at, reply.status, request_id))
        return reply
