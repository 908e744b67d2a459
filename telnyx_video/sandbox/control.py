"""The control plane: reset, seed, faults, outages, redelivery, the request log.

What `Sandbox` offers to its own process, this also offers over HTTP, without the key.
`openapi.json`, next to this module, describes it.
"""

import asyncio
from collections.abc import Callable
from importlib.resources import files
from threading import get_ident
from typing import Any, TypeVar, cast

from telnyx_video.sandbox.api.calls import Call, json_in, object_in, settings_in
from telnyx_video.sandbox.app import Api
from telnyx_video.sandbox.checks.bodies import REDELIVER, Field, Fields, check_fields, problem_at
from telnyx_video.sandbox.checks.parameters import whole_number
from telnyx_video.sandbox.checks.values import number, one_of
from telnyx_video.sandbox.config import DEFAULT_KEY, SandboxConfig
from telnyx_video.sandbox.faults.fields import FAULT_FIELDS, SHORTHANDS
from telnyx_video.sandbox.faults.inject import OUTAGE_KINDS, Faults, OutageKind
from telnyx_video.sandbox.faults.plan import FaultPlanError
from telnyx_video.sandbox.page import FILES, page_file
from telnyx_video.sandbox.replies import Code, Problem, RefusedError, Reply, bare_refusal, document
from telnyx_video.sandbox.routes import CONTROL, OPERATIONS
from telnyx_video.sandbox.seed import SeedError, put_seed
from telnyx_video.sandbox.state.database import AbsentError, ConflictError
from telnyx_video.sandbox.state.store import Store

T = TypeVar("T")

DEFAULT_LISTED = 100
"""Requests in one answer by default."""

MAX_LISTED = 500
"""Requests in one answer at most."""

_OUTAGE: Fields = {
    # While connections are refused, nothing can end an outage over HTTP. 0 ends one.
    "seconds": Field(number(0, 86_400), required=True),
    "kind": Field(one_of(*OUTAGE_KINDS), OUTAGE_KINDS[0]),
}


class Control:
    """Controls a running server. Create it on the loop that serves.

    Args:
        api: Receives the control operations, and has the log.
        store: The state of the server.
        faults: Follows the fault plan, and makes the outages.
        config: The settings of the server.
        url: The base URL of the API.
    """

    def __init__(
        self, api: Api, store: Store, faults: Faults, config: SandboxConfig, url: str
    ) -> None:
        self._api = api
        self._store = store
        self._faults = faults
        self._config = config
        self._url = url
        self._loop = asyncio.get_running_loop()
        self._thread = get_ident()
        api.add(f"{CONTROL}reset", {"POST": self._reset})
        api.add(f"{CONTROL}seed", {"POST": self._seed})
        api.add(f"{CONTROL}faults", {"GET": self._show_faults, "POST": self._set_faults})
        api.add(f"{CONTROL}faults/kinds", {"GET": _show_kinds})
        api.add(f"{CONTROL}outage", {"GET": self._show_outage, "POST": self._set_outage})
        api.add(f"{CONTROL}requests", {"GET": self._list_requests})
        api.add(f"{CONTROL}requests/{{id}}", {"GET": self._show_request})
        api.add(f"{CONTROL}deliveries/redeliver", {"POST": self._redeliver_failed})
        api.add(f"{CONTROL}deliveries/{{id}}/redeliver", {"POST": self._redeliver})
        api.add(f"{CONTROL}stats", {"GET": self._show_stats})
        api.add(f"{CONTROL}info", {"GET": self._show_info})
        api.add(f"{CONTROL}openapi.json", {"GET": _show_openapi})
        for path in FILES:
            api.add(path, {"GET": lambda call, _: page_file(call.path)})

    def reset(self) -> None:
        """Return the server to the state in which it started. Thread-safe."""
        if self._faults.outage is not None:
            self.set_outage(None)
        self._faults.reset()
        if self._config.seed is not None:
            self.seed(self._config.seed)

    def seed(self, objects: object) -> None:
        """Add the objects of a seed. Thread-safe.

        Raises:
            SeedError: if they are invalid, or contradict existing objects.
        """
        put_seed(self._store, self._api.tokens, objects)

    def set_outage(self, kind: OutageKind | None, seconds: float | None = None) -> None:
        """Start an outage, or end it with None; see `Faults.set_outage`. Thread-safe."""
        self._on_loop(lambda: self._faults.set_outage(kind, seconds))

    def redeliver(self, event_id: str, to: str | None) -> None:
        """Send the webhook of an event again. Thread-safe.

        Raises:
            AbsentError: if the event has no webhook.
            ConflictError: if the delivery has not finished, or the URL is not allowed.
        """
        self._check_target(to)
        self._store.deliveries.replay(event_id, to)

    def redeliver_failed(self, to: str | None) -> int:
        """Resend every failed webhook, and return how many; see `redeliver`."""
        self._check_target(to)
        return self._store.deliveries.replay_failed(to)

    def _check_target(self, url: str | None) -> None:
        refusal = None if url is None else self._config.policy.refusal(url)
        if refusal is not None:
            raise ConflictError(f"{url}: {refusal}.")

    def _on_loop(self, function: Callable[[], T]) -> T:
        """Call a function in the thread of the loop, and return its result."""

        async def call() -> T:
            return function()

        if get_ident() == self._thread:
            return function()
        return asyncio.run_coroutine_threadsafe(call(), self._loop).result()

    def _reset(self, _: Call, __: str) -> Reply:
        self.reset()
        return Reply(204)

    def _seed(self, call: Call, _: str) -> Reply:
        try:
            self.seed(json_in(call))
        except SeedError as error:
            problem = Problem(Code.BAD_REQUEST, str(error), pointer=error.pointer)
            raise RefusedError(422, problem) from error
        return Reply(204)

    def _show_faults(self, _: Call, __: str) -> Reply:
        return document(200, {"plan": self._faults.plan, "done": self._faults.done})

    def _set_faults(self, call: Call, _: str) -> Reply:
        try:
            self._faults.follow(json_in(call))
        except FaultPlanError as error:
            problems = (
                Problem(Code.BAD_REQUEST, str(flaw), pointer=flaw.pointer) for flaw in error.flaws
            )
            raise RefusedError(422, *problems) from error
        return Reply(204)

    def _show_outage(self, _: Call, __: str) -> Reply:
        return document(200, {"kind": self._faults.outage})

    def _set_outage(self, call: Call, _: str) -> Reply:
        body = object_in(call)
        settings, problems = check_fields(body, _OUTAGE)
        problems += [
            problem_at("is not a field of an outage", name) for name in body if name not in _OUTAGE
        ]
        if problems:
            raise RefusedError(422, *problems)
        seconds: Any = settings["seconds"]
        kind: Any = settings.get("kind", _OUTAGE["kind"].default) if seconds else None
        # By the next loop iteration this request has been answered, so it may be cut too.
        self._loop.call_soon(self._faults.set_outage, kind, seconds or None)
        return Reply(204)

    def _list_requests(self, call: Call, _: str) -> Reply:
        query = call.query
        status = whole_number("status", query["status"], most=999) if "status" in query else None
        limit = whole_number("limit", query.get("limit", str(DEFAULT_LISTED)), most=MAX_LISTED)
        found = self._api.log.snapshot().where(
            operation=query.get("operation"), status=status, request_id=query.get("request_id")
        )
        return document(200, {"requests": [request.as_json() for request in found[-limit:]]})

    def _show_request(self, _: Call, number: str) -> Reply:
        for request in self._api.log.snapshot():
            if str(request.number) == number:
                return document(200, {"request": request.as_json()})
        detail = f"The log does not have request {number}, or no longer has it."
        return bare_refusal(404, Problem(Code.NOT_FOUND, detail))

    def _redeliver(self, call: Call, event_id: str) -> Reply:
        try:
            self.redeliver(event_id, _target(call))
        except AbsentError as error:
            problem = Problem(Code.NOT_FOUND, str(error))
            raise RefusedError(404, problem, reply=bare_refusal) from error
        except ConflictError as error:
            raise RefusedError(422, Problem(Code.BAD_REQUEST, str(error))) from error
        return Reply(202)

    def _redeliver_failed(self, call: Call, _: str) -> Reply:
        try:
            count = self.redeliver_failed(_target(call))
        except ConflictError as error:
            raise RefusedError(422, Problem(Code.BAD_REQUEST, str(error))) from error
        return document(202, {"redelivered": count})

    def _show_stats(self, _: Call, __: str) -> Reply:
        stats = self._api.stats
        shown = {
            "requests": stats.requests,
            "rooms": len(self._store.rooms.table),
            "max_in_flight": stats.max_in_flight,
            "keyed_downloads": stats.keyed_downloads,
        }
        return document(200, shown)

    def _show_info(self, _: Call, __: str) -> Reply:
        key = self._config.api_key
        info = {
            "url": self._url,
            "api_key": key if key == DEFAULT_KEY else None,
            "log_size": self._config.log_size,
        }
        return document(200, info)


def _target(call: Call) -> str | None:
    return cast("str | None", settings_in(call.with_optional_body(), REDELIVER).get("to"))


def _show_kinds(_: Call, __: str) -> Reply:
    kinds = {
        "operations": [*OPERATIONS, "*"],
        "shorthands": SHORTHANDS,
        "fields": list(FAULT_FIELDS),
        "outages": OUTAGE_KINDS,
    }
    return document(200, kinds)


def _show_openapi(_: Call, __: str) -> Reply:
    return Reply(200, files("telnyx_video.sandbox").joinpath("openapi.json").read_bytes())
