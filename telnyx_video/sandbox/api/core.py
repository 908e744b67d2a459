"""Dispatches a call: route, key, rate limit, operation."""

import hmac
from collections.abc import Awaitable, Callable, Collection, Mapping
from contextlib import AbstractContextManager
from datetime import datetime

from aiohttp import web

from telnyx_video.sandbox.api.calls import Call, Operation, Operations, RefusedError
from telnyx_video.sandbox.api.compositions import composition_operations
from telnyx_video.sandbox.api.files import file_operations
from telnyx_video.sandbox.api.oauth import TOKEN_ROUTE, AccessTokens
from telnyx_video.sandbox.api.recordings import recording_operations
from telnyx_video.sandbox.api.rooms import room_operations
from telnyx_video.sandbox.api.sessions import session_operations
from telnyx_video.sandbox.api.tokens import Tokens, token_operations
from telnyx_video.sandbox.log import RequestLog
from telnyx_video.sandbox.rate_limit import RateLimiter
from telnyx_video.sandbox.replies import Code, Problem, Reply, document, refusal
from telnyx_video.sandbox.routes import (
    CONTROL,
    FILES,
    KEYLESS_OPERATIONS,
    address_of,
    is_control,
    locate,
    named,
)
from telnyx_video.sandbox.state import FullError, Store
from telnyx_video.sandbox.stats import Stats

StreamHandler = Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]
"""Serves one request."""

ACCESS_TOKEN_TTL = 3600.0
"""Seconds for which an OAuth access token is valid by default."""

LOG_SIZE = 500
"""Requests that the log keeps by default."""

_FORM_TYPES = ("application/x-www-form-urlencoded", "multipart/form-data", "text/plain")
"""What a web page may send to another site without asking first."""


class Api:
    """The operations of the API behind the key and the rate limit, and those of control.

    Args:
        store: The state of the server.
        api_key: The only accepted key.
        limiter: The rate limit; None is unlimited.
        log_size: Requests that the log keeps.
        access_token_ttl: Seconds for which an OAuth access token is valid.
    """

    def __init__(
        self,
        store: Store,
        *,
        api_key: str,
        limiter: RateLimiter | None = None,
        log_size: int = LOG_SIZE,
        access_token_ttl: float = ACCESS_TOKEN_TTL,
    ) -> None:
        self.stats: Stats = Stats()
        self.log: RequestLog = RequestLog(log_size, api_key)
        self.tokens: Tokens = Tokens(api_key, store.source.new_id)
        self.now: Callable[[], datetime] = store.moment
        self.new_id: Callable[[], str] = store.source.new_id
        self.streams: dict[str, StreamHandler] = {}
        """Handlers of GET requests that write their response themselves, by path."""
        self._store = store
        self._credentials = f"Bearer {api_key}".encode()
        self._access = AccessTokens(api_key, access_token_ttl, self.now, self.new_id)
        self._limiter = limiter
        self._routes: dict[str, dict[str, Operation]] = {}
        for operations in (
            room_operations(store),
            token_operations(store, self.tokens),
            session_operations(store),
            recording_operations(store),
            composition_operations(store),
            file_operations(store),
        ):
            self._add(operations)
        self.add(TOKEN_ROUTE, {"POST": self._access.issue})
        self.add(f"{CONTROL}stats", {"GET": self._show_stats})

    @property
    def routes(self) -> Mapping[str, Collection[str]]:
        """The methods of every route, those of control too."""
        return {**self._routes, **dict.fromkeys(self.streams, ("GET",))}

    def count(
        self, method: str, route: str, headers: Mapping[str, str]
    ) -> AbstractContextManager[None]:
        """Count a request to the API, which is in flight while the context is open."""
        self._store.source.tick()
        if route.startswith(FILES) and "Authorization" in headers:
            self.stats.keyed_downloads += 1
        return self.stats.count(method, route if route in self._routes else "(unknown)")

    def add(self, route: str, operations: Mapping[str, Operation]) -> None:
        """Add operations that are not of the Video API, by method."""
        self._routes.setdefault(route, {}).update(operations)

    def answer(self, call: Call) -> Reply:
        """Authorize the call, apply it, and return the reply."""
        if is_control(call.path):
            refused = self._wrong_type(call)
        elif call.path.startswith(FILES) or call.path == TOKEN_ROUTE:
            refused = None
        else:
            refused = self._unauthorized(call)
        return refused or self.apply(call)

    def dry_run(self, call: Call) -> Reply:
        """Answer the call as if it were applied, but leave the state as it is."""
        with self._store.rolled_back():
            return self.answer(call)

    def apply(self, call: Call) -> Reply:
        """Apply an authorized call and return the reply."""
        route, subject = locate(call.path)
        methods: Collection[str] = self._routes.get(route, ())
        if route in self.streams:
            methods = ("GET",)
        if not methods:
            return refusal(404, Problem(Code.INVALID_URL, f"{call.path} does not exist."))
        if call.method not in methods:
            detail = f"{call.method} is not an operation of {route}."
            allowed = {"Allow": ", ".join(methods)}
            return refusal(405, Problem(Code.BAD_REQUEST, detail), headers=allowed)
        try:
            return self._routes[route][call.method](call, subject)
        except RefusedError as error:
            return error.reply
        except FullError as error:
            return refusal(422, Problem(Code.BAD_REQUEST, str(error)))

    def rate_headers(self) -> Mapping[str, str]:
        """Return the headers about the rate limit; none without a limit."""
        return {} if self._limiter is None else self._limiter.headers()

    def reset(self) -> None:
        """Remove the state, the counters and the log."""
        self._store.clear()
        self.stats.reset()
        self.log.clear()
        self.tokens.seeded = set()
        if self._limiter is not None:
            self._limiter.reset()

    def _add(self, operations: Operations) -> None:
        for operation, answer in operations.items():
            method, route = address_of(operation)
            self._routes.setdefault(route, {})[method] = answer

    def _unauthorized(self, call: Call) -> Reply | None:
        """Return how a call is refused for its key or the rate limit, or None."""
        # Header bytes that are not UTF-8 arrive as lone surrogates.
        sent = call.authorization.encode(errors="surrogateescape")
        if not (
            hmac.compare_digest(sent, self._credentials)
            or self._access.accepts(call.authorization)
            or self._is_keyless(call)
        ):
            detail = "The request has no Authorization header with a valid key."
            return refusal(401, Problem(Code.NOT_AUTHENTICATED, detail))
        if self._limiter is not None and not self._limiter.take():
            detail = "The rate limit of this second is exhausted."
            return refusal(429, Problem(Code.TOO_MANY_REQUESTS, detail))
        return None

    def _is_keyless(self, call: Call) -> bool:
        operation = named(call.method, locate(call.path)[0])
        return not call.authorization and operation in KEYLESS_OPERATIONS

    def _wrong_type(self, call: Call) -> Reply | None:
        """Return how a control request that may come from a web page's form is refused, or None."""
        if call.method == "GET" or call.content_type == "application/json":
            return None
        if call.body or call.content_type in _FORM_TYPES:
            detail = "Control requests must be sent as application/json."
            return refusal(415, Problem(Code.MEDIA_TYPE, detail))
        return None

    def _show_stats(self, _: Call, __: str) -> Reply:
        stats = {
            "requests": self.stats.requests,
            "rooms": len(self._store.rooms),
            "max_in_flight": self.stats.max_in_flight,
            "keyed_downloads": self.stats.keyed_downloads,
        }
        return document(200, stats)
