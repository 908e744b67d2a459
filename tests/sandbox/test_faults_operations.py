"""Faults on the operations on objects other than rooms, and on downloads."""

import json
from typing import Any

import pytest
from yarl import URL

from sandbox.api_driver import ApiDriver
from sandbox.blocking_driver import Answer, asked, connected, drain, request, until
from telnyx_video.sandbox import FaultPlanError, Sandbox
from telnyx_video.sandbox.faults.plan import parse_plan
from telnyx_video.sandbox.routes import LIST_OPERATIONS, OPERATIONS, address_of


@pytest.fixture
def occupied() -> Any:
    """A sandbox with an active recorded session that one participant has left."""
    with Sandbox(composition_delay=0) as sandbox:
        room = asked(sandbox, content={"enable_recording": True}).json["data"]["id"]
        sandbox.leave(sandbox.join(room))
        sandbox.join(room, context="Alice")
        yield sandbox


def only(sandbox: Sandbox, path: str) -> Any:
    """Return the last row of a list."""
    return asked(sandbox, "GET", path).json["data"][-1]


@pytest.mark.parametrize("operation", OPERATIONS)
def test_each_operation_can_get_a_fault(occupied: Sandbox, operation: str) -> None:
    """A rule matches all requests for its operation, and no others."""
    method, route = address_of(operation)
    path = route.format(id="x")
    occupied.faults = [{"on": operation, "faults": [503]}]
    answers = list[Answer]()
    with connected(occupied) as line:
        for _ in range(2):
            line.send(
                request(method, path, {})
                .replace(b"/v2/v2/", b"/v2/")
                .replace(b"/v2/media", b"/media")
            )
            answers.append(line.answer())
    assert answers[0].status == 503
    assert answers[1].status != 503
    assert occupied.faults_done == {"503": 1}


def test_each_operation_exists(driver: ApiDriver) -> None:
    """Every operation that a plan can name is served, under the name by which it is counted."""
    for operation in OPERATIONS:
        method, route = address_of(operation)
        answer = driver.call(method, "/" + route.format(id="x"), {})
        assert (answer.status, answer.body.get("errors", [{}])[0].get("code")) != (404, "10003")
        assert answer.status != 405


def test_an_end_can_be_lost(occupied: Sandbox) -> None:
    """The session has ended although the answer was lost; the next request finds it ended."""
    session = only(occupied, "/room_sessions")["id"]
    path = f"/room_sessions/{session}/actions/end"
    occupied.faults = [{"on": "POST /room_sessions/{id}/actions/end", "faults": ["lost"]}]
    assert drain(occupied, "POST", path) == (b"", "FIN")
    assert only(occupied, "/room_sessions")["active"] is False
    assert asked(occupied, "POST", path).status == 422


def test_a_kick_can_be_committed_late(occupied: Sandbox) -> None:
    """It is applied after its delay, whatever the answer was."""
    session = only(occupied, "/room_sessions")["id"]
    occupied.faults = [
        {
            "on": "POST /room_sessions/{id}/actions/kick",
            "faults": [{"cut": "reply", "commit": 0.01}],
        }
    ]
    path = f"/room_sessions/{session}/actions/kick"
    assert drain(occupied, "POST", path, {"participants": "all"}) == (b"", "FIN")
    until(lambda: not only(occupied, "/room_sessions")["active"])


@pytest.mark.parametrize("operation", LIST_OPERATIONS)
def test_every_list_can_be_falsified(occupied: Sandbox, operation: str) -> None:
    """Empty, doubled, always the first page, or stale, as the list of rooms."""
    session = only(occupied, "/room_sessions")
    asked(occupied, "POST", "/room_compositions", {"session_id": session["id"]})
    ids = {"rooms": session["room_id"], "room_sessions": session["id"]}
    route = operation.removeprefix("GET ")
    path = route.format(id=ids.get(route.split("/")[1]))
    true = asked(occupied, "GET", path).json
    faults = [
        "list_empty",
        "list_doubled",
        "list_first_page",
        {"list": {"without_younger_than": 3600}},
    ]
    occupied.faults = [{"on": operation, "faults": faults}]
    empty, doubled = (asked(occupied, "GET", path).json for _ in range(2))
    first = asked(occupied, "GET", f"{path}?page[number]=9").json
    young = asked(occupied, "GET", path).json
    assert (empty["data"], young["data"]) == ([], [])
    assert doubled["data"][::2] == true["data"]
    assert doubled["meta"]["total_results"] == 2 * true["meta"]["total_results"]
    assert first["data"] == true["data"] != []


def test_a_page_of_any_list_can_get_a_fault(occupied: Sandbox) -> None:
    """Other pages get no fault."""
    occupied.faults = [{"on": "GET /room_recordings", "page": 2, "faults": [503]}]
    statuses = [
        asked(occupied, "GET", f"/room_recordings?page[size]=1&page[number]={page}").status
        for page in (1, 2, 2)
    ]
    assert statuses == [200, 503, 200]


@pytest.mark.parametrize(
    ("rule", "complaint"),
    [
        ({"on": "GET /room_recordings", "name": "x"}, "name never occurs"),
        ({"on": "GET /media/{id}", "name": "x"}, "name never occurs"),
        ({"on": "POST /room_compositions", "page": 1}, "page occurs only in lists"),
        ({"on": "GET /media/x"}, "on must be one of"),
    ],
)
def test_a_rule_that_never_matches_is_refused(rule: dict[str, object], complaint: str) -> None:
    """Names occur in rooms only, pages in lists only, and operations have their published names."""
    with pytest.raises(FaultPlanError, match=complaint):
        parse_plan([{**rule, "faults": [503]}])


def download(sandbox: Sandbox, *headers: str) -> bytes:
    """Return a request for the file of a completed video recording."""
    rows = asked(sandbox, "GET", "/room_recordings?filter[status]=completed").json["data"]
    path = URL(rows[-1]["download_url"]).path
    lines = "".join(f"{header}\r\n" for header in headers)
    return f"GET {path} HTTP/1.1\r\nHost: localhost\r\n{lines}\r\n".encode()


def test_a_download_that_is_cut_can_be_resumed(occupied: Sandbox) -> None:
    """Half of the file arrives before the cut; the rest can be requested."""
    asking = download(occupied)
    with connected(occupied) as line:
        line.send(asking)
        whole = line.answer()
    assert (whole.status, whole.headers["Content-Type"]) == (200, "video/mp4")
    occupied.faults = [{"on": "GET /media/{id}", "faults": ["truncated", "truncated_chunked"]}]
    with connected(occupied) as line:
        line.send(asking)
        head, _, half = line.rest()[0].partition(b"\r\n\r\n")
    assert head.endswith(f"\r\nContent-Length: {len(whole.body)}".encode())
    assert whole.body.startswith(half)
    assert 0 < len(half) < len(whole.body)
    rest = download(occupied, f"Range: bytes={len(half)}-", f"If-Range: {whole.headers['ETag']}")
    with connected(occupied) as line:
        line.send(rest)
        assert line.rest()[1] == "FIN"  # the second fault
    with connected(occupied) as line:
        line.send(rest)
        answer = line.answer()
    assert (answer.status, half + answer.body) == (206, whole.body)


def test_a_download_can_be_falsified(occupied: Sandbox) -> None:
    """A reply can have another tag, status or media type than the true one."""
    occupied.faults = [
        {"on": "GET /media/{id}", "faults": [{"headers": {"ETag": '"new"'}}, 403, "html"]}
    ]
    with connected(occupied) as line:
        answers = list[Answer]()
        for _ in range(3):
            line.send(download(occupied))
            answers.append(line.answer())
    changed, refused, page = answers
    assert (changed.headers["ETag"], changed.headers["Content-Type"]) == ('"new"', "video/mp4")
    assert refused.status == 403
    assert page.headers["Content-Type"] == "text/html"


@pytest.mark.parametrize("fault", ["no_id", "wrong_types", "list_doubled", "bad_json"])
def test_faults_of_json_do_not_change_files(occupied: Sandbox, fault: str) -> None:
    """A rule on every request affects lists only."""
    asking = download(occupied)
    occupied.faults = [{"on": "*", "faults": [fault]}]
    with connected(occupied) as line:
        line.send(asking)
        answer = line.answer()
    assert (answer.status, answer.headers["Content-Type"]) == (200, "video/mp4")


@pytest.mark.parametrize("fault", ["no_id", "wrong_types"])
def test_all_objects_are_falsified_like_rooms(occupied: Sandbox, fault: str) -> None:
    """A recording can lack its id, or have wrong types."""
    true = only(occupied, "/room_recordings")
    occupied.faults = [{"on": "GET /room_recordings/{id}", "faults": [fault]}]
    shown = json.loads(asked(occupied, "GET", f"/room_recordings/{true['id']}").body)["data"]
    if fault == "no_id":
        assert shown == {name: value for name, value in true.items() if name != "id"}
    else:
        assert shown["id"] == 17
