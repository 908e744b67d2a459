"""Streams files from other hosts, without the key.

The API names a recording's file by a signed address at a storage host outside the API. So nothing
of the API goes there: neither the key, nor cookies, nor the default headers of a caller's session.
Redirects are followed, as storage hosts use them; and the query of an address is never shown, as it
is what opens the file.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncGenerator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Final

import aiohttp
import attrs
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


@attrs.frozen
class FileAddress:
    """Where a file is. Tracebacks may show locals, so no other local holds the signed URL."""

    url: str = attrs.field(repr=False)

    def parse(self) -> URL:
        """Return the URL in the form that aiohttp sends.

        Raises:
            ValueError: it is not a whole URL.
        """
        address = URL(self.url, encoded=self.url.isascii())
        if not address.scheme:  # "//host/path", on which aiohttp fails an assertion
            raise aiohttp.InvalidURL(self.url)
        return address

    @property
    def origin(self) -> str:
        """The URL without its path and query; empty if it is not one."""
        try:
            return str(self.parse().origin())
        except ValueError:
            return ""


class FileBody:
    """A response whose body is still to be read."""

    def __init__(self, transport: Transport, response: aiohttp.ClientResponse) -> None:
        self._transport = transport
        self._response = response
        self.status = response.status
        self.headers: Mapping[str, str] = response.headers

    def close(self) -> None:
        """Close the connection."""
        self._response.close()

    async def read(self) -> bytes:
        """Return the bytes that have arrived; none at the end.

        Raises:
            TransportError: the connection broke, or the body ended early.
            ConfigurationError: the client is closed.
        """
        try:
            async with self._transport.borrowed_session():
                return await self._response.content.readany()
        except _BROKEN as error:
            failure = _failure(error)
        raise failure


@asynccontextmanager
async def open_file(
    transport: Transport, address: FileAddress, headers: Mapping[str, str], *, read_timeout: float
) -> AsyncGenerator[FileBody]:
    """Request a file through the client's pool of connections, and with nothing else of the client.

    Args:
        transport: Whose connections are used.
        address: The file's whole address, at any host.
        headers: Such as the range that is wanted.
        read_timeout: Seconds without a byte after which the connection counts as broken.

    Raises:
        TransportError: no response came; nor, from ``read``, the rest of the body.
        ConfigurationError: the client is closed, or belongs to another loop.
    """
    async with AsyncExitStack() as stack:
        # The client may be closed between two reads: only waiting ends then.
        async with transport.borrowed_session() as session:
            storage = await stack.enter_async_context(
                _storage_session(session, transport, address, read_timeout)
            )
            body = FileBody(transport, await _get(storage, address, headers))
        stack.callback(body.close)
        yield body


def _storage_session(
    session: aiohttp.ClientSession, transport: Transport, address: FileAddress, read_timeout: float
) -> aiohttp.ClientSession:
    """Make a session on the same connections that has nothing else of the client's."""
    limits = DEFAULT_TIMEOUT
    return aiohttp.ClientSession(
        connector=session.connector,
        connector_owner=False,
        cookie_jar=aiohttp.DummyCookieJar(),
        trace_configs=session.trace_configs,
        trust_env=session.trust_env,
        proxy=transport.proxy_for(address.origin),
        auto_decompress=False,  # sizes and ranges refer to the stored file
        requote_redirect_url=False,  # which would break the signature of an address
        timeout=aiohttp.ClientTimeout(
            total=None,
            connect=limits.connect,
            sock_connect=limits.sock_connect,
            sock_read=read_timeout,
        ),
    )


async def _get(
    storage: aiohttp.ClientSession, address: FileAddress, headers: Mapping[str, str]
) -> aiohttp.ClientResponse:
    failure: BaseException
    try:
        return await storage.get(
            address.parse(),
            headers={**headers, **_HEADERS},
            max_redirects=MAX_REDIRECTS,
        )
    except asyncio.CancelledError as error:
        failure = asyncio.CancelledError(*error.args)
    except _BROKEN as error:
        failure = _failure(error)
    # Raised here: the frames of aiohttp hold the proxy's password.
    raise failure


def _failure(error: Exception) -> TransportError:
    """The error to raise for one of aiohttp, whose text may contain the address."""
    # A certificate that does not verify is a ValueError.
    permanent = isinstance(error, (ValueError, *_UNUSABLE))
    if isinstance(error, _UNUSABLE):
        text = "its address cannot be followed"  # which these errors repeat in full
    else:
        text = one_line(_QUERIES.sub("?…", str(error))) or "the time limit ran out"
    message = f"{text} ({type(error).__name__})"
    if isinstance(error, TimeoutError):
        return RequestTimeoutError(message)
    return TransportError(message, retryable=not permanent)
