"""The OpenAPI document of the control plane describes its routes and answers."""

from typing import Any

import aiohttp
import pytest
from jsonschema import Draft202012Validator

from sandbox.api_driver import UNKNOWN_ID
from sandbox.http_driver import Answer, HttpDriver
from sandbox.test_cross_site import routes
from sandbox.test_webhooks import finished_deliveries, room_with
from support.receivers import receiving
from telnyx_video.sandbox import Sandbox

STATIC = {"/", "/nowhere"}


class Contract:
    """Checks answers against the document, and records which it checked."""

    def __init__(self, http: HttpDriver, document: Any) -> None:
        self._http = http
        self.document = document
        self.checked = set[tuple[str, str, str]]()

    def described(self) -> set[tuple[str, str, str]]:
        """Return route, method and status of every answer in the document."""
        return {
            (route, method, status)
            for route, operations in self.document["paths"].items()
            for method, operation in operations.items()
            for status in operation["responses"]
        }

    async def call(self, status: int, method: str, path: str, *args: Any, **kwargs: Any) -> Any:
        """Call a control path, check the answer and return its body."""
        answer = await self._http.send(method, f"//_sandbox/{path}", *args, **kwargs)
        assert answer.status == status, answer.body
        self._check(method.lower(), self._route(path), answer)
        return answer.body

    def _route(self, path: str) -> str:
        parts = path.split("/")
        whole = f"/_sandbox/{path}"
        if whole in self.document["paths"]:
            return whole
        return "/".join(["/_sandbox", parts[0], "{id}", *parts[2:]])

    def _check(self, method: str, route: str, answer: Answer) -> None:
        response = self.document["paths"][route][method]["responses"][str(answer.status)]
        if "content" in response:
            schema = response["content"]["application/json"]["schema"]
            components = {"components": self.document["components"]}
            validator: Any = Draft202012Validator({**schema, **components})
            validator.validate(answer.body)
        else:
            assert answer.body is None
        self.checked.add((route, method, str(answer.status)))


@pytest.fixture
async def contract(http: HttpDriver) -> Contract:
    return Contract(http, (await http.send("GET", "//_sandbox/openapi.json")).body)


async def test_every_route_is_described(sandbox: Sandbox, contract: Contract) -> None:
    """The document describes all routes but the files of the page, and no others."""
    served = {
        (route, method.lower())
        for route, methods in routes(sandbox).items()
        for method in methods
        if route.startswith("/_sandbox/") and not route.startswith("/_sandbox/page/")
    }
    described = {
        (route, method)
        for route, methods in contract.document["paths"].items()
        for method in methods
    }
    assert served == described


async def test_answers_match_the_document(
    session: aiohttp.ClientSession, sandbox: Sandbox, http: HttpDriver, contract: Contract
) -> None:
    """Each described answer occurs, and matches its schema."""
    call, wrong = contract.call, {"headers": {"Content-Type": "text/plain"}}
    async with receiving(500) as receiver, Sandbox(webhook_retries=[]) as other:
        await room_with(http, receiver)
        contract._http = HttpDriver(session, other)
        other.join(await room_with(contract._http, receiver, enable_recording=True))
        shown = await finished_deliveries(other, 4)
        assert shown[0]["state"] == "failed"
        for path in ("stats", "info", "faults", "faults/kinds", "outage", "openapi.json"):
            await call(200, "GET", path)
        for path in ("rooms", "participants", "events", "deliveries", "requests", "requests/1"):
            await call(200, "GET", path)
        await call(400, "GET", "requests", params={"limit": "0"})
        await call(400, "GET", "deliveries", params={"limit": "0"})
        await call(404, "GET", "requests/99")
        event = shown[0]["event_id"]
        await call(202, "POST", f"deliveries/{event}/redeliver")
        await finished_deliveries(other, 4)
        await call(404, "POST", f"deliveries/{UNKNOWN_ID}/redeliver")
        await call(202, "POST", "deliveries/redeliver")
        await finished_deliveries(other, 4)
        for path in (f"deliveries/{event}/redeliver", "deliveries/redeliver"):
            await call(422, "POST", path, {"to": "x"})

        room = (await call(201, "POST", "rooms", {"unique_name": "x", "max_participants": 2}))[
            "data"
        ]
        await call(422, "POST", "rooms", {"unique_name": "x"})
        of = f"rooms/{room['id']}"
        joined = await call(201, "POST", f"{of}/join", {"context": "Alice"})
        member = {"participant_id": joined["participant"]["id"]}
        await call(403, "POST", f"{of}/join", {"token": "x"})
        await call(422, "POST", f"{of}/join", {"context": 5})
        assert (await call(200, "POST", f"{of}/mute", member))["participant"]["muted"] is True
        await call(200, "POST", f"{of}/leave", member)
        for verb in ("mute", "leave"):
            await call(422, "POST", f"{of}/{verb}", member)
            await call(404, "POST", f"rooms/{UNKNOWN_ID}/{verb}", member)
            await call(404, "POST", f"{of}/{verb}", {"participant_id": UNKNOWN_ID})
            await call(400, "POST", f"{of}/{verb}", raw=b"{")
        for verb in ("join", "end"):
            await call(404, "POST", f"rooms/{UNKNOWN_ID}/{verb}", {})
        await call(201, "POST", f"{of}/join")
        await call(204, "POST", f"{of}/end")

        for path in ("faults", "outage", "seed"):
            await call(400, "POST", path, raw=b"{")
            await call(422, "POST", path, 7)
        for path in (
            f"{of}/join",
            "rooms",
            f"deliveries/{event}/redeliver",
            "deliveries/redeliver",
        ):
            await call(400, "POST", path, raw=b"{")
        for route, methods in contract.document["paths"].items():
            if "post" in methods:
                path = route.removeprefix("/_sandbox/").replace("{id}", UNKNOWN_ID)
                await call(415, "POST", path, {}, **wrong)
        await call(204, "POST", "seed", {"rooms": [{"id": UNKNOWN_ID}]})
        await call(204, "POST", "faults", [])
        await call(204, "POST", "outage", {"seconds": 0})
        await call(204, "POST", "reset")
    streamed = {("/_sandbox/stream", "get", status) for status in ("200", "503")}
    assert contract.checked == contract.described() - streamed


async def test_a_participant_of_another_room_is_not_found(
    http: HttpDriver, sandbox: Sandbox
) -> None:
    """One of another room cannot be muted in this one."""
    rooms = [(await http.create()).data["id"] for _ in range(2)]
    member = {"participant_id": sandbox.join(rooms[0])}
    answer = await http.send("POST", f"//_sandbox/rooms/{rooms[1]}/mute", member)
    assert answer.status == 404
    answer = await http.send(
        "POST", f"//_sandbox/rooms/{rooms[0]}/mute", {**member, "muted": False}
    )
    assert answer.body["participant"]["muted"] is False
    shown = (await http.send("GET", "//_sandbox/rooms")).body
    assert [room["id"] for room in shown["rooms"]] == rooms[::-1]
    assert shown["rooms"][1]["sessions"][0]["participants"][0]["id"] == member["participant_id"]


def test_the_schemas_are_valid(contract: Contract) -> None:
    """They are JSON Schema."""
    for schema in contract.document["components"]["schemas"].values():
        Draft202012Validator.check_schema(schema)
