"""Injects faults into exchanges: cuts, stalls, corrupted answers, late commits, outages."""

import asyncio
import json
import socket
import struct
import time
from collections import Counter
from collections.abc import Callable, Generator, Iterable
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from threading import Lock
from typing import Any, Literal, cast
from weakref import WeakKeyDictionary

import attrs
from aiohttp import web

from telnyx_video.sandbox.api.calls import Call
from telnyx_video.sandbox.app import Api, Exchange, serve_unchanged
from telnyx_video.sandbox.faults.corrupt import corrupt, corrupt_body, interim
from telnyx_video.sandbox.faults.fields import Fault, Point, effect_of
from telnyx_video.sandbox.faults.plan import Choice, FaultPlan, Traits, parse_plan
from telnyx_video.sandbox.listener import Port, disconnected
from telnyx_video.sandbox.replies import Reply
from telnyx_video.sandbox.routes import operation_of
from telnyx_video.sandbox.state.database import Query, timestamp

OutageKind = Literal["refuse", "503"]
"""Connections are refused and cut, or every answer is 503."""

OUTAGE_KINDS: tuple[OutageKind, ...] = ("refuse", "503")

_OUTAGE = Fault(label="outage", commit="never", status=503)


class _OverError(Exception):
    """The fault ended the exchange before its reply."""


class _Spent(web.StreamResponse):
    """Replaces a response that was written without aiohttp, or not written."""

    def __init__(self, *, keep_alive: bool) -> None:
        super().__init__()
        self._is_kept = keep_alive

    @property
    def keep_alive(self) -> bool:
        return self._is_kept

    async def prepare(self, request: web.BaseRequest) -> None:
        """Do nothing."""

    async def write_eof(self, data: bytes = b"") -> None:
        """Do nothing."""


class Faults:
    """Follows a fault plan, and makes outages of the whole server.

    Args:
        api: Applies requests.
        plan: The first plan; a reset restarts it.
        port: Refuses connections during an outage.

    Raises:
        FaultPlanError: if the plan is invalid.
    """

    def __init__(self, api: Api, plan: FaultPlan, port: Port) -> None:
        self.done: Counter[str] = Counter()
        """How many requests got each fault."""
        self._api = api
        self._first_plan = plan
        self._port = port
        self._answers_503 = False  # regardless of the plan
        self._end_of_outage: asyncio.TimerHandle | None = None
        self._doomed = WeakKeyDictionary[object, bool]()
        self._late = set[asyncio.TimerHandle]()
        # Grows with each reset; requests from before a reset are not applied after it.
        self._epoch = 0
        self._lock = Lock()
        self.follow(plan)

    def follow(self, plan: object) -> None:
        """Follow this plan from its start. Safe to call from any thread.

        Raises:
            FaultPlanError: if the plan is invalid; then the old one stays.
        """
        rules = parse_plan(plan)
        self.plan: FaultPlan = cast("FaultPlan", plan)
        self._choice = Choice(rules) if rules else None

    def reset(self) -> None:
        """Remove the state, counts and pending commits, and restart the plan. Thread-safe."""
        with self._lock:
            self._epoch += 1
            self._api.reset()
        self._doomed.clear()
        self.done.clear()
        self.follow(self._first_plan)

    @property
    def outage(self) -> OutageKind | None:
        """The outage, or None."""
        if self._answers_503:
            return "503"
        return None if self._port.is_open else "refuse"

    def set_outage(self, kind: OutageKind | None, seconds: float | None = None) -> None:
        """Start an outage, replacing any other, or end it. Call it on the loop that serves.

        Args:
            kind: The outage; None ends it.
            seconds: Duration; None lasts until it is ended.
        """
        self._cancel_end_of_outage()
        self._answers_503 = kind == "503"
        if kind == "refuse":
            self._port.close()
        else:
            self._port.open()
        if seconds is not None:
            self._end_of_outage = asyncio.get_running_loop().call_later(
                seconds, partial(self.set_outage, None)
            )

    def close(self) -> None:
        """Cancel the late commits, and the end of an outage."""
        self._cancel_end_of_outage()
        for timer in self._late:
            timer.cancel()
        self._late.clear()

    def _cancel_end_of_outage(self) -> None:
        if self._end_of_outage is not None:
            self._end_of_outage.cancel()

    async def serve(self, exchange: Exchange) -> web.StreamResponse:
        """Serve one exchange, with the fault that the plan has for it."""
        if self._choice is None and not self._doomed and not self._answers_503:
            return await serve_unchanged(exchange)
        doom = self._doomed.pop(exchange.request.protocol, None)
        if doom is not None:
            exchange.record.effect = "The connection was cut by the fault of an earlier request."
            _cut(exchange.request, reset=doom)
            return _Spent(keep_alive=False)
        fault = _OUTAGE if self._answers_503 else await self._chosen(exchange)
        if fault is None:
            return await serve_unchanged(exchange)
        self.done[fault.label] += 1
        exchange.record.fault, exchange.record.effect = fault.label, effect_of(fault)
        try:
            await self._inject(exchange, fault)
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

    async def _inject(self, exchange: Exchange, fault: Fault) -> None:
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
        status, body = corrupt_body(fault, reply)
        for point, data in corrupt(fault, reply, exchange.headers(), now=time.time()):
            if point != "status":  # with the headers on their way, the client knows the status
                exchange.record.answer(status, body.content)
            await _send(request, data, fault.drip)
            await _reach(point, request, fault)
        if fault.framing == "close" or fault.raw is not None:
            _cut(request, reset=False)

    def _commit(self, exchange: Exchange, fault: Fault, epoch: int) -> Reply:
        exchange.view = _view(fault.list)
        if fault.commit == "before":
            return exchange.commit()
        reply = exchange.dry_run()
        # A refused request is not applied later.
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
        """Prevent resets inside the context; cut the exchange if there was one before."""
        with self._lock:
            if self._epoch == epoch:
                yield
                return
        _cut(request, reset=False)
        raise _OverError


async def _reach(point: Point, request: web.BaseRequest, fault: Fault) -> None:
    """Stall or cut if the fault says so for this point."""
    if fault.stall == point and fault.seconds is not None:
        await asyncio.sleep(fault.seconds)
    elif fault.stall == point:
        await disconnected(request)
        raise _OverError
    if fault.cut == point:
        _cut(request, reset=fault.reset)
        raise _OverError


async def _send(request: web.BaseRequest, data: Iterable[bytes], drip: float) -> None:
    for piece in data:
        if not drip:
            await request.writer.write(piece)
            await asyncio.sleep(0)  # lets a lost connection be noticed
            continue
        for byte in piece:
            await request.writer.write(bytes([byte]))
            await asyncio.sleep(drip)


def _cut(request: web.BaseRequest, *, reset: bool) -> None:
    transport = request.transport
    if transport is None:
        return
    if reset:
        # A linger time of 0 makes the kernel send RST instead of FIN.
        transport.get_extra_info("socket").setsockopt(
            socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0)
        )
        transport.abort()
    # Unlike closing the transport, this keeps aiohttp from waiting for the rest of a body.
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
    """Return a function that falsifies the query of a list, or None."""
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
