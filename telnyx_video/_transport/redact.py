"""Redacts secrets: replies and errors may repeat the key or a password."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Final

import attrs
from multidict import CIMultiDict, CIMultiDictProxy

MIN_LENGTH: Final = 16
"""Characters that a key has at least; shorter ones, as in tests, may stand in any reply."""

REDACTED: Final = "[API key]"

_USERINFO = re.compile(r"(?<=://)[^/\s]*@")
"""User and password in a URL."""


@attrs.frozen
class Credential:
    """The API key: sent with each request, and never shown."""

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

    def redact(self, text: str) -> str:
        """Return the text without the key, and without user and password in URLs."""
        if self._is_secret:
            text = text.replace(self.value, REDACTED)
        return _USERINFO.sub("", text)

    def redact_headers(self, headers: Mapping[str, str]) -> Mapping[str, str]:
        """Return all headers of a reply, without the key; names are case-insensitive."""
        items = ((name, self.redact(value)) for name, value in headers.items())
        return CIMultiDictProxy(CIMultiDict(items))

    def redact_reply(
        self, headers: Mapping[str, str], body: bytes
    ) -> tuple[Mapping[str, str], bytes]:
        """Return a reply without the key, which some servers repeat when they refuse it."""
        if not self._is_secret:
            return headers, body
        if b"\\" in body and b"\\u" in body:  # one byte is found faster, and mostly absent
            body = _unescape(body)
        if self._bytes in body:
            body = body.replace(self._bytes, REDACTED.encode())
        if self.value in headers.get("x-request-id", ""):
            headers = {
                name.lower(): value.replace(self.value, REDACTED) for name, value in headers.items()
            }
        return headers, body


def _unescape(body: bytes) -> bytes:
    """Write JSON without escapes of characters, so that nothing hides in them."""
    try:
        return json.dumps(json.loads(body), ensure_ascii=False).encode()
    except (ValueError, RecursionError):
        return body
