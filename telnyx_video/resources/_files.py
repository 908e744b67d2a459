"""Downloading what has a file: the same for recordings and for compositions."""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

import attrs

from telnyx_video._base import validate as check
from telnyx_video._base.text import SHORT, one_line, plain_str
from telnyx_video._execution.attempt import CallOptions
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
        problems: list[ErrorDetail] = []
        check.path(problems, "path", path)
        if on_progress is not None:
            check.callback(problems, "on_progress", on_progress)
        check.positive(problems, "read_timeout", read_timeout)
        check.refuse(problems)
        options = self._call_options(None, retry)
        instrument = self._runner.instrument
        if not instrument.hooks:
            return await self._fetch(get, path, on_progress, read_timeout, options)
        with instrument.tracing(operation, "GET") as trace:
            options = attrs.evolve(options, trace=trace)
            return await self._fetch(get, path, on_progress, read_timeout, options)

    async def _fetch(
        self,
        get: Callable[[CallOptions], Awaitable[RoomRecording | RoomComposition]],
        path: str | os.PathLike[str],
        on_progress: Report | None,
        read_timeout: float,
        options: CallOptions,
    ) -> int:
        # Loaded when needed: few programs download, and all would wait for it.
        from telnyx_video._execution.download import Located, download

        async def locate() -> str:
            found = await get(options)
            if found.download_url:
                return found.download_url
            what = (
                f"{type(found).__name__.removeprefix('Room').lower()} {one_line(found.id, SHORT)}"
            )
            status = one_line(found.status or "not told", SHORT)
            raise NotReadyError(
                f"{what} has no file yet (status: {status}) - ask again later", found.status
            )

        source = Located(
            locate,
            self._runner.transport,
            self._runner.connections,
            options.policy,
            read_timeout,
        )
        return await download(source, plain_str(os.fspath(path)), on_progress)
