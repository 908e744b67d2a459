"""The way of a call through the server: its route, the key, the rate limit, its operation."""

import hmac
from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext

from telnyx_video.sandbox.api.actions import action_operations
from telnyx_video.sandbox.api.calls import Call, Operation, Operations, RefusedError
from telnyx_video.sandbox.api.compositions import composition_operations
from telnyx_video.sandbox.api.files import file_operations
from telnyx_video.sandbox.api.recordings import recording_operations
from telnyx_video.sandbox.api.rooms import room_operations
from telnyx_video.sandbox.api.sessions import session_operations
from telnyx_video.sandbox.api.tokens import token_operations
from telnyx_video.sandbox.limits import RateWindow
from telnyx_video.sandbox.replies import Code, Problem, Reply, document, refusal
from telnyx_video.sandbox.routes import (
    CONTROL,
    FILES,
    KEYLESS_OPERATIONS,
    address_of,
    locate,
    named,
)
from telnyx_video.sandbox.state import Store
from telnyx_video.sandbox.tally import Tally
from telnyx_video.sandbox.tokens import Tokens


class Api:
    """The operations of the API, behind the key and the rate limit.

    Args:
        store: What the server knows.
        api_key: The one key that is let in.
        window: The rate limit; None is unlimited.
    """

    def __init__(self, store: Store, *, api_key: str, window: RateWindow | None = None) -> None:
        self.tally: Tally = Tally()
        self._store = store
        self._credentials = f"Bearer {api_key}".encode()
        self._window = window
        self._routes: dict[str, dict[str, Operation]] = {}
        for operations in (
            room_operations(store),
            token_operations(store, Tokens(api_key)),
            session_operations(store),
            action_operations(store),
            recording_operations(store),
            composition_operations(store),
            file_operations(store),
        ):
            self._add(operations)
        self.add(f"{CONTROL}stats", {"GET": self._stats})

    def count(
        self, method: str, path: str, headers: Mapping[str, str]
    ) -> AbstractContextManager[None]:
        """Count a request for as long as the context lasts, unless it only controls the server."""
        if path.startswith(CONTROL):
            return nullcontext()
        route, _ = locate(path)
        if path.startswith(FILES) and "Authorization" in headers:
            self.tally.keyed_downloads += 1
        return self.tally.count(method, route if route in self._routes else "(unknown)")

    def add(self, route: str, operations: Mapping[str, Operation]) -> None:
        """Add operations that control the server, by method."""
        self._routes[route] = dict(operations)

    def answer(self, call: Call) -> Reply:
        """Let the call in or not, apply it, and return what to say about it."""
        if not call.path.startswith((CONTROL, FILES)):
            refused = self._refused(call)
            if refused is not None:
                return refused
        return self.apply(call)

    def rehearse(self, call: Call) -> Reply:
        """Answer the call as if it were applied, but leave the state as it is."""
        with self._store.undone():
            return self.answer(call)

    def apply(self, call: Call) -> Reply:
        """Apply a call that was let in and return what to say about it."""
        route, subject = locate(call.path)
        operations = self._routes.get(route, {})
        if not operations:
            detail = f"There is nothing at {call.path}."
            return refusal(404, Problem(Code.INVALID_URL, detail))
        if call.method not in operations:
            detail = f"{call.method} is not an operation of {route}."
            allowed = {"Allow": ", ".join(operations)}
            return refusal(405, Problem(Code.BAD_REQUEST, detail), headers=allowed)
        try:
            return operations[call.method](call, subject)
        except RefusedError as error:
            return error.reply

    def rate_headers(self) -> Mapping[str, str]:
        """Return the headers about the rate limit; without a limit there are none."""
        return {} if self._window is None else self._window.headers()

    def reset(self) -> None:
        """Forget all that the server knows and what was counted."""
        self._store.clear()
        self.tally.reset()
        if self._window is not None:
            self._window.reset()

    def _add(self, operations: Operations) -> None:
        for operation, answer in operations.items():
            method, route = address_of(operation)
            self._routes.setdefault(route, {})[method] = answer

    def _refused(self, call: Call) -> Reply | None:
        """Return how a call is not let in, or None if it is."""
        # Headers may hold bytes that are no text, which arrive as lone surrogates.
        sent = call.authorization.encode(errors="surrogateescape")
        if not hmac.compare_digest(sent, self._credentials) and not self._is_keyless(call):
            detail = "The request has no Authorization header with a valid key."
            return refusal(401, Problem(Code.NOT_AUTHENTICATED, detail))
        if self._window is not None and not self._window.take():
            detail = "This second has no room for another request."
            return refusal(429, Problem(Code.TOO_MANY_REQUESTS, detail))
        return None

    def _is_keyless(self, call: Call) -> bool:
        operation = named(call.method, locate(call.path)[0])
        return not call.authorization and operation in KEYLESS_OPERATIONS

    def _stats(self, _: Call, __: str) -> Reply:
        stats = {
            "requests": self.tally.requests,
            "rooms": len(self._store.rooms),
            "max_in_flight": self.tally.max_in_flight,
            "keyed_downloads": self.tally.keyed_downloads,
        }
        return document(200, stats)
