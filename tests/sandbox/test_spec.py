"""Every kind of reply matches the published contract, if `TELNYX_VIDEO_SPEC` names it."""

import os
import re
from functools import cache
from pathlib import Path
from typing import Any, cast

import jsonschema
import pytest
import yaml

from sandbox.api_driver import UNKNOWN_ID, ApiDriver, Clock
from sandbox.http_driver import Answer, HttpDriver
from telnyx_video.sandbox.routes import DOWNLOAD, LIST_OPERATIONS, OPERATIONS, operation_of

SPEC = os.environ.get("TELNYX_VIDEO_SPEC")

pytestmark = pytest.mark.skipif(
    SPEC is None, reason="TELNYX_VIDEO_SPEC does not name a folder with the published contract"
)

FULL_ROOM = {
    "unique_name": "standup",
    "max_participants": 12,
    "enable_recording": True,
    "webhook_event_url": "https://hooks.example.com/rooms",
    "webhook_event_failover_url": "https://backup.example.com/rooms",
    "webhook_timeout_secs": 25,
}


@pytest.fixture(scope="module", params=["create-room.yaml", "video-full.yaml"])
def contract(request: pytest.FixtureRequest) -> Any:
    """One of the published files, which agree on rooms."""
    return published(request.param)


@cache
def published(name: str) -> Any:
    """Return one of the published files."""
    return yaml.safe_load(Path(str(SPEC), name).read_text())


def closed(schema: Any) -> Any:
    """Return the schema with every object limited to the described properties."""
    if not isinstance(schema, dict):
        return schema
    parts = {name: closed(part) for name, part in cast("dict[str, Any]", schema).items()}
    if isinstance(parts.get("properties"), dict):
        parts.setdefault("additionalProperties", False)
    return parts


def check(contract: Any, method: str, path: str, answer: Answer) -> None:
    """Check an answer against the contract of its operation and status."""
    operation = contract["paths"].get(path, {}).get(method.lower())
    if operation is None:
        return  # the smaller file describes one operation only
    responses = operation["responses"]
    response = responses.get(str(answer.status)) or responses.get(f"{answer.status // 100}XX")
    assert response is not None, f"{method} {path} describes no {answer.status}"
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


async def test_room_replies_match_the_contract(http: HttpDriver, contract: Any) -> None:
    """Successes and refusals of each operation have the published properties, and no others."""
    created = [await http.create(), await http.create(**FULL_ROOM)]
    refused = [await http.create(**FULL_ROOM), await http.create(max_participants=51)]
    assert [answer.status for answer in created + refused] == [201, 201, 422, 422]
    for answer in created + refused:
        check(contract, "POST", "/rooms", answer)

    for parameter, value, status in (
        ("include_sessions", "true", 200),
        ("page[size]", "1", 200),
        ("page[size]", "0", 400),
    ):
        answer = await http.send("GET", "/rooms", params={parameter: value})
        assert answer.status == status
        check(contract, "GET", "/rooms", answer)

    for room_id, statuses in ((created[1].data["id"], [200, 200, 204]), (UNKNOWN_ID, [404] * 3)):
        answers = [
            await http.send("GET", f"/rooms/{room_id}", params={"include_sessions": "true"}),
            await http.send("PATCH", f"/rooms/{room_id}", {"max_participants": 3}),
            await http.send("DELETE", f"/rooms/{room_id}"),
        ]
        assert [answer.status for answer in answers] == statuses
        for method, answer in zip(("GET", "PATCH", "DELETE"), answers, strict=True):
            check(contract, method, "/rooms/{room_id}", answer)


class Inspector:
    """Calls a server, and checks each answer against the contract."""

    def __init__(self, driver: ApiDriver, contract: Any) -> None:
        self.driver = driver
        self.contract = contract
        self.seen = set[tuple[str, int]]()

    def ask(self, status: int, method: str, path: str, *args: Any, **kwargs: Any) -> Any:
        """Make a call that must be answered with this status, and return its data."""
        answer = self.driver.call(method, path, *args, **kwargs)
        assert answer.status == status, answer.body
        operation = operation_of(method, f"/v2{path}")
        route = next(
            known for known in self.contract["paths"] if shape(known) == operation.split()[1]
        )
        self.seen.add((operation, status))
        check(self.contract, method, route, answer)
        return answer.body and answer.body.get("data")

    def documented(self) -> set[tuple[str, int]]:
        """Return the operations with each status that the contract describes for them."""
        return {
            (f"{method.upper()} {shape(path)}", int(status.replace("4XX", "400")))
            for path, methods in self.contract["paths"].items()
            for method, operation in methods.items()
            for status in operation["responses"]
        }


def shape(path: str) -> str:
    """Return the route of a published path."""
    return re.sub(r"{\w+}", "{id}", path)


def test_replies_match_the_contract(driver: ApiDriver, clock: Clock) -> None:
    """Every operation matches it, for existing and missing objects and for invalid requests."""
    contract = published("video-full.yaml")
    inspector = Inspector(driver, contract)
    room = driver.room(**FULL_ROOM)
    of_room = f"/rooms/{room['id']}"
    alice, bob, carol = (driver.join(room, context=name) for name in ("Alice", "Bob", "Carol"))
    session = f"/room_sessions/{alice['session_id']}"
    inspect_rooms(inspector, of_room)
    inspect_tokens(inspector, of_room, clock)
    for action, member in (("mute", alice), ("unmute", alice), ("kick", bob)):
        wanted = {"participants": [member["id"]], "exclude": []}
        inspector.ask(200, "POST", f"{session}/actions/{action}", wanted)
        inspector.ask(422, "POST", f"{session}/actions/{action}", {"participants": "some"})
    composition = driver.data("POST", "/room_compositions", {"session_id": alice["session_id"]})
    inspect_lists(inspector, room["id"], alice["session_id"])
    inspect_views(inspector, carol["id"], composition["id"])
    inspector.ask(200, "POST", f"{session}/actions/end")
    inspector.ask(422, "POST", f"{session}/actions/end")
    clock.advance(3600)
    inspect_compositions(inspector, alice["session_id"])
    inspect_lists(inspector, room["id"], alice["session_id"])
    inspect_views(inspector, carol["id"], composition["id"])
    inspect_deletions(inspector, composition["id"], of_room)
    for action in ("end", "kick", "mute", "unmute"):
        path = f"/room_sessions/{UNKNOWN_ID}/actions/{action}"
        inspector.ask(404, "POST", path, {"participants": "all"})

    seen = {(name, 400) for name, status in inspector.seen if 400 <= status < 500}
    # The one account of this server may do all that there is.
    never = {("POST /rooms/{id}/actions/generate_join_client_token", 403)}
    assert inspector.documented() - inspector.seen - seen == never
    assert {name for name, _ in inspector.seen} == {*OPERATIONS} - {DOWNLOAD}


def inspect_rooms(inspector: Inspector, of_room: str) -> None:
    """View rooms with sessions, and change one."""
    inspector.ask(201, "POST", "/rooms", {})
    inspector.ask(422, "POST", "/rooms", {"max_participants": 1})
    sessions = {"include_sessions": "true"}
    shown = inspector.ask(200, "GET", of_room, params=sessions)
    assert shown["active_session_id"] == shown["sessions"][0]["id"]
    inspector.ask(200, "PATCH", of_room, {"max_participants": 9})
    inspector.ask(422, "PATCH", of_room, {"max_participants": 1})
    inspector.ask(401, "PATCH", of_room, {}, key=None)
    for method in ("GET", "PATCH", "DELETE"):
        inspector.ask(404, method, f"/rooms/{UNKNOWN_ID}", {})


def inspect_tokens(inspector: Inspector, of_room: str, clock: Clock) -> None:
    """Get a token, refresh it, and fail to refresh it."""
    generate, refresh = (
        f"{of_room}/actions/{name}"
        for name in ("generate_join_client_token", "refresh_client_token")
    )
    tokens = inspector.ask(201, "POST", generate, {"refresh_token_ttl_secs": 60})
    wanted = {"refresh_token": tokens["refresh_token"]}
    inspector.ask(201, "POST", refresh, wanted, key=None)
    clock.advance(60)
    inspector.ask(403, "POST", refresh, wanted, key=None)


def inspect_lists(inspector: Inspector, room_id: str, session_id: str) -> None:
    """Get every list with all included objects, and an invalid page of it."""
    included = {"include_sessions": "true", "include_participants": "true"}
    for operation in LIST_OPERATIONS:
        path = operation.removeprefix("GET ")
        path = path.format(id=room_id if path.startswith("/rooms") else session_id)
        assert inspector.ask(200, "GET", path, params=included)
        inspector.ask(400, "GET", path, params={"page[size]": "0"})


def inspect_views(inspector: Inspector, participant_id: str, composition_id: str) -> None:
    """Get one object of each kind, and one that does not exist."""
    for recording_id in inspector.driver.ids("/room_recordings"):
        inspector.ask(200, "GET", f"/room_recordings/{recording_id}")
    (session_id,) = inspector.driver.ids("/room_sessions")
    inspector.ask(
        200, "GET", f"/room_sessions/{session_id}", params={"include_participants": "true"}
    )
    inspector.ask(200, "GET", f"/room_participants/{participant_id}")
    inspector.ask(200, "GET", f"/room_compositions/{composition_id}")
    for kind in ("sessions", "participants", "recordings", "compositions"):
        inspector.ask(404, "GET", f"/room_{kind}/{UNKNOWN_ID}")


def inspect_compositions(inspector: Inspector, session_id: str) -> None:
    """Create compositions with all settings, and with invalid ones."""
    webhooks = {name: value for name, value in FULL_ROOM.items() if name.startswith("webhook")}
    region = {"width": 640, "height": 360, "max_rows": 3, "z_pos": 1, "video_sources": "*"}
    wanted = {"session_id": session_id, **webhooks, "video_layout": {"first": region}}
    shown = inspector.ask(202, "POST", "/room_compositions", wanted)
    assert len(shown["video_layout"]["first"]["video_sources"]) == 3
    inspector.ask(422, "POST", "/room_compositions", {"session_id": "x"})


def inspect_deletions(inspector: Inspector, composition_id: str, of_room: str) -> None:
    """Delete one object of each kind, twice."""
    recording_id = inspector.driver.ids("/room_recordings")[0]
    paths = (f"/room_recordings/{recording_id}", f"/room_compositions/{composition_id}", of_room)
    for path in paths:
        inspector.ask(204, "DELETE", path)
        inspector.ask(404, "DELETE", path)
    inspector.ask(201, "DELETE", "/room_recordings", params={"filter[type]": "audio"})
    inspector.ask(422, "DELETE", "/room_recordings", params={"filter[session_id]": "x"})


def parameters_of(contract: Any, operation: Any) -> set[str]:
    """Return the names of the query parameters of an operation."""
    shared = contract["components"]["parameters"]
    parameters: list[Any] = [
        shared[parameter["$ref"].rpartition("/")[2]] if "$ref" in parameter else parameter
        for parameter in operation.get("parameters", [])
    ]
    return {
        name
        for parameter in parameters
        if parameter["in"] == "query"
        for name in names_in(parameter["schema"], parameter["name"])
    }


def names_in(schema: Any, name: str) -> list[str]:
    """Return the names under which the values of a parameter are sent, such as filter[a][b]."""
    properties: dict[str, Any] = schema.get("properties", {})
    inner = [names_in(part, f"{name}[{key}]") for key, part in properties.items()]
    return [found for names in inner for found in names] or [name]


def test_every_published_parameter_is_known(driver: ApiDriver) -> None:
    """A list refuses an invalid value of each parameter that is described for it."""
    contract = published("video-full.yaml")
    room = driver.room()
    ids = {"rooms": room["id"], "room_sessions": driver.join(room)["session_id"]}
    tried = 0
    for path, methods in contract["paths"].items():
        for method, operation in methods.items():
            place = shape(path).format(id=ids.get(path.split("/")[1], UNKNOWN_ID))
            for parameter in parameters_of(contract, operation):
                answer = driver.call(method.upper(), place, params={parameter: "\udcff"})
                assert answer.status in (400, 422), (path, parameter)
                assert parameter in str(answer.body)
                tried += 1
    assert tried > 50


def test_the_check_detects_violations() -> None:
    """A null, a wrong type and an undescribed property each violate a closed schema."""
    schema = closed({"type": "object", "properties": {"url": {"type": "string"}}})
    for wrong in ({"url": None}, {"url": 7}, {"link": "x"}):
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate(wrong, schema, cls=jsonschema.Draft202012Validator)


async def test_the_published_examples_are_accepted(http: HttpDriver, contract: Any) -> None:
    """A body of the contract's examples creates a room with their values."""
    properties = contract["components"]["schemas"]["CreateRoomRequest"]["properties"]
    body = {name: described["example"] for name, described in properties.items()}
    answer = await http.create(**body)
    assert answer.status == 201
    assert {name: answer.data[name] for name in body} == body
