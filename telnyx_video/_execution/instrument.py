"""Telling what happens to calls that do not succeed at once: to the log, and by ``_hooks`` to more.

Nothing here is called on the way of a create that succeeds at once.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from telnyx_video._base.http import HttpRequest
from telnyx_video.errors import ApiError, Outcome, TelnyxVideoError

if TYPE_CHECKING:
    from telnyx_video.observing import Next, Reason

log = logging.getLogger("telnyx_video.calls")
# An outcome that is unknown is raised, too: whoever has set up no logging does not read it twice.
log.addHandler(logging.NullHandler())


class Reporter:
    """Tells the log."""

    def retried(
        self,
        request: HttpRequest,
        unique_name: str | None,
        error: TelnyxVideoError,
        seconds: float,
        then: Next,
    ) -> None:
        """Something failed, and is tried again after a wait."""
        extra = _extra(request, unique_name) | _extra_of(error) | {"telnyx_video_wait": seconds}
        operation, why = request.operation, str(error).partition(" - ")[0]
        log.info("%s: %s in %.2f s after %s", operation, then, seconds, why, extra=extra)

    def looked_up(self, unique_name: str | None, found: int) -> None:
        """Rooms of a create's name were asked for."""
        extra = {"telnyx_video_unique_name": unique_name, "telnyx_video_found": found}
        log.debug("room %r was looked up: %d found", unique_name, found, extra=extra)

    def paced(self, seconds: float, reason: Reason) -> None:
        """A request was held back."""
        extra = {"telnyx_video_wait": seconds, "telnyx_video_reason": reason}
        log.debug("a request was held back for %.2f s: %s", seconds, reason, extra=extra)

    def delivered(
        self,
        request: HttpRequest,
        unique_name: str | None,
        error: TelnyxVideoError | None,
        *,
        recovered: bool,
    ) -> None:
        """A create that did not succeed at once has its end."""
        if error is not None:
            self.failed(request, unique_name, error)
        elif recovered:
            extra = _extra(request, unique_name)
            log.info("room %r exists, though its answer was lost", unique_name, extra=extra)

    def failed(
        self, request: HttpRequest, unique_name: str | None, error: TelnyxVideoError
    ) -> None:
        """A call failed; that is worth a warning if it is unknown whether it was applied."""
        if error.outcome is Outcome.UNKNOWN:
            extra = _extra(request, unique_name) | _extra_of(error)
            log.warning("%s: %s", request.operation, error, extra=extra)


def _extra(request: HttpRequest, unique_name: str | None) -> dict[str, object]:
    return {
        "telnyx_video_operation": request.operation,
        "telnyx_video_unique_name": unique_name,
    }


def _extra_of(error: TelnyxVideoError) -> dict[str, object]:
    api_error = error if isinstance(error, ApiError) else None
    return {
        "telnyx_video_error": type(error).__name__,
        "telnyx_video_status": api_error and api_error.status,
        "telnyx_video_request_id": api_error and api_error.request_id,
    }
