"""Downloads: whole files and parts of them, without the key."""

from collections.abc import Mapping

import aiohttp
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.api_driver import ORIGIN, ApiDriver
from sandbox.http_driver import HttpDriver
from telnyx_video.sandbox import Sandbox
from telnyx_video.sandbox.api.files import partial
from telnyx_video.sandbox.replies import Reply

CONTENT = bytes(range(100))
TAG = partial({}, CONTENT, "video/mp4").headers["ETag"]


def asked(**headers: str) -> Reply:
    """Return the answer to a request with these headers."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return partial(named, CONTENT, "video/mp4")


def test_the_whole_file_has_the_headers_for_a_resumption() -> None:
    """The reply has the file's type, its ETag and Accept-Ranges."""
    reply = asked()
    assert (reply.status, reply.body, reply.media_type) == (200, CONTENT, "video/mp4")
    assert reply.headers == {"Accept-Ranges": "bytes", "ETag": TAG}


@pytest.mark.parametrize(
    ("wanted", "content_range"),
    [
        ("bytes=0-0", "bytes 0-0/100"),
        ("bytes=10-19", "bytes 10-19/100"),
        ("bytes=90-", "bytes 90-99/100"),
        ("bytes=0-", "bytes 0-99/100"),
        ("bytes=90-1000", "bytes 90-99/100"),
        ("bytes=-10", "bytes 90-99/100"),
        ("bytes=-1000", "bytes 0-99/100"),
    ],
)
def test_a_range_is_answered_with_206(wanted: str, content_range: str) -> None:
    """Content-Range and content match."""
    reply = asked(Range=wanted)
    assert (reply.status, reply.headers["Content-Range"]) == (206, content_range)
    first, last = map(int, content_range.removeprefix("bytes ").split("/")[0].split("-"))
    assert reply.body == CONTENT[first : last + 1]
    assert reply.headers["ETag"] == TAG


@pytest.mark.parametrize("wanted", ["bytes=100-", "bytes=100-200", "bytes=-0"])
def test_a_range_beyond_the_end_is_refused(wanted: str) -> None:
    """416 has the size of the file."""
    reply = asked(Range=wanted)
    assert (reply.status, reply.body) == (416, b"")
    assert reply.headers["Content-Range"] == "bytes */100"


@pytest.mark.parametrize(
    "wanted",
    ["", "bytes", "bytes=", "bytes=-", "bytes=x-", "items=0-1", "bytes=5-4", "bytes=0-,5-"],
)
def test_an_invalid_range_is_ignored(wanted: str) -> None:
    """It, and several ranges, are answered with the whole file."""
    assert asked(Range=wanted) == asked()


def test_a_range_of_another_version_is_answered_with_the_whole_file() -> None:
    """If-Range with the current ETag gives the range."""
    assert asked(Range="bytes=5-", If_Range=TAG).status == 206
    for other in ('"other"', f"W/{TAG}", "Sat, 25 Apr 2026 12:00:00 GMT"):
        assert asked(Range="bytes=5-", If_Range=other) == asked()


@given(st.lists(st.integers(0, 100)))
def test_ranges_make_up_the_file(cuts: list[int]) -> None:
    """Wherever a download is cut, requesting the rest each time gives the file."""
    got = b""
    for end in [*sorted(cuts), 100]:
        reply = asked(Range=f"bytes={len(got)}-", If_Range=TAG)
        assert reply.status == (206 if len(got) < 100 else 416)
        got += reply.body[: max(0, end - len(got))]
    assert got == CONTENT


@given(st.text("bytes=-,0123456789 x", max_size=12))
def test_any_range_header_is_answered(wanted: str) -> None:
    """The answer is the whole file, a correct range, or a refusal."""
    reply = asked(Range=wanted)
    if reply.status == 206:
        first, last = reply.headers["Content-Range"].split()[1].split("/")[0].split("-")
        assert reply.body == CONTENT[int(first) : int(last) + 1] != b""
    else:
        assert reply.status == 416 or reply.body == CONTENT


def test_a_file_is_found_by_its_exact_name(driver: ApiDriver) -> None:
    """Another or no extension, or a recording that is not complete, is not found."""
    room = driver.room(enable_recording=True)
    alice = driver.join(room)
    (sound, picture) = driver.ids("/room_recordings")
    assert driver.reply("GET", f"//media/{sound}.ogg").status == 404
    driver.leave(room, alice)
    for name, status in (
        (f"{sound}.ogg", 200),
        (f"{picture}.mp4", 200),
        (f"{sound}.mp4", 404),
        (sound, 404),
        ("x", 404),
        ("\udcff", 404),
    ):
        assert driver.reply("GET", f"//media/{name}").status == status
    composition = driver.data("POST", "/room_compositions", {"session_id": alice["session_id"]})
    assert driver.reply("GET", f"//media/{composition['id']}.ogg").status == 404


@pytest.fixture
async def urls(http: HttpDriver, sandbox: Sandbox) -> list[str]:
    """The URLs of an audio and of a video recording."""
    room = (await http.create(enable_recording=True)).data
    sandbox.leave(sandbox.join(room["id"]))
    return [row["download_url"] for row in (await http.send("GET", "/room_recordings")).data]


async def fetch(
    session: aiohttp.ClientSession, url: str, headers: Mapping[str, str] | None = None
) -> tuple[aiohttp.ClientResponse, bytes]:
    """Return a response and its content."""
    async with session.get(url, headers=headers) as response:
        return response, await response.read()


async def test_a_download_over_http_can_be_resumed(
    session: aiohttp.ClientSession, sandbox: Sandbox, urls: list[str]
) -> None:
    """URLs are on the same host and need no key; the rest of a file continues its start."""
    host = sandbox.url.removesuffix("/v2")
    for url, media_type in zip(urls, ("audio/ogg", "video/mp4"), strict=True):
        assert url.startswith(f"{host}/media/")
        response, whole = await fetch(session, url)
        assert (response.status, response.content_type) == (200, media_type)
        assert response.content_length == len(whole)
        wanted = {"Range": "bytes=100-", "If-Range": response.headers["ETag"]}
        response, rest = await fetch(session, url, wanted)
        assert (response.status, response.content_length) == (206, len(whole) - 100)
        assert rest == whole[100:]
        response, _ = await fetch(session, url, {"Range": f"bytes={len(whole)}-"})
        assert (response.status, response.content_length) == (416, 0)


async def test_downloads_with_a_key_are_counted(
    session: aiohttp.ClientSession, sandbox: Sandbox, http: HttpDriver, urls: list[str]
) -> None:
    """Downloads are counted, and those with credentials separately."""
    await fetch(session, urls[0])
    assert (sandbox.requests["GET /media/{id}"], sandbox.keyed_downloads) == (1, 0)
    await fetch(session, urls[0], {"Authorization": "Bearer sandbox-key"})
    assert (sandbox.requests["GET /media/{id}"], sandbox.keyed_downloads) == (2, 1)
    stats = await http.send("GET", "//_sandbox/stats")
    assert stats.body["keyed_downloads"] == 1
    sandbox.reset()
    assert sandbox.keyed_downloads == 0


def test_file_urls_have_the_host_of_the_request(driver: ApiDriver) -> None:
    """File URLs use the host that the client called."""
    room = driver.room(enable_recording=True)
    driver.leave(room, driver.join(room))
    for row in driver.data("GET", "/room_recordings"):
        assert row["download_url"].startswith(f"{ORIGIN}/media/")
