"""Every kind of reply holds to the published contract, where that is at hand."""

import os
from pathlib import Path
from typing import Any, cast

import jsonschema
import pytest
import yaml

from sandbox.caller import Answer, Caller

SPEC = os.environ.get("TELNYX_VIDEO_SPEC")

pytestmark = pytest.mark.skipif(
    SPEC is None, reason="TELNYX_VIDEO_SPEC names no folder with the published contract"
)

FULL_ROOM = {
    "unique_name": "standup",
    "max_participants": 12,
    "enable_recording": True,
    "webhook_event_url": "https://hooks.example.com/rooms",
    "webhook_event_failover_url": "https://backup.example.com/rooms",
    "webhook_timeout_secs": 25,
}
UNKNOWN_ID = "0ccc7b54-4df3-4bca-a65a-3da1ecc777f0"


@pytest.fixture(scope="module", params=["create-room.yaml", "video-full.yaml"])
def contract(request: pytest.FixtureRequest) -> Any:
    """One of the published files, which agree on rooms."""
    return yaml.safe_load(Path(str(SPEC), request.param).read_text())


def closed(schema: Any) -> Any:
    """Return the schema with every object limited to the properties that are described."""
    if not isinstance(schema, dict):
        return schema
    parts = {name: closed(part) for name, part in cast("dict[str, Any]", schema).items()}
    if isinstance(parts.get("properties"), dict):
        parts.setdefault("additionalProperties", False)
    return parts


def check(contract: Any, method: str, path: str, answer: Answer) -> None:
    """Hold an answer against what is published for its operation and status."""
    operation = contract["paths"].get(path, {}).get(method.lower())
    if operation is None:
        return  # the smaller file describes one operation only
    responses = operation["responses"]
    response = responses.get(str(answer.status)) or responses[f"{answer.status // 100}XX"]
    while "$ref" in response:
        response = contract["components"]["responses"][response["$ref"].rpartition("/")[2]]
    if "content" not in response:
        return
    schema = response["content"]["application/json"]["schema"]
    jsonschema.validate(
        answer.body,
        {**closed(schema), "components": closed(contract["components"])},
        cls=jsonschema.Draft202012Validator,
        format_checker=jsonschema.Draft202012Validator.FORMAT_CHECKER,
    )


async def test_replies_hold_to_the_contract(caller: Caller, contract: Any) -> None:
    """Successes and refusals of each operation have the published properties, and no others."""
    created = [await caller.create(), await caller.create(**FULL_ROOM)]
    refused = [await caller.create(**FULL_ROOM), await caller.create(max_participants=51)]
    assert [answer.status for answer in created + refused] == [201, 201, 422, 422]
    for answer in created + refused:
        check(contract, "POST", "/rooms", answer)

    for parameter, value, status in (
        ("include_sessions", "true", 200),
        ("page[size]", "1", 200),
        ("page[size]", "0", 400),
    ):
        answer = await caller.send("GET", "/rooms", params={parameter: value})
        assert answer.status == status
        check(contract, "GET", "/rooms", answer)

    for room_id, statuses in ((created[1].data["id"], [200, 200, 204]), (UNKNOWN_ID, [404] * 3)):
        answers = [
            await caller.send("GET", f"/rooms/{room_id}", params={"include_sessions": "true"}),
            await caller.send("PATCH", f"/rooms/{room_id}", {"max_participants": 3}),
            await caller.send("DELETE", f"/rooms/{room_id}"),
        ]
        assert [answer.status for answer in answers] == statuses
        for method, answer in zip(("GET", "PATCH", "DELETE"), answers, strict=True):
            check(contract, method, "/rooms/{room_id}", answer)


def test_the_check_would_notice() -> None:
    """A null, a wrong type and an undescribed property are each a violation of a closed schema."""
    schema = closed({"type": "object", "properties": {"url": {"type": "string"}}})
    for wrong in ({"url": None}, {"url": 7}, {"link": "x"}):
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate(wrong, schema, cls=jsonschema.Draft202012Validator)


async def test_the_published_examples_are_accepted(caller: Caller, contract: Any) -> None:
    """A body made of the contract's own examples creates a room that has their values."""
    properties = contract["components"]["schemas"]["CreateRoomRequest"]["properties"]
    body = {name: described["example"] for name, described in properties.items()}
    answer = await caller.create(**body)
    assert answer.status == 201
    assert {name: answer.data[name] for name in body} == body
