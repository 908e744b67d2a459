"""Streams files from other hosts, without the key.

The API names a recording's file by a signed address at a storage host outside the API. So nothing
of the API goes there: neither the key, nor cookies, nor the default headers of a caller's session.
Redirects are followed, as storage hosts use them; and the query of an address is never shown, as it
is what opens the file.
"""

from __future__ import annotations

import re
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from typing import Final

import aiohttp
from yarl import URL

from telnyx_video._base.errors import RequestTimeoutError, TransportError
from telnyx_video._base.text import one_line
from telnyx_video._transport.session import DEFAULT_TIMEOUT, USER_AGENT
from telnyx_video._transport.transport import Transport

MAX_REDIRECTS: Final = 10

_QUERIES = re.compile(r"\?[^\s'\"<>)]*")

_HEADERS: Final = {"User-Agent": USER_AGENT, "Accept": "*/*", "Accept-Encoding": "identity"}

_UNUSABLE = (
    aiohttp.InvalidURL,
    aiohttp.NonHttpUrlClientError,
    aiohttp.RedirectClientError,
    aiohttp.TooManyRedirects,
)

_BROKEN = (aiohttp.ClientError, OSError, ValueError)
"""The errors that aiohttp raises: the last for a redirect to something that is not an address."""


class FileBody:
    """A response whose body is still to be read."""

    def __init__(self, response: aiohttp.ClientResponse) -> None:
        self._response = response
        self.status = response.status
        self.headers: Mapping[str, str] = response.headers

    async def read(self) -> bytes:
        """Return the bytes that have arrived; none at the end.

        Raises:
            TransportError: the connection broke, or the body ended early.
        """
        try:
            return await self._response.content.readany()
        except _BROKEN as error:
            failure = _failure(error)
        raise failure


@asynccontextmanager
async def open_file(
    transport: Transport, url: str, headers: Mapping[str, str], *, read_timeout: float
) -> AsyncGenerator[FileBody]:
    """Request a file through the client's pool of connections, and with nothing else of the client.

    Args:
        transport: Whose connections are used.
        url: The file's whole address, at any host.
        headers: Such as the range that is wanted.
        read_timeout: Seconds without a byte after which the connection counts as broken.

    Raises:
        TransportError: no response came; nor, from ``read``, the rest of the body.
        ConfigurationError: the client is closed, or belongs to another loop.
    """
    limits = DEFAULT_TIMEOUT
    async with (
        transport.borrowed_session(url) as (session, proxy),
        aiohttp.ClientSession(
            connector=session.connector,
            connector_owner=False,
            cookie_jar=aiohttp.DummyCookieJar(),
            trace_configs=session.trace_configs,
            trust_env=session.trust_env,
            auto_decompress=False,  # sizes and ranges are those of the file as it is stored
            requote_redirect_url=False,  # which would break the signature of an address
            timeout=aiohttp.ClientTimeout(
                total=None,
                connect=limits.connect,
                sock_connect=limits.sock_connect,
                sock_read=read_timeout,
            ),
        ) as storage,
    ):
        response = await _ask(storage, url, headers, proxy)
        try:
            yield FileBody(response)
        finally:
            response.close()


async def _ask(
    storage: aiohttp.ClientSession, url: str, headers: Mapping[str, str], proxy: str | None
) -> aiohttp.ClientResponse:
    try:
        return await storage.get(
            URL(url, encoded=url.isascii()),
            headers={**headers, **_HEADERS},
            max_redirects=MAX_REDIRECTS,
            proxy=proxy,
        )
    except _BROKEN as error:
        failure = _failure(error)
    raise failure


def _failure(error: Exception) -> TransportError:
    """The error to raise in place of one of aiohttp's, which may name the address."""
    permanent = isinstance(error, (ValueError, *_UNUSABLE))  # a bad certificate is a ValueError
    if isinstance(error, _UNUSABLE):
        text = "its address cannot be followed"  # which these errors repeat in full
    else:
        text = one_line(_QUERIES.sub("?…", str(error))) or "the time limit ran out"
    message = f"{text} ({type(error).__name__})"
    if isinstance(error, TimeoutError):
        return RequestTimeoutError(message)
    return TransportError(message, retryable=not permanent)
