"""Calls the sandbox over HTTP, for tests without boilerplate."""

import json
import urllib.request
from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager
from io import BytesIO
from typing import Any

import aiohttp
import attrs

from telnyx_video.sandbox import Sandbox


@attrs.frozen
class Answer:
    """An answer."""

    status: int
    headers: Mapping[str, str]
    body: Any
    """The decoded JSON; None for an empty body."""

    @property
    def data(self) -> Any:
        """The data of a success."""
        return self.body["data"]

    @property
    def pointers(self) -> list[str]:
        """The pointers of a refusal."""
        return [error["source"]["pointer"] for error in self.body["errors"]]


class HttpDriver:
    """Sends requests to one sandbox, with its key by default."""

    def __init__(self, session: aiohttp.ClientSession, sandbox: Sandbox) -> None:
        self._session = session
        self._sandbox = sandbox

    async def send(
        self,
        method: str,
        path: str,
        content: object = None,
        *,
        raw: bytes | None = None,
        params: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """Send a request to a path below the version, or after "//" to an absolute one."""
        url = self._sandbox.url + path
        if path.startswith("//"):
            url = self._sandbox.url.removesuffix("/v2") + path[1:]
        sent = {"Authorization": f"Bearer {self._sandbox.api_key}"}
        if content is not None:
            raw = json.dumps(content).encode()
        if raw is not None:
            sent["Content-Type"] = "application/json"
        async with self._session.request(
            method,
            url,
            data=None if raw is None else BytesIO(raw),
            params=params,
            headers={**sent, **(headers or {})},
            skip_auto_headers=["Content-Type"],
        ) as response:
            text = await response.read()
            if text:
                assert response.content_type == "application/json"
            return Answer(response.status, response.headers, json.loads(text) if text else None)

    def raw(
        self, method: str, path: str, body: bytes = b"", headers: Mapping[str, str] | None = None
    ) -> AbstractAsyncContextManager[aiohttp.ClientResponse]:
        """Send a request to an absolute path, without the key."""
        return self._session.request(
            method,
            self._sandbox.url.removesuffix("/v2") + path,
            data=BytesIO(body) if body else None,
            headers=headers,
            skip_auto_headers=["Content-Type"],
        )

    async def create(self, **fields: object) -> Answer:
        """Create a room with these fields."""
        return await self.send("POST", "/rooms", fields)


def create_blocking(url: str, **fields: object) -> Any:
    """Create a room without an event loop, with the default key, and return it."""
    headers = {"Authorization": "Bearer sandbox-key", "Content-Type": "application/json"}
    content = json.dumps(fields).encode()
    request = urllib.request.Request(f"{url}/rooms", data=content, headers=headers)
    with urllib.request.urlopen(request) as reply:
        return json.load(reply)["data"]
