"""Downloading what has a file: the same for recordings and for compositions."""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from telnyx_video._base import validate as check
from telnyx_video._base.text import SHORT, one_line, plain_str
from telnyx_video._execution.call import CallOptions
from telnyx_video._execution.retry import RetryPolicy
from telnyx_video.errors import ErrorDetail, NotReadyError
from telnyx_video.resources._resource import Operations

if TYPE_CHECKING:
    from telnyx_video._execution.download import Report
    from telnyx_video.models import RoomComposition, RoomRecording
    from telnyx_video.observing import Operation


class Downloads(Operations):
    """A group whose objects have files."""

    async def _download(
        self,
        operation: Operation,
        get: Callable[[CallOptions], Awaitable[RoomRecording | RoomComposition]],
        path: str | os.PathLike[str],
        on_progress: Report | None,
        read_timeout: float,
        retry: RetryPolicy | None,
    ) -> int:
        # Loaded when needed: few programs download, and all would wait for it.
        from telnyx_video._execution.download import Located, download

        problems: list[ErrorDetail] = []
        check.path(problems, "path", path)
        if on_progress is not None:
            check.callback(problems, "on_progress", on_progress)
        check.positive(problems, "read_timeout", read_timeout)
        check.refuse(problems)
        limits = self._limit(None, retry)

        async def locate() -> str:
            found = await get(limits)
            if found.download_url:
                return found.download_url
            what = (
                f"{type(found).__name__.removeprefix('Room').lower()} {one_line(found.id, SHORT)}"
            )
            status = one_line(found.status or "not told", SHORT)
            raise NotReadyError(
                f"{what} has no file yet (status: {status}) - ask again later", found.status
            )

        source = Located(locate, self._calls.transport, limits.policy, read_timeout)
        work = download(source, plain_str(os.fspath(path)), on_progress)
        return await self._calls.during(operation, work)
