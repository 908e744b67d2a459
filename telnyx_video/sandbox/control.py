"""The control plane over HTTP: reset, seed, faults, outages, the request log; needs no key.

`openapi.json`, beside this module, describes it.
"""

import asyncio
import json
from collections.abc import Callable
from functools import partial
from importlib.resources import files
from typing import Any, cast

from telnyx_video.sandbox.api import Api, Call
from telnyx_video.sandbox.api.calls import settings_of, whole_number
from telnyx_video.sandbox.checks.bodies import REDELIVER
from telnyx_video.sandbox.faults.fields import FAULT_FIELDS, SHORTHANDS
from telnyx_video.sandbox.faults.inject import Faults
from telnyx_video.sandbox.faults.outage import KINDS, Outage
from telnyx_video.sandbox.faults.plan import FaultPlanError
from telnyx_video.sandbox.replies import Code, Problem, Reply, bare_refusal, document, refusal
from telnyx_video.sandbox.routes import CONTROL, OPERATIONS, PAGE
from telnyx_video.sandbox.seed import SeedError
from telnyx_video.sandbox.state import AbsentError, ConflictError

MAX_OUTAGE = 86_400.0
"""Seconds; while connections are refused, nothing can end an outage over HTTP."""

DEFAULT_LISTED = 100
"""Requests in one answer, unless it is asked for another number."""

MAX_LISTED = 500
"""Requests in one answer at most."""

_PACKAGE = files("telnyx_video.sandbox")

_PAGE_FILES = {
    PAGE: ("index.html", "text/html; charset=utf-8"),
    f"{CONTROL}page/style.css": ("style.css", "text/css; charset=utf-8"),
    f"{CONTROL}page/page.js": ("page.js", "text/javascript; charset=utf-8"),
    f"{CONTROL}page/icon.svg": ("icon.svg", "image/svg+xml"),
}

_PAGE_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
        "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-cache",
}


class Control:
    """Adds the control operations to an API.

    Args:
        api: Receives the operations, and has the log.
        faults: Follows the plans.
        outage: Starts and ends outages.
        reset: Makes the server as it was when it started.
        seed: Puts in the objects of a JSON value.
        redeliver: Sends the webhook of an event once more.
        redeliver_failed: Does so for every failed one, and returns how many.
        info: What the page shows of the server.
    """

    def __init__(
        self,
        api: Api,
        faults: Faults,
        outage: Outage,
        *,
        reset: Callable[[], None],
        seed: Callable[[object], None],
        redeliver: Callable[[str, str | None], None],
        redeliver_failed: Callable[[str | None], int],
        info: Callable[[], dict[str, object]],
    ) -> None:
        self._api = api
        self._faults = faults
        self._outage = outage
        self._seed = seed
        self._redeliver = redeliver
        self._redeliver_failed = redeliver_failed

        def reset_all(_: Call, __: str) -> Reply:
            reset()
            return Reply(204)

        api.add(f"{CONTROL}reset", {"POST": reset_all})
        api.add(f"{CONTROL}seed", {"POST": self._put_in})
        api.add(f"{CONTROL}faults", {"GET": self._show_faults, "POST": self._set_faults})
        api.add(f"{CONTROL}faults/kinds", {"GET": _show_kinds})
        api.add(f"{CONTROL}outage", {"GET": self._show_outage, "POST": self._set_outage})
        api.add(f"{CONTROL}requests", {"GET": self._list_requests})
        api.add(f"{CONTROL}requests/{{id}}", {"GET": self._show_request})
        api.add(f"{CONTROL}deliveries/redeliver", {"POST": self._redeliver_all})
        api.add(f"{CONTROL}deliveries/{{id}}/redeliver", {"POST": self._redeliver_one})
        api.add(f"{CONTROL}info", {"GET": lambda _, __: document(200, info())})
        api.add(f"{CONTROL}openapi.json", {"GET": _show_openapi})
        for path, (name, media_type) in _PAGE_FILES.items():
            api.add(path, {"GET": partial(_show_page, name, media_type)})

    def _put_in(self, call: Call, _: str) -> Reply:
        objects, unreadable = _decoded(call)
        if unreadable is not None:
            return unreadable
        try:
            self._seed(objects)
        except SeedError as error:
            return refusal(422, Problem(Code.BAD_REQUEST, str(error), pointer=error.pointer))
        return Reply(204)

    def _show_faults(self, _: Call, __: str) -> Reply:
        return document(200, {"plan": self._faults.plan, "done": self._faults.done})

    def _set_faults(self, call: Call, _: str) -> Reply:
        plan, unreadable = _decoded(call)
        if unreadable is not None:
            return unreadable
        try:
            self._faults.follow(plan)
        except FaultPlanError as error:
            return refusal(
                422,
                *(
                    Problem(Code.BAD_REQUEST, str(flaw), pointer=flaw.pointer)
                    for flaw in error.flaws
                ),
            )
        return Reply(204)

    def _show_outage(self, _: Call, __: str) -> Reply:
        return document(200, {"kind": self._outage.kind})

    def _set_outage(self, call: Call, _: str) -> Reply:
        content, unreadable = _decoded(call)
        if unreadable is not None:
            return unreadable
        if problems := _problems_of_outage(content):
            return refusal(422, *problems)
        wanted = cast("dict[str, Any]", content)
        begin = partial(self._outage.begin, wanted.get("kind", "refuse"), wanted["seconds"])
        # In the next loop iteration this request has been answered, and may be cut, too.
        asyncio.get_running_loop().call_soon(begin if wanted["seconds"] else self._outage.end)
        return Reply(204)

    def _list_requests(self, call: Call, _: str) -> Reply:
        query = call.query
        status = whole_number(call, "status", 999) if "status" in query else None
        limit = whole_number(call, "limit", MAX_LISTED) if "limit" in query else DEFAULT_LISTED
        found = self._api.log.snapshot().where(
            operation=query.get("operation"), status=status, request_id=query.get("request_id")
        )
        return document(200, {"requests": [request.as_json() for request in found[-limit:]]})

    def _show_request(self, _: Call, number: str) -> Reply:
        for request in self._api.log.snapshot():
            if str(request.number) == number:
                return document(200, {"request": request.as_json()})
        detail = f"The log has no request {number}, or no longer."
        return bare_refusal(404, Problem(Code.NOT_FOUND, detail))

    def _redeliver_one(self, call: Call, event_id: str) -> Reply:
        try:
            self._redeliver(event_id, _target(call))
        except AbsentError as error:
            return bare_refusal(404, Problem(Code.NOT_FOUND, str(error)))
        except ConflictError as error:
            return refusal(422, Problem(Code.BAD_REQUEST, str(error)))
        return Reply(202)

    def _redeliver_all(self, call: Call, _: str) -> Reply:
        try:
            count = self._redeliver_failed(_target(call))
        except ConflictError as error:
            return refusal(422, Problem(Code.BAD_REQUEST, str(error)))
        return document(202, {"redelivered": count})


def _target(call: Call) -> str | None:
    return cast("str | None", settings_of(call.with_optional_body(), REDELIVER).get("to"))


def _decoded(call: Call) -> tuple[object, Reply | None]:
    """Return the JSON of a body, or how it is refused."""
    try:
        return json.loads(call.body), None
    except (ValueError, RecursionError) as error:
        return None, refusal(400, Problem(Code.INVALID_JSON, f"The body is not JSON: {error}."))


def _problems_of_outage(content: object) -> list[Problem]:
    if not isinstance(content, dict):
        return [Problem(Code.BAD_REQUEST, "The body must be an object.", pointer="")]
    wanted = cast("dict[str, object]", content)
    details = dict[str, str]()
    seconds = wanted.get("seconds")
    if type(seconds) not in (int, float) or not 0 <= cast("float", seconds) <= MAX_OUTAGE:
        details["seconds"] = f"must be a number from 0, which ends an outage, to {MAX_OUTAGE:.0f}"
    if wanted.get("kind", "refuse") not in KINDS:
        details["kind"] = f"must be one of {', '.join(KINDS)}"
    for name in wanted.keys() - {"seconds", "kind"}:
        details[name] = "is not a field of an outage"
    return [
        Problem(Code.BAD_REQUEST, f"{name} {detail}.", pointer=f"/{name}")
        for name, detail in details.items()
    ]


def _show_kinds(_: Call, __: str) -> Reply:
    kinds = {
        "operations": [*OPERATIONS, "*"],
        "shorthands": SHORTHANDS,
        "fields": list(FAULT_FIELDS),
        "outages": KINDS,
    }
    return document(200, kinds)


def _show_openapi(_: Call, __: str) -> Reply:
    return Reply(200, _PACKAGE.joinpath("openapi.json").read_bytes())


def _show_page(name: str, media_type: str, _: Call, __: str) -> Reply:
    content = _PACKAGE.joinpath("page", name).read_bytes()
    return Reply(200, content, _PAGE_HEADERS, media_type)
