"""Bodies in a session of the caller's, where others may have a hand in what is sent.

A middleware may send another body in place of ours, or no request at all; a request class of theirs
may write it in its own way. So the last middleware looks at what they have made of it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, cast

import aiohttp
from aiohttp import hdrs

from telnyx_video._transport.body import TrackedPayload
from telnyx_video._transport.direct import DirectRequest

PLAIN: Final = (aiohttp.ClientRequest, DirectRequest)
"""Requests that have their body write itself."""


def watched(
    session: aiohttp.ClientSession, body: TrackedPayload
) -> Sequence[aiohttp.ClientMiddlewareType] | None:
    """The session's middlewares, and last one that sees whether this very body is sent.

    If it may be written unseen, it counts as written: what becomes of the request is unknown then.
    If the session does not tell its middlewares, it keeps them (None), and nobody looks.
    """
    theirs: object = getattr(session, "_middlewares", None)
    if not isinstance(theirs, Sequence):
        body.asked_to_write = True
        return None

    async def look(
        request: aiohttp.ClientRequest, send: aiohttp.ClientHandlerType
    ) -> aiohttp.ClientResponse:
        # One that expects a 100 has its head sent first, which may be answered.
        seen = type(request) in PLAIN and hdrs.EXPECT not in request.headers
        if seen and request.body is body:
            body.handed_on = True
        else:
            body.asked_to_write = True
        return await send(request)

    return (*cast("Sequence[aiohttp.ClientMiddlewareType]", theirs), look)
