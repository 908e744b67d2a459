"""API keys that change: asks a provider, or an OAuth token endpoint, and keeps the answer.

One answer serves all calls, until it expires or the API refuses it. All times are in seconds.
"""

from __future__ import annotations

import asyncio
from base64 import b64encode
from collections.abc import Awaitable, Mapping
from inspect import isawaitable
from math import inf
from typing import Final, cast

import aiohttp

from telnyx_video._base.errors import ConfigurationError, ErrorDetail, TransportError
from telnyx_video._base.json import loads
from telnyx_video._transport.redact import Credential
from telnyx_video.config import ApiKey, KeyProvider, OAuthCredentials, is_key
from telnyx_video.errors import AuthenticationError

MARGIN: Final = 10.0
"""Before a key expires it is replaced by so much, or by a tenth of its time if that is less."""

TOKEN_LIFETIME: Final = 3600.0
"""Of an access token whose endpoint does not say."""

_Failure = TransportError | AuthenticationError | ConfigurationError

_GRANT: Final = b"grant_type=client_credentials"


class KeySource:
    """The current key of a client, requested when there is none.

    Args:
        provider: Where keys come from.
        token_url: The token endpoint, if the provider is ``OAuthCredentials`` that name none.
    """

    def __init__(self, provider: KeyProvider | OAuthCredentials, token_url: str) -> None:
        self._provider = provider
        self._token_url = token_url
        self._current: Credential | None = None
        self._expires = inf
        self._lock = asyncio.Lock()
        self._failures = 0
        self._failure: _Failure | None = None

    async def get(self, session: aiohttp.ClientSession, proxy: str | None) -> Credential:
        """Return the current key; calls that need another one at the same time share one answer.

        Raises:
            TransportError: the provider failed.
            AuthenticationError: the token endpoint refused the credentials.
            ConfigurationError: the answer is not a key.
        """
        if (key := self._usable()) is not None:
            return key
        failures = self._failures
        async with self._lock:
            if (key := self._usable()) is not None:
                return key
            if self._failure is None or self._failures == failures:
                await self._ask(session, proxy)
            key, failure = self._current, self._failure
        if key is None:
            raise _again(cast("_Failure", failure))
        return key

    def answered(
        self, key: Credential, status: int, headers: Mapping[str, str]
    ) -> Mapping[str, str]:
        """Forget a key that the API refuses; return the headers of the reply without the key."""
        if status == 401 and self._current is key:
            self._current = None
        return key.redact_headers(headers)

    def _usable(self) -> Credential | None:
        return self._current if asyncio.get_running_loop().time() < self._expires else None

    async def _ask(self, session: aiohttp.ClientSession, proxy: str | None) -> None:
        self._current = self._failure = None
        asked_at = asyncio.get_running_loop().time()
        try:
            answer = await self._answer(session, proxy)
        except (TransportError, AuthenticationError, ConfigurationError) as error:
            self._failure = error
        except Exception as error:
            # Its message and its frames are the provider's, and may hold a secret.
            self._failure = TransportError(
                f"the API key provider failed ({type(error).__name__}) - nothing was sent"
            )
        else:
            self._current = Credential(cast("str", answer.value))
            lifetime = inf if answer.valid_for is None else answer.valid_for
            self._expires = asked_at + lifetime - min(MARGIN, lifetime / 10)
            return
        self._failures += 1

    async def _answer(self, session: aiohttp.ClientSession, proxy: str | None) -> ApiKey:
        if isinstance(self._provider, OAuthCredentials):
            return await _token(self._provider, self._token_url, session, proxy)
        given = self._provider()
        answer = ApiKey.wrap(
            await cast("Awaitable[object]", given) if isawaitable(given) else given
        )
        if not is_key(answer.value):
            raise ConfigurationError(
                "the API key provider returned no API key: it must return a string without spaces "
                "around it"
            )
        return answer


def _again(failure: _Failure) -> _Failure:
    """Return a separate error for each call that shares a failure."""
    if isinstance(failure, AuthenticationError):
        return AuthenticationError(failure.status, failure.details, failure.request_id)
    if isinstance(failure, TransportError):
        return TransportError(failure.message, failure.outcome, failure.retryable)
    return ConfigurationError(failure.message)


async def _token(
    oauth: OAuthCredentials, token_url: str, session: aiohttp.ClientSession, proxy: str | None
) -> ApiKey:
    """Exchange client credentials for an access token, as the official SDK does.

    Raises:
        TransportError: the endpoint cannot be reached, or its reply is not a token.
        AuthenticationError: it refused the credentials.
    """
    try:
        async with session.post(
            oauth.token_url or token_url,
            data=_GRANT,
            headers={
                "Authorization": _basic(oauth),
                "Content-Type": "application/x-www-form-urlencoded",
            },
            allow_redirects=False,
            raise_for_status=False,
            proxy=proxy,
        ) as response:
            status, body = response.status, await response.read()
            request_id = response.headers.get("x-request-id")
    except (aiohttp.ClientError, OSError, ValueError) as error:
        failed = type(error).__name__
    else:
        if status == 200:
            return _read_token(body)
        if status in (400, 401, 403):
            detail = "the token endpoint refused the OAuth client credentials"
            raise AuthenticationError(status, (ErrorDetail(detail),), request_id)
        failed = f"status {status}"
    raise TransportError(f"no access token from the token endpoint: {failed} - nothing was sent")


def _basic(oauth: OAuthCredentials) -> str:
    return "Basic " + b64encode(f"{oauth.client_id}:{oauth.client_secret}".encode()).decode()


def _read_token(body: bytes) -> ApiKey:
    try:
        fields = cast("object", loads(body))
    except ValueError:
        fields = None
    if isinstance(fields, dict):
        known = cast("dict[str, object]", fields)
        lifetime = known.get("expires_in", TOKEN_LIFETIME)
        if is_key(known.get("access_token")) and isinstance(lifetime, int | float):
            return ApiKey(known["access_token"], float(lifetime))
    raise TransportError("no access token in the reply of the token endpoint - nothing was sent")
