"""The rate limit: requests in a second, and the headers of every reply."""

import aiohttp

from sandbox.http_driver import HttpDriver
from support.clock import Clock
from telnyx_video.sandbox import Sandbox
from telnyx_video.sandbox.access import RateLimiter

HEADERS = ["x-ratelimit-limit", "x-ratelimit-remaining", "x-ratelimit-reset"]


def test_a_second_accepts_as_many_requests_as_its_limit() -> None:
    """Further requests are refused until the next second."""
    clock = Clock(100.25)
    window = RateLimiter(2, clock)
    assert [window.take() for _ in range(3)] == [True, True, False]
    clock.now = 100.999
    assert window.take() is False
    clock.now = 101.0
    assert [window.take() for _ in range(3)] == [True, True, False]


def test_the_headers_count_down() -> None:
    """They state the limit, the remaining requests, and the seconds to the next window."""
    clock = Clock(100.25)
    window = RateLimiter(2, clock)
    window.take()
    assert list(window.headers()) == HEADERS
    assert list(window.headers().values()) == ["2", "1", "1"]
    window.take()
    window.take()
    assert list(window.headers().values()) == ["2", "0", "1"]
    clock.now = 107.0
    assert list(window.headers().values()) == ["2", "2", "1"]


def test_a_reset_clears_the_window() -> None:
    """Afterwards the second accepts the full number again."""
    window = RateLimiter(1, Clock(100.25))
    window.take()
    window.reset()
    assert window.take() is True


async def test_beyond_the_limit_the_answer_is_429(session: aiohttp.ClientSession) -> None:
    """Some requests of a burst are refused with the published code, without Retry-After."""
    async with Sandbox(rate_limit=1) as sandbox:
        http = HttpDriver(session, sandbox)
        answers = [await http.create() for _ in range(2)]
        while answers[-1].status != 429:  # the two fell into different seconds
            answers.append(await http.create())
        refused = answers[-1]
        assert refused.body["errors"][0]["code"] == "10011"
        assert "Retry-After" not in refused.headers
        for answer in answers:
            assert set(HEADERS) <= {name.lower() for name in answer.headers}
        assert len(sandbox.rooms) == len(answers) - 1


async def test_requests_without_a_valid_key_do_not_count(session: aiohttp.ClientSession) -> None:
    """The answer still shows the limit."""
    async with Sandbox(rate_limit=5) as sandbox:
        http = HttpDriver(session, sandbox)
        answer = await http.send("GET", "/rooms", headers={"Authorization": "Bearer wrong"})
        assert answer.status == 401
        assert [answer.headers[name] for name in HEADERS] == ["5", "5", "1"]


async def test_a_reset_over_http_clears_the_window(session: aiohttp.ClientSession) -> None:
    """Control requests do not count."""
    async with Sandbox(rate_limit=1) as sandbox:
        http = HttpDriver(session, sandbox)
        for _ in range(3):
            assert (await http.create()).status == 201
            assert (await http.send("POST", "//_sandbox/reset")).status == 204


async def test_without_a_limit_replies_have_no_rate_limit_headers(http: HttpDriver) -> None:
    """An unlimited sandbox sends none of the headers."""
    answer = await http.create()
    assert not set(HEADERS) & {name.lower() for name in answer.headers}
