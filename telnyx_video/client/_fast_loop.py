"""uvloop's event loop, safe for a process that forks.

uvloop resolves names in threads of libuv. A child that is forked once these were started crashes
when it exits, as libuv then joins threads that the child does not have:
https://github.com/libuv/libuv/issues/4443. Here names are resolved in Python's threads, as asyncio
does, and libuv never starts any. It is a module of its own because uvloop may not be installed.
"""

from __future__ import annotations

import socket
from contextlib import suppress
from functools import partial
from typing import Any

import uvloop


class FastLoop(uvloop.Loop):
    """uvloop's event loop, without threads of libuv."""

    async def getaddrinfo(
        self,
        host: str | bytes | None,
        port: str | bytes | int | None,
        *,
        family: int = 0,
        type: int = 0,
        proto: int = 0,
        flags: int = 0,
    ) -> list[Any]:
        look_up: partial[list[Any]] = partial(socket.getaddrinfo, host, port, family, type, proto)
        with suppress(socket.gaierror):  # an IP address needs no thread
            return look_up(flags | socket.AI_NUMERICHOST)
        return await self.run_in_executor(None, look_up, flags)

    async def getnameinfo(
        self,
        sockaddr: tuple[str, int] | tuple[str, int, int] | tuple[str, int, int, int],
        flags: int = 0,
    ) -> tuple[str, str]:
        return await self.run_in_executor(None, socket.getnameinfo, sockaddr, flags)
