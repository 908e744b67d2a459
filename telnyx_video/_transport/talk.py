"""The debug lines of requests and replies: with figures as structured extras, and no secret."""

from __future__ import annotations

import logging
from typing import Final

from telnyx_video._base.http import HttpReply, HttpRequest
from telnyx_video.errors import TelnyxVideoError

log: Final = logging.getLogger("telnyx_video")


def sent(request: HttpRequest) -> None:
    """A request is being sent."""
    size = len(request.body) if request.body else 0
    extra = {**_extra(request), "telnyx_video_size": size}
    log.debug("%s %s, %d bytes", request.method, request.path, size, extra=extra)


def answered(request: HttpRequest, reply: HttpReply, duration: float) -> None:
    """A reply came, so many seconds later."""
    request_id = reply.headers.get("x-request-id")
    log.debug(
        "%s %s -> %d in %.0f ms, %d bytes, request id %s",
        request.method,
        request.path,
        reply.status,
        duration * 1000,
        len(reply.body),
        request_id,
        extra={
            **_extra(request),
            "telnyx_video_status": reply.status,
            "telnyx_video_duration": duration,
            "telnyx_video_size": len(reply.body),
            "telnyx_video_request_id": request_id,
        },
    )


def failed(request: HttpRequest, failure: TelnyxVideoError) -> None:
    """No reply came, or none that counts."""
    extra = {**_extra(request), "telnyx_video_error": type(failure).__name__}
    log.debug("%s", failure, extra=extra)


def _extra(request: HttpRequest) -> dict[str, object]:
    return {"telnyx_video_method": request.method, "telnyx_video_path": request.path}
