"""What a client is given to connect with, checked before it is used: problems go to a list."""

from __future__ import annotations

from collections.abc import Sequence

import aiohttp

from telnyx_video import _checks as check
from telnyx_video._transport.limits import check_timeout
from telnyx_video._transport.proxies import check_proxy
from telnyx_video.errors import ErrorDetail


def check_connecting(
    problems: list[ErrorDetail],
    timeout: float | aiohttp.ClientTimeout | None,
    session: aiohttp.ClientSession | None,
    proxy: str | None,
    trust_env: bool,
    trace_configs: Sequence[aiohttp.TraceConfig],
) -> None:
    """Note all that is wrong with the arguments of a transport."""
    check_timeout(problems, timeout)
    if session is not None and (trust_env or trace_configs):
        problem = "is yours: give trust_env and trace_configs to it, not to the client"
        problems.append(ErrorDetail(problem, pointer="/session"))
    check_proxy(problems, proxy)
    check.boolean(problems, "trust_env", trust_env)
