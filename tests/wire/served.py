"""Parses requests as a server does."""

from urllib.parse import parse_qsl, urlsplit

from telnyx_video._base.http import HttpRequest


def split(request: HttpRequest) -> tuple[str, str, dict[str, str]]:
    """Return the method, the path, and the query that a server would read."""
    parts = urlsplit(request.path)
    return (
        request.method,
        parts.path,
        dict(parse_qsl(parts.query, strict_parsing=bool(parts.query))),
    )
