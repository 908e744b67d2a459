"""The rate limit: what a second takes, and what every reply says about it."""

import aiohttp

from sandbox.http_driver import HttpDriver
from telnyx_video.sandbox import Sandbox
from telnyx_video.sandbox.access import RateLimiter

HEADERS = ["x-ratelimit-limit", "x-ratelimit-remaining", "x-ratelimit-reset"]


class Clock:
    """A clock that a test advances."""

    def __init__(self) -> None:
        self.now = 100.25

    def __call__(self) -> float:
        return self.now


def test_a_second_takes_as_many_requests_as_its_limit() -> None:
    """Requests beyond the limit are turned away until the next second begins."""
    clock = Clock()
    window = RateLimiter(2, clock)
    assert [window.take() for _ in range(3)] == [True, True, False]
    clock.now = 100.999
    assert window.take() is False
    clock.now = 101.0
    assert [window.take() for _ in range(3)] == [True, True, False]


def test_the_headers_count_down() -> None:
    """They state the limit, what is left of it, and the seconds to the next window, rounded up."""
    clock = Clock()
    window = RateLimiter(2, clock)
    window.take()
    assert list(window.headers()) == HEADERS
    assert list(window.headers().values()) == ["2", "1", "1"]
    window.take()
    window.take()
    assert list(window.headers().values()) == ["2", "0", "1"]
    clock.now = 107.0
    assert list(window.headers().values()) == ["2", "2", "1"]


def test_a_reset_window_is_empty() -> None:
    """After a reset the second takes the full number again."""
    window = RateLimiter(1, Clock())
    window.take()
    window.reset()
    assert window.take() is True


async def test_past_the_limit_the_answer_is_429(session: aiohttp.ClientSession) -> None:
    """Of a burst some requests are refused with the code for it, and without Retry-After."""
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


async def test_refused_callers_take_no_place(session: aiohttp.ClientSession) -> None:
    """A request without the key does not count, but its answer shows the limit."""
    async with Sandbox(rate_limit=5) as sandbox:
        http = HttpDriver(session, sandbox)
        answer = await http.send("GET", "/rooms", headers={"Authorization": "Bearer wrong"})
        assert answer.status == 401
        assert [answer.headers[name] for name in HEADERS] == ["5", "5", "1"]


async def test_a_reset_gives_the_whole_second_back(session: aiohttp.ClientSession) -> None:
    """Control takes no place in the limit, and a reset empties it."""
    async with Sandbox(rate_limit=1) as sandbox:
        http = HttpDriver(session, sandbox)
        for _ in range(3):
            assert (await http.create()).status == 201
            assert (await http.send("POST", "//_sandbox/reset")).status == 204


async def test_without_a_limit_replies_say_nothing_about_one(http: HttpDriver) -> None:
    """An unlimited sandbox sends none of the headers."""
    answer = await http.create()
    assert not set(HEADERS) & {name.lower() for name in answer.headers}
