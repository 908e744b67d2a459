"""The request log: requests, answers, and injected faults."""

import asyncio

import aiohttp
import pytest

from sandbox.http_driver import HttpDriver
from telnyx_video.sandbox import LoggedRequest, LoggedRequests, Sandbox
from telnyx_video.sandbox.log import MAX_BODY


async def test_the_log_shows_requests_and_answers(http: HttpDriver, sandbox: Sandbox) -> None:
    """Both bodies are decoded; the rest says which operation was called and how it ended."""
    answer = await http.create(unique_name="standup")
    await http.send("GET", f"/rooms/{answer.data['id']}?include_sessions=true")
    created, viewed = sandbox.log
    assert created.body == {"unique_name": "standup"}
    assert created.reply == answer.body
    assert (created.method, created.path, created.route) == ("POST", "/v2/rooms", "/v2/rooms")
    assert (created.operation, created.status) == ("POST /rooms", 201)
    assert created.request_id == answer.headers["x-request-id"]
    assert (created.fault, created.effect, created.name) == (None, None, "standup")
    assert created.milliseconds > 0
    assert viewed.path.endswith("?include_sessions=true")
    assert (viewed.operation, viewed.route) == ("GET /rooms/{id}", "/v2/rooms/{id}")
    assert (viewed.body, viewed.name) == (None, None)
    assert [created.number, viewed.number] == [1, 2]


async def test_the_log_is_a_sequence_with_filters(http: HttpDriver, sandbox: Sandbox) -> None:
    """Filters can be combined, and return logs."""
    for name in ("a", "a", "b"):
        await http.create(unique_name=name)
    await http.send("GET", "/rooms")
    log = sandbox.log
    assert [request.status for request in log] == [201, 422, 201, 200]
    assert [request.number for request in log[1:3]] == [2, 3]
    assert isinstance(log[1:3], LoggedRequests)
    creates = log.where(operation="POST /rooms")
    assert len(creates) == 3
    assert [request.body["unique_name"] for request in creates.where(status=201)] == ["a", "b"]
    assert log.where(request_id=log[2].request_id)[0] == log[2]
    assert repr(log[:1]) == "<1 requests: 1 POST /v2/rooms -> 201>"


async def test_control_requests_are_not_logged(http: HttpDriver, sandbox: Sandbox) -> None:
    """The log is about the code under test."""
    await http.send("GET", "//_sandbox/stats")
    assert len(sandbox.log) == 0


async def test_the_key_is_never_shown(session: aiohttp.ClientSession) -> None:
    """Wherever it was sent, and however it was escaped."""
    key = 'My "API" Key'
    async with Sandbox(api_key=key) as sandbox:
        http = HttpDriver(session, sandbox)
        await http.create(unique_name=key)
        await http.send("GET", "/rooms", params={"filter[unique_name]": key})
        shown = (await http.send("GET", "//_sandbox/requests")).body
        for text in (repr(list(sandbox.log)), repr(shown), str(sandbox.log[0].raw_body)):
            assert "API" not in text
        assert sandbox.log[0].body == {"unique_name": "[key]"}


@pytest.mark.parametrize(
    ("fault", "status", "effect"),
    [
        ("lost", None, "The request was committed; cut at reply by FIN."),
        ("dropped_reset", None, "The request was not committed; cut at read by RST."),
        (503, 503, "The request was not committed; changed status."),
        ({"stall": "reply", "seconds": 0.01}, 201, "committed; stalled at reply for 0.01 s."),
        ({"status": 503, "commit": 0.5}, 503, "committed 0.5 s late; changed status."),
        ("truncated_chunked", 201, "committed; changed framing; cut at body by FIN."),
        ("garbage", None, "committed; changed raw."),
        ("html", 200, "committed; changed status, body."),
    ],
)
async def test_a_fault_is_logged_with_its_effect(
    session: aiohttp.ClientSession, fault: object, status: int | None, effect: str
) -> None:
    """The status is the one that was sent, if the client could see it."""
    async with Sandbox(faults=[{"on": "POST /rooms", "faults": [fault]}]) as sandbox:
        try:
            async with session.post(f"{sandbox.url}/rooms", json={}, headers=bearer(sandbox)) as r:
                await r.read()
        except aiohttp.ClientError:
            pass
        (label,) = sandbox.faults_done
        await until_logged(sandbox, 1)
        request = sandbox.log[0]
        assert (request.status, request.fault) == (status, label)
        assert request.effect is not None
        assert request.effect.endswith(effect)


async def test_a_stall_until_the_client_leaves_is_logged(session: aiohttp.ClientSession) -> None:
    """It has no answer; neither has a request that is cut because of an earlier one."""
    plan = [{"on": "*", "faults": ["hang", "closed_next"]}]
    async with Sandbox(faults=plan) as sandbox:
        with pytest.raises(TimeoutError):
            await session.get(
                f"{sandbox.url}/rooms",
                headers=bearer(sandbox),
                timeout=aiohttp.ClientTimeout(total=0.2),
            )
        await until_logged(sandbox, 1)
        await HttpDriver(session, sandbox).send("GET", "/rooms")
        with pytest.raises(aiohttp.ClientError):
            await HttpDriver(session, sandbox).create()
        await until_logged(sandbox, 3)
        hung, _, cut = sandbox.log
        assert hung.status is None
        assert "until the client left" in str(hung.effect)
        assert cut.status is None
        assert "an earlier request" in str(cut.effect)


async def test_the_log_is_bounded(session: aiohttp.ClientSession) -> None:
    """It keeps the last requests, and the first bytes of large bodies."""
    async with Sandbox(log_size=2) as sandbox:
        http = HttpDriver(session, sandbox)
        for _ in range(3):
            await http.send("POST", "/rooms", raw=b"x" * (MAX_BODY + 7))
        assert [request.number for request in sandbox.log] == [2, 3]
        assert sandbox.log[-1].body == "x" * MAX_BODY
        assert sandbox.log[-1].body_size == MAX_BODY + 7
    async with Sandbox(log_size=0) as sandbox:
        await HttpDriver(session, sandbox).create()
        assert (len(sandbox.log), len(sandbox.rooms)) == (0, 1)


async def test_a_reset_empties_the_log(http: HttpDriver, sandbox: Sandbox) -> None:
    """Numbers continue, so that a page does not confuse a new request with an old one."""
    await http.create()
    sandbox.reset()
    assert len(sandbox.log) == 0
    await http.create()
    assert sandbox.log[0].number == 2


async def test_the_log_is_read_over_http(http: HttpDriver) -> None:
    """With the same filters, or one request by its number."""
    for name in ("a", "a"):
        await http.create(unique_name=name)
    await http.send("GET", "/rooms")
    requests = "//_sandbox/requests"

    async def numbers(**params: str) -> list[int]:
        answer = await http.send("GET", requests, params=params)
        assert answer.status == 200
        return [request["number"] for request in answer.body["requests"]]

    assert await numbers() == [1, 2, 3]
    assert await numbers(operation="POST /rooms", status="422") == [2]
    assert await numbers(limit="1") == [3]
    request = (await http.send("GET", f"{requests}/2")).body["request"]
    assert await numbers(request_id=request["request_id"]) == [2]
    assert (request["body"], request["status"]) == ({"unique_name": "a"}, 422)
    assert request["reply"]["errors"][0]["code"] == "10012"
    assert (await http.send("GET", f"{requests}/9")).status == 404
    for wrong in ({"limit": "0"}, {"limit": "501"}, {"status": "x"}, {"status": "1" * 5000}):
        answer = await http.send("GET", requests, params=wrong)
        assert answer.status == 400
        assert answer.body["errors"][0]["source"] == {"parameter": next(iter(wrong))}


def bearer(sandbox: Sandbox) -> dict[str, str]:
    """Return the header with the key."""
    return {"Authorization": f"Bearer {sandbox.api_key}"}


async def until_logged(sandbox: Sandbox, count: int) -> LoggedRequest:
    """Wait until this many requests have finished, and return the last one."""
    async with asyncio.timeout(20):
        while len(sandbox.log) < count:  # noqa: ASYNC110 # the log has no event
            await asyncio.sleep(0.005)
    return sandbox.log[-1]
