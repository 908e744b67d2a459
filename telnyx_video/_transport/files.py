"""Files at other hosts, as they come: fetched without the key, and in pieces.

The API names a recording's file by an address that opens it by itself, at a storage host that is
none of the API's. So nothing goes there that belongs to the API: neither the key, nor cookies, nor
whatever headers a session of the caller's sends by default. Redirects are followed, which storage
hosts live by; and nothing after the question mark of an address is ever shown, since it is what
opens the file.
"""

from __future__ import annotations

import re
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from typing import Final

import aiohttp
from yarl import URL

from telnyx_video._base.text import one_line
from telnyx_video._transport.limits import DEFAULT_TIMEOUT
from telnyx_video._transport.session import USER_AGENT
from telnyx_video._transport.transport import Transport
from telnyx_video.errors import RequestTimeoutError, TransportError

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
"""What aiohttp raises: the last for a redirect to what is no address."""


class FileBody:
    """A reply whose body is still to come."""

    def __init__(self, response: aiohttp.ClientResponse) -> None:
        self._response = response
        self.status = response.status
        self.headers: Mapping[str, str] = response.headers

    async def read(self) -> bytes:
        """What has come since; nothing at the end.

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
    transport: Transport, url: str, headers: Mapping[str, str], *, patience: float
) -> AsyncGenerator[FileBody]:
    """Ask for a file, over a connection of the client's but with nothing else of it.

    Args:
        transport: Whose connections are used, when one is free.
        url: The file's whole address, at any host.
        headers: Such as which part of it is wanted.
        patience: Seconds without a byte after which the connection is taken to be broken.

    Raises:
        TransportError: no reply came; nor, from ``read``, the rest of the body.
        ConfigurationError: the client is closed, or belongs to another loop.
    """
    limits = DEFAULT_TIMEOUT
    async with (
        transport.connection(url) as (session, proxy),
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
                sock_read=patience,
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
