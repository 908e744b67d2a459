"""The sandbox serves its page, with a policy that blocks all other sources."""

import re

import pytest

from sandbox.http_driver import HttpDriver
from telnyx_video.sandbox import Sandbox

FILES = {
    "/": "text/html",
    "/_sandbox/page/style.css": "text/css",
    "/_sandbox/page/page.js": "text/javascript",
    "/_sandbox/page/icon.svg": "image/svg+xml",
}


@pytest.mark.parametrize("path", FILES)
async def test_the_files_of_the_page_are_served(http: HttpDriver, path: str) -> None:
    """Without a key; scripts, styles, images and connections are limited to the sandbox."""
    async with http.raw("GET", path) as reply:
        assert (reply.status, reply.content_type) == (200, FILES[path])
        policy = reply.headers["Content-Security-Policy"]
        assert policy.startswith("default-src 'none'; ")
        for kind in ("script", "style", "img", "connect"):
            assert f"{kind}-src 'self'" in policy
        assert reply.headers["X-Content-Type-Options"] == "nosniff"
        text = await reply.text()
    assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval\(", text)
    addresses = re.findall(r'https?://[^\s"`\')]+', text)
    assert set(addresses) <= {"http://www.w3.org/2000/svg", "http://localhost:8000/webhooks"}


def test_the_page_has_an_address() -> None:
    """It is at the root of the server."""
    with Sandbox() as sandbox:
        assert sandbox.page_url == sandbox.url.removesuffix("v2")


async def test_only_the_default_key_is_shown(http: HttpDriver) -> None:
    """The default key protects nothing."""
    assert (await http.send("GET", "//_sandbox/info")).body["api_key"] == "sandbox-key"
    with Sandbox(api_key="other") as sandbox:
        other = HttpDriver(http._session, sandbox)
        assert (await other.send("GET", "//_sandbox/info")).body["api_key"] is None
