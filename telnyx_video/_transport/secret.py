"""The API key, and keeping it out of whatever is shown: replies and errors may repeat it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Final

import attrs

MIN_LENGTH: Final = 16
"""Characters that a key has at least; shorter ones, as in tests, may stand in any reply."""

REDACTED: Final = "[API key]"


@attrs.frozen
class Key:
    """The key; where it must be sent, and nowhere else."""

    value: str = attrs.field(repr=False)
    _bytes: bytes = attrs.field(
        init=False, repr=False, default=attrs.Factory(lambda self: self.value.encode(), True)
    )
    _is_secret: bool = attrs.field(
        init=False,
        repr=False,
        default=attrs.Factory(lambda self: len(self.value) >= MIN_LENGTH, True),
    )

    @property
    def authorization(self) -> str:
        """The value of the ``Authorization`` header."""
        return f"Bearer {self.value}"

    def hidden_in(self, text: str) -> str:
        """The text without the key."""
        return text.replace(self.value, REDACTED) if self._is_secret else text

    def hidden_in_reply(
        self, headers: Mapping[str, str], body: bytes
    ) -> tuple[Mapping[str, str], bytes]:
        """A reply without the key, which some servers repeat when they refuse it."""
        if not self._is_secret:
            return headers, body
        if b"\\" in body and b"\\u" in body:  # one byte is found faster, and mostly absent
            body = _unescaped(body)
        if self._bytes in body:
            body = body.replace(self._bytes, REDACTED.encode())
        if self.value in headers.get("x-request-id", ""):
            headers = {name.lower(): self.hidden_in(value) for name, value in headers.items()}
        return headers, body


def _unescaped(body: bytes) -> bytes:
    """JSON with its characters as they are, so that nothing hides in escapes."""
    try:
        return json.dumps(json.loads(body), ensure_ascii=False).encode()
    except (ValueError, RecursionError):
        return body
