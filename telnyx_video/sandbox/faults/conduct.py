"""Leads exchanges past the points of their faults: cuts, stalls, forged replies, late commits."""

import asyncio
import json
import socket
import struct
import time
from collections import Counter
from collections.abc import Callable, Generator, Iterable
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from threading import Lock
from typing import Any, cast
from weakref import WeakKeyDictionary

import attrs
from aiohttp import web

from telnyx_video.sandbox.api import Api, Call
from telnyx_video.sandbox.app import Exchange, faithful
from telnyx_video.sandbox.faults.choice import Choice, Traits
from telnyx_video.sandbox.faults.fields import Point
from telnyx_video.sandbox.faults.forgery import forge, interim
from telnyx_video.sandbox.faults.plan import Fault, FaultPlan, parse_plan
from telnyx_video.sandbox.listener import gone
from telnyx_video.sandbox.replies import Reply
from telnyx_video.sandbox.routes import operation_of
from telnyx_video.sandbox.state import Query, timestamp

_OUTAGE = Fault(label="outage", commit="never", status=503)


class _OverError(Exception):
    """The exchange has ended before its reply, as its fault wanted it."""


class _Spent(web.StreamResponse):
    """Stands for a reply that was written, or not, without aiohttp."""

    def __init__(self, *, keep_alive: bool) -> None:
        super().__init__()
        self._is_kept = keep_alive

    @property
    def keep_alive(self) -> bool:
        return self._is_kept

    async def prepare(self, request: web.BaseRequest) -> None:
        """Write no head."""

    async def write_eof(self, data: bytes = b"") -> None:
        """Write no body."""


class Faults:
    """What disturbs the exchanges of one server.

    Args:
        api: Where requests are applied.
        plan: The plan to begin with; a reset returns to its beginning.

    Raises:
        FaultPlanError: when the plan has flaws.
    """

    def __init__(self, api: Api, plan: FaultPlan = ()) -> None:
        self.done: Counter[str] = Counter()
        """How many requests each fault was chosen for."""
        self.is_out = False
        """Whether every request is answered with 503, whatever the plan says."""
        self._api = api
        self._first_plan = plan
        self._doomed = WeakKeyDictionary[object, bool]()
        self._late = set[asyncio.TimerHandle]()
        # Nothing that was begun before a reset is applied after it.
        self._epoch = 0
        self._lock = Lock()
        self.follow(plan)

    def follow(self, plan: object) -> None:
        """Follow this plan from its beginning. Safe to call from any thread.

        Raises:
            FaultPlanError: when the plan has flaws; then the old one is still followed.
        """
        rules = parse_plan(plan)
        self.plan: FaultPlan = cast("FaultPlan", plan)
        self._choice = Choice(rules) if rules else None

    def reset(self) -> None:
        """Forget the state, counts and what is pending, and begin anew. Safe from any thread."""
        with self._lock:
            self._epoch += 1
            self._api.reset()
        self._doomed.clear()
        self.done.clear()
        self.follow(self._first_plan)

    def close(self) -> None:
        """Forget the commits that are still to come."""
        for timer in self._late:
            timer.cancel()
        self._late.clear()

    async def conduct(self, exchange: Exchange) -> web.StreamResponse:
        """Lead one exchange as the plan wants it."""
        if self._choice is None and not self._doomed and not self.is_out:
            return await faithful(exchange)
        doom = self._doomed.pop(exchange.request.protocol, None)
        if doom is not None:
            _cut(exchange.request, reset=doom)
            return _Spent(keep_alive=False)
        fault = _OUTAGE if self.is_out else await self._chosen(exchange)
        if fault is None:
            return await faithful(exchange)
        self.done[fault.label] += 1
        try:
            await self._disturb(exchange, fault)
        except (_OverError, ConnectionError):
            return _Spent(keep_alive=False)
        return _Spent(keep_alive=exchange.request.keep_alive)

    async def _chosen(self, exchange: Exchange) -> Fault | None:
        choice = self._choice
        if choice is None:
            return None
        operation = operation_of(exchange.request.method, exchange.request.path)
        if choice.needs_body(operation):
            await exchange.read()
        return choice.take(_traits(operation, exchange.call()))

    async def _disturb(self, exchange: Exchange, fault: Fault) -> None:
        epoch = self._epoch
        request = exchange.request
        await _reach("read", request, fault)
        if fault.cut == "reading":
            await exchange.read_some()
            await _reach("reading", request, fault)
        await exchange.read()
        await _reach("commit", request, fault)
        with self._while(epoch, request):
            reply = self._commit(exchange, fault, epoch)
            if fault.cut == "next":
                self._doomed[request.protocol] = fault.reset
        if fault.interim is not None:
            await request.writer.write(interim(fault.interim))
        await _reach("reply", request, fault)
        for point, data in forge(fault, reply, exchange.headers(), now=time.time()):
            await _send(request, data, fault.drip)
            await _reach(point, request, fault)
        if fault.framing == "close" or fault.raw is not None:
            _cut(request, reset=False)

    def _commit(self, exchange: Exchange, fault: Fault, epoch: int) -> Reply:
        exchange.view = _view(fault.list)
        if fault.commit == "before":
            return exchange.commit()
        reply = exchange.rehearse()
        # What was refused already, for its key or its body, is not tried again.
        if fault.commit != "never" and reply.status < 300:
            self._commit_later(fault.commit, exchange.call(), epoch)
        return reply

    def _commit_later(self, seconds: float, call: Call, epoch: int) -> None:
        def commit() -> None:
            self._late.discard(timer)
            with self._lock:
                if self._epoch == epoch:
                    self._api.apply(call)

        timer = asyncio.get_running_loop().call_later(seconds, commit)
        self._late.add(timer)

    @contextmanager
    def _while(self, epoch: int, request: web.BaseRequest) -> Generator[None]:
        """Keep resets away; after one, the exchange is over."""
        with self._lock:
            if self._epoch == epoch:
                yield
                return
        _cut(request, reset=False)
        raise _OverError


async def _reach(point: Point, request: web.BaseRequest, fault: Fault) -> None:
    """Do what the fault wants at a point."""
    if fault.stall == point and fault.seconds is not None:
        await asyncio.sleep(fault.seconds)
    elif fault.stall == point:
        await gone(request)
        raise _OverError
    if fault.cut == point:
        _cut(request, reset=fault.reset)
        raise _OverError


async def _send(request: web.BaseRequest, data: Iterable[bytes], drip: float) -> None:
    for piece in data:
        if not drip:
            await request.writer.write(piece)
            await asyncio.sleep(0)  # or a lost connection would never be noticed
            continue
        for byte in piece:
            await request.writer.write(bytes([byte]))
            await asyncio.sleep(drip)


def _cut(request: web.BaseRequest, *, reset: bool) -> None:
    transport = request.transport
    if transport is None:
        return
    if reset:
        # Lingering for no time makes the kernel send RST instead of FIN.
        transport.get_extra_info("socket").setsockopt(
            socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0)
        )
        transport.abort()
    # Unlike closing the transport, it keeps aiohttp from waiting for the rest of a body.
    request.protocol.force_close()


def _traits(operation: str, call: Call) -> Traits:
    name = call.query.get("filter[unique_name]")
    if name is None:
        name = _name_in(call.body)
    return Traits(
        operation,
        name=name,
        page=call.query.get("page[number]", "1"),
        content=f"{sorted(call.query.items())} {call.body.decode('latin-1')}",
    )


def _name_in(body: bytes) -> str | None:
    try:
        content: object = json.loads(body)
    except (ValueError, RecursionError):
        return None
    if not isinstance(content, dict):
        return None
    name = cast("dict[str, object]", content).get("unique_name")
    return name if isinstance(name, str) else None


def _view(wanted: Any) -> Callable[[Query], Query] | None:
    """Return how a list is asked for so that it shows what is wanted, or None for as it is."""
    changes = dict[str, Any]()
    if isinstance(wanted, dict):
        age = timedelta(seconds=cast("dict[str, float]", wanted)["without_younger_than"])
        changes["created_before"] = timestamp(datetime.now(UTC) - age)
    elif wanted == "empty":
        changes["created_before"] = ""
    elif wanted == "inexact":
        changes["exact"] = False
    elif wanted == "first_page":
        changes["page_number"] = 1
    return (lambda query: attrs.evolve(query, **changes)) if changes else None
