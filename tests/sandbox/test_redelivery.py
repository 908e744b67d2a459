"""Deliveries record requests and answers, and can be sent again."""

from base64 import b64decode
from typing import Any

import aiohttp
import aiohttp.test_utils
import aiohttp.web
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from sandbox.api_driver import UNKNOWN_ID
from sandbox.http_driver import HttpDriver
from sandbox.test_webhooks import finished_deliveries, room_with
from support.receivers import HANG, receiving
from telnyx_video.sandbox import Sandbox
from telnyx_video.sandbox.webhooks import MAX_ANSWER

OTHER_HOST = "http://203.0.113.7/hook"


async def test_an_attempt_has_the_request_and_its_answer(
    http: HttpDriver, sandbox: Sandbox
) -> None:
    """The recorded body is byte for byte the received one, and its signature is valid."""
    async with receiving() as receiver:
        sandbox.join(await room_with(http, receiver))
        arrived = await receiver.next()
        (first, _) = await finished_deliveries(sandbox, 2)
    (attempt,) = first["attempts"]
    assert attempt["body"].encode() == arrived.body
    headers: dict[str, str] = attempt["headers"]
    assert headers.items() <= arrived.headers.items()
    key = Ed25519PublicKey.from_public_bytes(b64decode(sandbox.public_key))
    signed = f"{headers['telnyx-timestamp']}|{attempt['body']}".encode()
    key.verify(b64decode(headers["telnyx-signature-ed25519"]), signed)
    assert (attempt["status"], attempt["milliseconds"] >= 0) == (200, True)
    assert first["url"] == receiver.url


async def test_only_the_start_of_an_answer_is_kept(http: HttpDriver, sandbox: Sandbox) -> None:
    """A receiver with an endless answer costs no memory."""

    async def answer(request: aiohttp.web.BaseRequest) -> aiohttp.web.Response:
        return aiohttp.web.Response(status=200, text="x" * (MAX_ANSWER * 5))

    async with aiohttp.test_utils.RawTestServer(answer) as server:
        sandbox.join(await room_with(http, str(server.make_url("/"))))
        (first, _) = await finished_deliveries(sandbox, 2)
    assert first["attempts"][0]["answer"] == "x" * MAX_ANSWER


async def test_a_failed_delivery_can_be_sent_again(session: aiohttp.ClientSession) -> None:
    """One attempt each, accepted or not, from Python and over HTTP."""
    async with receiving(500, 500, 503) as receiver, Sandbox(webhook_retries=[]) as sandbox:
        http = HttpDriver(session, sandbox)
        sandbox.join(await room_with(http, receiver))
        first, second = await finished_deliveries(sandbox, 2)
        assert [first["state"], second["state"]] == ["failed", "failed"]
        sandbox.redeliver(first["event_id"])
        first, _ = await finished_deliveries(sandbox, 2)
        assert first["state"] == "failed"
        path = f"//_sandbox/deliveries/{first['event_id']}/redeliver"
        assert (await http.send("POST", path)).status == 202
        first, second = await finished_deliveries(sandbox, 2)
        assert (first["state"], second["state"]) == ("delivered", "failed")
        made = [(one["status"], one.get("replay", False)) for one in first["attempts"]]
        assert made == [(500, False), (503, True), (200, True)]
        arrivals = [await receiver.next() for _ in range(4)]
        assert receiver.is_empty
        assert [one.content["meta"]["attempt"] for one in arrivals] == [1, 1, 2, 3]
        assert arrivals[0].content["data"] == arrivals[3].content["data"]


async def test_all_failed_deliveries_can_be_sent_to_another_url(
    session: aiohttp.ClientSession,
) -> None:
    """Accepted deliveries are not sent again."""
    async with receiving() as receiver, Sandbox(webhook_retries=[]) as sandbox:
        http = HttpDriver(session, sandbox)
        sandbox.join(await room_with(http, receiver))
        sandbox.join(await room_with(http, OTHER_HOST))
        assert await receiver.event_types(2) == ["session.started", "participant.joined"]
        shown = await finished_deliveries(sandbox, 4)
        assert sorted(one["state"] for one in shown) == ["delivered"] * 2 + ["not_sent"] * 2
        wanted = {"to": receiver.url}
        answer = await http.send("POST", "//_sandbox/deliveries/redeliver", wanted)
        assert (answer.status, answer.body) == (202, {"redelivered": 2})
        assert await receiver.event_types(2) == ["session.started", "participant.joined"]
        shown = await finished_deliveries(sandbox, 4)
        assert {one["state"] for one in shown} == {"delivered"}
        assert sandbox.redeliver_failed() == 0


async def test_a_host_that_is_not_allowed_gets_no_redelivery(
    session: aiohttp.ClientSession,
) -> None:
    """Neither another URL nor the webhook's own one, if its host is not allowed."""
    async with Sandbox(webhook_retries=[]) as sandbox:
        http = HttpDriver(session, sandbox)
        sandbox.join(await room_with(http, OTHER_HOST))
        first, _ = await finished_deliveries(sandbox, 2)
        with pytest.raises(ValueError, match="not a loopback address"):
            sandbox.redeliver(first["event_id"], to=OTHER_HOST)
        with pytest.raises(ValueError, match="not a loopback address"):
            sandbox.redeliver_failed(to=OTHER_HOST)
        for path in (f"{first['event_id']}/redeliver", "redeliver"):
            answer = await http.send("POST", f"//_sandbox/deliveries/{path}", {"to": OTHER_HOST})
            assert answer.status == 422
        sandbox.redeliver(first["event_id"])
        first, _ = await finished_deliveries(sandbox, 2)
        assert first["state"] == "not_sent"
        assert [one["sent"] for one in first["attempts"]] == [False, False]


async def test_a_pending_delivery_is_not_sent_again(http: HttpDriver, sandbox: Sandbox) -> None:
    """An unknown event, and a pending delivery, are errors."""
    async with receiving(HANG) as receiver:
        sandbox.join(await room_with(http, receiver))
        await receiver.next()
        event: Any = sandbox.deliveries[0]["event_id"]
        with pytest.raises(ValueError, match="has not finished"):
            sandbox.redeliver(event)
        path = "//_sandbox/deliveries"
        assert (await http.send("POST", f"{path}/{event}/redeliver")).status == 422
        with pytest.raises(LookupError, match=UNKNOWN_ID):
            sandbox.redeliver(UNKNOWN_ID)
        assert (await http.send("POST", f"{path}/{UNKNOWN_ID}/redeliver")).status == 404
        answer = await http.send("POST", f"{path}/redeliver", {"to": "nowhere"})
        assert answer.pointers == ["/to"]


async def test_deliveries_are_listed_by_state(http: HttpDriver, sandbox: Sandbox) -> None:
    """Only the newest ones on request; the order is that of the events."""
    async with receiving() as receiver:
        sandbox.join(await room_with(http, receiver))
        shown = await finished_deliveries(sandbox, 2)
    path = "//_sandbox/deliveries"
    assert (await http.send("GET", path)).body == {"deliveries": shown}
    assert (await http.send("GET", path, params={"state": "failed"})).body == {"deliveries": []}
    newest = await http.send("GET", path, params={"state": "delivered", "limit": "1"})
    assert newest.body == {"deliveries": shown[1:]}
    assert (await http.send("GET", path, params={"limit": "x"})).status == 400


def test_every_host_can_be_allowed() -> None:
    """A receiver may be anywhere, if that is configured."""
    assert Sandbox()._config.policy.refusal(OTHER_HOST) is not None
    assert Sandbox(deliver_anywhere=True)._config.policy.refusal(OTHER_HOST) is None
