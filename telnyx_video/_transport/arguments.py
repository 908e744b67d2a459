"""What a client is given to connect with, checked before it is used: problems go to a list."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

import aiohttp

from telnyx_video._base import validate as check
from telnyx_video._base.text import show
from telnyx_video._transport.limits import check_timeout
from telnyx_video._transport.proxies import check_proxy
from telnyx_video.errors import ErrorDetail


def check_connecting(
    problems: list[ErrorDetail],
    timeout: object,
    session: object,
    proxy: object,
    trust_env: object,
    trace_configs: object,
) -> None:
    """Note all that is wrong with the arguments of a transport."""
    check_timeout(problems, timeout)
    if session is not None:
        _check_session(problems, session, alone=not (trust_env or trace_configs))
    check_proxy(problems, proxy)
    check.boolean(problems, "trust_env", trust_env)
    if not _are_trace_configs(trace_configs):
        problem = f"must be a list of aiohttp.TraceConfig, not {show(trace_configs)}"
        problems.append(ErrorDetail(problem, code="wrong_type", pointer="/trace_configs"))


def _check_session(problems: list[ErrorDetail], session: object, *, alone: bool) -> None:
    if not isinstance(session, aiohttp.ClientSession):
        problem = f"must be an aiohttp.ClientSession, not {type(session).__name__}"
        problems.append(ErrorDetail(problem, code="wrong_type", pointer="/session"))
    elif not alone:
        problem = "is yours: give trust_env and trace_configs to it, not to the client"
        problems.append(ErrorDetail(problem, pointer="/session"))


def _are_trace_configs(value: object) -> bool:
    return isinstance(value, Sequence) and all(
        isinstance(one, aiohttp.TraceConfig) for one in cast("Sequence[object]", value)
    )
