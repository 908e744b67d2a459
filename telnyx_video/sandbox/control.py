"""How the server is controlled over HTTP: resets, fault plans and outages, all without the key."""

import asyncio
import json
from functools import partial
from typing import Any, cast

from telnyx_video.sandbox.api import Api, Call
from telnyx_video.sandbox.faults.conduct import Faults
from telnyx_video.sandbox.faults.plan import FaultPlanError
from telnyx_video.sandbox.outage import KINDS, Outage
from telnyx_video.sandbox.replies import Code, Problem, Reply, document, refusal
from telnyx_video.sandbox.routes import CONTROL

MAX_OUTAGE = 86_400.0
"""Seconds; while connections are refused, nobody can end an outage over HTTP."""


class Control:
    """The operations that control, beyond those of the API itself.

    Args:
        api: Where they are added.
        faults: Follows the plans.
        outage: Can be begun and ended.
    """

    def __init__(self, api: Api, faults: Faults, outage: Outage) -> None:
        self._faults = faults
        self._outage = outage
        api.add(f"{CONTROL}reset", {"POST": self._reset})
        api.add(f"{CONTROL}faults", {"GET": self._show_faults, "POST": self._set_faults})
        api.add(f"{CONTROL}outage", {"POST": self._begin_outage})

    def _reset(self, _: Call, __: str) -> Reply:
        self._outage.end()
        self._faults.reset()
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

    def _begin_outage(self, call: Call, _: str) -> Reply:
        content, unreadable = _decoded(call)
        if unreadable is not None:
            return unreadable
        if problems := _problems_of_outage(content):
            return refusal(422, *problems)
        wanted = cast("dict[str, Any]", content)
        begin = partial(self._outage.begin, wanted.get("kind", "refuse"), wanted["seconds"])
        # In the next turn of the loop this request has been answered, and may be cut too.
        asyncio.get_running_loop().call_soon(begin if wanted["seconds"] else self._outage.end)
        return Reply(204)


def _decoded(call: Call) -> tuple[object, Reply | None]:
    """Return the body, or how it is refused; its media type makes no difference."""
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
        details[name] = "is no field of an outage"
    return [
        Problem(Code.BAD_REQUEST, f"{name} {detail}.", pointer=f"/{name}")
        for name, detail in details.items()
    ]
