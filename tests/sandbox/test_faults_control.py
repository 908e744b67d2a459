"""Changing the fault plan of a running sandbox, and reading it."""

import asyncio
import json
from collections import Counter
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest

from sandbox.blocking_driver import PATIENCE, asked, connected, drain, on_create, request
from telnyx_video.sandbox import FaultPlanError, Sandbox

JSON = {"Content-Type": "application/json"}


def control(sandbox: Sandbox, path: str, content: bytes | None = None) -> tuple[int, Any]:
    """Send a control request without a key; return status and decoded body."""
    url = sandbox.url.removesuffix("/v2") + path
    try:
        with urlopen(Request(url, content, JSON), timeout=PATIENCE) as reply:
            body = reply.read()
            return reply.status, json.loads(body) if body else None
    except HTTPError as error:
        with error:
            return error.code, json.load(error)


def test_a_plan_is_changed_while_the_sandbox_runs() -> None:
    """The current plan can be read; an empty one clears it; counts remain."""
    with Sandbox(faults=on_create(503, "lost")) as sandbox:
        assert sandbox.faults == on_create(503, "lost")
        assert asked(sandbox).status == 503
        sandbox.faults = on_create(502)
        assert asked(sandbox).status == 502
        assert asked(sandbox).status == 201
        sandbox.faults = on_create(502)
        sandbox.faults = []
        assert asked(sandbox).status == 201
        assert sandbox.faults_done == {"503": 1, "502": 1}


def test_an_invalid_plan_changes_nothing() -> None:
    """The assignment raises, and the old plan stays."""
    with Sandbox(faults=on_create(503)) as sandbox:
        with pytest.raises(FaultPlanError, match="not a shorthand"):
            sandbox.faults = on_create("losst")
        assert asked(sandbox).status == 503
    with pytest.raises(RuntimeError, match="not serving"):
        _ = sandbox.faults
    with pytest.raises(RuntimeError, match="not serving"):
        sandbox.faults = []
    with pytest.raises(RuntimeError, match="not serving"):
        _ = sandbox.faults_done


def test_a_plan_is_sent_over_http() -> None:
    """Without the key; plan and counts can be read back."""
    plan = on_create("lost", {"status": 503, "headers": {"Retry-After": 1}})
    with Sandbox() as sandbox:
        assert control(sandbox, "/_sandbox/faults", json.dumps(plan).encode()) == (204, None)
        assert drain(sandbox) == (b"", "FIN")
        assert sandbox.faults == plan
        assert control(sandbox, "/_sandbox/faults") == (200, {"plan": plan, "done": {"lost": 1}})
        assert control(sandbox, "/_sandbox/faults", b"[]") == (204, None)
        assert asked(sandbox).status == 201
        assert sandbox.requests == {"POST /v2/rooms": 2}


def test_an_invalid_plan_over_http_is_refused_with_every_flaw() -> None:
    """422 in the published format, with a pointer for each flaw; the old plan stays."""
    plan = [{"on": "POST /room", "faults": ["losst"]}]
    with Sandbox(faults=on_create(503)) as sandbox:
        status, body = control(sandbox, "/_sandbox/faults", json.dumps(plan).encode())
        assert status == 422
        assert [(error["code"], error["source"]["pointer"]) for error in body["errors"]] == [
            ("10015", "/0/on"),
            ("10015", "/0/faults/0"),
        ]
        assert body["errors"][1]["detail"].startswith("Rule 1: faults[0] is not a shorthand")
        assert asked(sandbox).status == 503


@pytest.mark.parametrize("path", ["/_sandbox/faults", "/_sandbox/outage"])
@pytest.mark.parametrize("content", [b"", b"{", b"\xff", b"[" * 200_000])
def test_a_body_that_is_not_json_is_refused(path: str, content: bytes) -> None:
    """The error is the same whatever is wrong with the JSON."""
    with Sandbox() as sandbox:
        status, body = control(sandbox, path, content)
        assert (status, body["errors"][0]["code"]) == (400, "10023")


def test_control_requests_never_get_a_fault() -> None:
    """A plan that breaks every other request leaves the sandbox controllable."""
    plan = [{"on": "*", "faults": ["dropped"], "repeat": True}]
    with Sandbox(faults=plan) as sandbox:
        assert drain(sandbox, "GET", "/rooms") == (b"", "FIN")
        assert drain(sandbox, "GET", "/nowhere") == (b"", "FIN")
        status, stats = control(sandbox, "/_sandbox/stats")
        assert (status, stats["requests"]) == (200, {"GET /v2/rooms": 1, "GET (unknown)": 1})


@pytest.mark.parametrize("over_http", [False, True])
def test_a_reset_restarts_the_first_plan(over_http: bool) -> None:
    """Rooms and counts are removed, and the plan is the one passed to the sandbox."""
    with Sandbox(faults=on_create(503)) as sandbox:
        assert [asked(sandbox).status for _ in range(2)] == [503, 201]
        sandbox.faults = on_create(502)
        if over_http:
            assert control(sandbox, "/_sandbox/reset", b"") == (204, None)
        else:
            sandbox.reset()
        assert (sandbox.rooms, sandbox.requests, sandbox.faults_done) == ([], {}, {})
        assert sandbox.faults == on_create(503)
        assert [asked(sandbox).status for _ in range(2)] == [503, 201]


def test_a_sandbox_restarts_its_plan_each_time_it_is_entered() -> None:
    """Faults that one run used are available in the next."""
    sandbox = Sandbox(faults=on_create(503))
    for _ in range(2):
        with sandbox:
            assert [asked(sandbox).status for _ in range(2)] == [503, 201]


async def test_a_plan_is_changed_from_another_thread() -> None:
    """A sandbox on this loop accepts plans from other threads while it serves."""
    async with Sandbox() as sandbox:

        def work() -> list[int]:
            statuses = list[int]()
            for status in (500, 502, 503, 504):
                sandbox.faults = on_create(status)
                statuses.append(asked(sandbox).status)
            return statuses

        assert await asyncio.to_thread(work) == [500, 502, 503, 504]
        assert sandbox.faults_done.total() == 4


def test_draws_over_http_are_deterministic() -> None:
    """The same seed draws faults for the same names, in any order of requests."""
    draw = [{"fault": "lost", "probability": 0.3}, {"fault": 503, "probability": 0.3}]
    plan: list[dict[str, object]] = [{"on": "POST /rooms", "draw": draw, "seed": 3}]
    numbers = list(range(40))

    def drawn(numbers: list[int]) -> dict[int, object]:
        seen: dict[int, object] = {}
        with Sandbox(faults=plan) as sandbox:
            for number in numbers:
                with connected(sandbox) as line:
                    line.send(request(content={"unique_name": f"r{number}"}, close=True))
                    data, _ = line.rest()
                    seen[number] = data.split()[1] if data else "lost"
            assert sandbox.faults_done == Counter(
                {"lost": [*seen.values()].count("lost"), "503": [*seen.values()].count(b"503")}
            )
            assert len(sandbox.rooms) == 40 - sandbox.faults_done["503"]
        return seen

    first = drawn(numbers)
    assert set(first.values()) == {"lost", b"503", b"201"}
    assert drawn(numbers[::-1]) == first
