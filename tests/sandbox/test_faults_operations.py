"""Faults on every operation beyond those on rooms, and on downloads."""

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
def met() -> Any:
    """A sandbox with an active recorded session, which one participant has left."""
    with Sandbox(composition_delay=0) as sandbox:
        room = asked(sandbox, content={"enable_recording": True}).json["data"]["id"]
        sandbox.leave(sandbox.join(room))
        sandbox.join(room, context="Alice")
        yield sandbox


def only(sandbox: Sandbox, path: str) -> Any:
    """Return the last row of a list."""
    return asked(sandbox, "GET", path).json["data"][-1]


@pytest.mark.parametrize("operation", OPERATIONS)
def test_each_operation_can_be_disturbed(met: Sandbox, operation: str) -> None:
    """A rule on it meets the requests for it, whatever they are about, and no others."""
    method, route = address_of(operation)
    path = route.format(id="x")
    met.faults = [{"on": operation, "faults": [503]}]
    answers = list[Answer]()
    with connected(met) as line:
        for _ in range(2):
            line.send(
                request(method, path, {})
                .replace(b"/v2/v2/", b"/v2/")
                .replace(b"/v2/media", b"/media")
            )
            answers.append(line.answer())
    assert answers[0].status == 503
    assert answers[1].status != 503
    assert met.faults_done == {"503": 1}


def test_each_operation_exists(driver: ApiDriver) -> None:
    """What can be named in a plan is what the server answers, under the name it counts by."""
    for operation in OPERATIONS:
        method, route = address_of(operation)
        answer = driver.call(method, "/" + route.format(id="x"), {})
        assert (answer.status, answer.body.get("errors", [{}])[0].get("code")) != (404, "10003")
        assert answer.status != 405


def test_an_end_can_be_lost(met: Sandbox) -> None:
    """The session has ended, but the answer was lost; the next attempt finds it ended."""
    session = only(met, "/room_sessions")["id"]
    path = f"/room_sessions/{session}/actions/end"
    met.faults = [{"on": "POST /room_sessions/{id}/actions/end", "faults": ["lost"]}]
    assert drain(met, "POST", path) == (b"", "FIN")
    assert only(met, "/room_sessions")["active"] is False
    assert asked(met, "POST", path).status == 422


def test_a_late_kick_comes_late(met: Sandbox) -> None:
    """What was answered, or not, is applied after its time."""
    session = only(met, "/room_sessions")["id"]
    met.faults = [
        {
            "on": "POST /room_sessions/{id}/actions/kick",
            "faults": [{"cut": "reply", "commit": 0.01}],
        }
    ]
    path = f"/room_sessions/{session}/actions/kick"
    assert drain(met, "POST", path, {"participants": "all"}) == (b"", "FIN")
    until(lambda: not only(met, "/room_sessions")["active"])


@pytest.mark.parametrize("operation", LIST_OPERATIONS)
def test_every_list_can_be_falsified(met: Sandbox, operation: str) -> None:
    """Empty, doubled, always the first page, or without what is young: as the list of rooms."""
    session = only(met, "/room_sessions")
    asked(met, "POST", "/room_compositions", {"session_id": session["id"]})
    ids = {"rooms": session["room_id"], "room_sessions": session["id"]}
    route = operation.removeprefix("GET ")
    path = route.format(id=ids.get(route.split("/")[1]))
    true = asked(met, "GET", path).json
    faults = [
        "list_empty",
        "list_doubled",
        "list_first_page",
        {"list": {"without_younger_than": 3600}},
    ]
    met.faults = [{"on": operation, "faults": faults}]
    empty, doubled = (asked(met, "GET", path).json for _ in range(2))
    first = asked(met, "GET", f"{path}?page[number]=9").json
    young = asked(met, "GET", path).json
    assert (empty["data"], young["data"]) == ([], [])
    assert doubled["data"][::2] == true["data"]
    assert doubled["meta"]["total_results"] == 2 * true["meta"]["total_results"]
    assert first["data"] == true["data"] != []


def test_a_page_of_any_list_can_be_disturbed(met: Sandbox) -> None:
    """A rule with a page leaves the other pages alone."""
    met.faults = [{"on": "GET /room_recordings", "page": 2, "faults": [503]}]
    statuses = [
        asked(met, "GET", f"/room_recordings?page[size]=1&page[number]={page}").status
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
def test_a_rule_that_can_match_nothing_is_refused(rule: dict[str, object], complaint: str) -> None:
    """Names occur in rooms only, pages in lists only, and operations have their published names."""
    with pytest.raises(FaultPlanError, match=complaint):
        parse_plan([{**rule, "faults": [503]}])


def download(sandbox: Sandbox, *headers: str) -> bytes:
    """Return a request for the file of a completed recording of a picture."""
    rows = asked(sandbox, "GET", "/room_recordings?filter[status]=completed").json["data"]
    path = URL(rows[-1]["download_url"]).path
    lines = "".join(f"{header}\r\n" for header in headers)
    return f"GET {path} HTTP/1.1\r\nHost: localhost\r\n{lines}\r\n".encode()


def test_a_download_that_is_cut_can_be_resumed(met: Sandbox) -> None:
    """Half of the file comes, then the end of the connection; the rest can be asked for."""
    asking = download(met)
    with connected(met) as line:
        line.send(asking)
        whole = line.answer()
    assert (whole.status, whole.headers["Content-Type"]) == (200, "video/mp4")
    met.faults = [{"on": "GET /media/{id}", "faults": ["truncated", "truncated_chunked"]}]
    with connected(met) as line:
        line.send(asking)
        head, _, half = line.rest()[0].partition(b"\r\n\r\n")
    assert head.endswith(f"\r\nContent-Length: {len(whole.body)}".encode())
    assert whole.body.startswith(half)
    assert 0 < len(half) < len(whole.body)
    rest = download(met, f"Range: bytes={len(half)}-", f"If-Range: {whole.headers['ETag']}")
    with connected(met) as line:
        line.send(rest)
        assert line.rest()[1] == "FIN"  # the second fault
    with connected(met) as line:
        line.send(rest)
        answer = line.answer()
    assert (answer.status, half + answer.body) == (206, whole.body)


def test_a_file_can_change_in_the_meantime(met: Sandbox) -> None:
    """A reply can have another tag, another status or another media type than the true one."""
    met.faults = [
        {"on": "GET /media/{id}", "faults": [{"headers": {"ETag": '"new"'}}, 403, "html"]}
    ]
    with connected(met) as line:
        answers = list[Answer]()
        for _ in range(3):
            line.send(download(met))
            answers.append(line.answer())
    changed, refused, page = answers
    assert (changed.headers["ETag"], changed.headers["Content-Type"]) == ('"new"', "video/mp4")
    assert refused.status == 403
    assert page.headers["Content-Type"] == "text/html"


@pytest.mark.parametrize("fault", ["no_id", "wrong_types", "list_doubled", "bad_json"])
def test_what_is_done_to_json_leaves_files_alone(met: Sandbox, fault: str) -> None:
    """A rule on every request affects lists only."""
    asking = download(met)
    met.faults = [{"on": "*", "faults": [fault]}]
    with connected(met) as line:
        line.send(asking)
        answer = line.answer()
    assert (answer.status, answer.headers["Content-Type"]) == (200, "video/mp4")


@pytest.mark.parametrize("fault", ["no_id", "wrong_types"])
def test_other_things_are_falsified_like_rooms(met: Sandbox, fault: str) -> None:
    """A recording without its id, or of wrong types, is answered for the true one."""
    true = only(met, "/room_recordings")
    met.faults = [{"on": "GET /room_recordings/{id}", "faults": [fault]}]
    shown = json.loads(asked(met, "GET", f"/room_recordings/{true['id']}").body)["data"]
    if fault == "no_id":
        assert shown == {name: value for name, value in true.items() if name != "id"}
    else:
        assert shown["id"] == 17
