"""Builds the bytes that a fault sends in place of the true reply. Does no I/O."""

import json
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from email.utils import formatdate
from functools import cache
from http import HTTPStatus
from itertools import repeat
from typing import Any, cast
from uuid import NAMESPACE_URL, uuid5

import attrs
from multidict import CIMultiDict

from telnyx_video.sandbox.faults.fields import Fault, Point
from telnyx_video.sandbox.replies import Code, Problem, Reply, bare_refusal, document, refusal

_MEBIBYTE = 1024 * 1024
_BOMB_SIZE = 72 * _MEBIBYTE
_BODILESS = (204, 205, 304)
_MID_STATUS = 10  # bytes: the middle of a status line is after the first digit of its status
_GZIP = 31  # of zlib: a gzip header, and the largest window
_ENDLESS_PIECE = b" " * 65536  # white space, which a JSON parser skips

_CODES = {
    401: Code.NOT_AUTHENTICATED,
    403: Code.NOT_AUTHORIZED,
    404: Code.NOT_FOUND,
    408: Code.TIMEOUT,
    415: Code.MEDIA_TYPE,
    429: Code.TOO_MANY_REQUESTS,
}

Part = tuple[Point, Iterable[bytes]]
"""The point that the exchange reaches after these bytes, and the bytes."""


@attrs.frozen
class Body:
    """The body that is sent, before framing."""

    content: bytes
    media_type: str = "application/json"
    encoding: str | None = None
    endless: bool = False


def corrupt_body(fault: Fault, reply: Reply) -> tuple[int | None, Body]:
    """Return the status and the body that the fault sends; the status is None for raw bytes."""
    if fault.raw is not None:
        return None, Body(fault.raw.encode("latin-1"))
    status = fault.status or reply.status
    return status, _body(fault, reply, status)


def corrupt(
    fault: Fault, reply: Reply, headers: Mapping[str, str], *, now: float
) -> Iterator[Part]:
    """Yield the parts of the answer that the fault sends in place of the true reply.

    Args:
        fault: The fault.
        reply: The true reply.
        headers: The common headers of replies.
        now: The time, in seconds since 1970.
    """
    status, body = corrupt_body(fault, reply)
    if status is None:
        yield "end", [body.content]
        return
    start = f"HTTP/1.1 {status} {_phrase(status)}\r\n".encode()
    lines = CIMultiDict({"Date": formatdate(now, usegmt=True), **headers, **reply.headers})
    first, rest = (b"", ()) if status in _BODILESS else _framed(body, fault.framing)
    if status not in _BODILESS:
        _describe(lines, body, fault.framing)
    _override(lines, fault.headers, now)
    fields = "".join(f"{name}: {value}\r\n" for name, value in lines.items()).encode("latin-1")
    half = len(fields) // 2
    yield "status", [start[:_MID_STATUS]]
    yield "headers", [start[_MID_STATUS:] + fields[:half]]
    yield "body", [fields[half:] + b"\r\n" + first]
    yield "end", rest


def interim(status: int) -> bytes:
    """Return an informational reply."""
    return f"HTTP/1.1 {status} {_phrase(status)}\r\n\r\n".encode()


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "Unknown"


def _describe(lines: "CIMultiDict[str]", body: Body, framing: str) -> None:
    if body.content:
        lines["Content-Type"] = body.media_type
    if body.encoding:
        lines["Content-Encoding"] = body.encoding
    if framing == "close":
        lines["Connection"] = "close"
    elif framing in ("chunked", "bad_chunk") or body.endless:
        lines["Transfer-Encoding"] = "chunked"
    else:
        lines["Content-Length"] = str(len(body.content))
        if framing == "two_lengths":
            lines.add("Content-Length", str(len(body.content) + 1))


def _override(lines: "CIMultiDict[str]", headers: Mapping[str, Any], now: float) -> None:
    for name, value in headers.items():
        lines.popall(name, None)
        if value is not None:
            lines[name] = _header_value(value, now)


def _header_value(value: Any, now: float) -> str:
    if not isinstance(value, dict):
        return str(value)
    ((key, amount),) = cast("dict[str, Any]", value).items()
    return "x" * amount if key == "size" else formatdate(now + amount, usegmt=True)


def _framed(body: Body, framing: str) -> tuple[bytes, Iterable[bytes]]:
    """Return the bytes before the middle of the body, and those after."""
    if body.endless:
        piece = body.content if framing == "close" else _chunk(body.content)
        return piece, repeat(piece)
    wire = body.content
    if framing == "bad_chunk":
        wire = b"no size\r\n" + wire + b"\r\n0\r\n\r\n"
    middle = len(wire) // 2
    first, rest = wire[:middle], wire[middle:]
    if framing == "chunked":
        # Two chunks: at the middle, a client has read exactly one.
        return _chunk(first), [_chunk(rest), b"0\r\n\r\n"]
    return first, [rest]


def _chunk(data: bytes) -> bytes:
    return b"%x\r\n%s\r\n" % (len(data), data) if data else b""


def _body(fault: Fault, reply: Reply, status: int) -> Body:
    wanted = fault.body
    if isinstance(wanted, dict):
        ((key, inside),) = cast("dict[str, Any]", wanted).items()
        if key == "json":
            return Body(json.dumps(inside).encode())
        return Body(str(inside).encode(errors="surrogatepass"), "text/plain; charset=utf-8")
    if isinstance(wanted, str):
        return _BODIES[wanted](reply, status)
    if fault.status is None:
        return _doubled(reply) if fault.list == "doubled" else _true(reply)
    if status >= 400:
        return _error(reply, status)
    return Body(b"") if status >= 300 else _true(reply)


def _true(reply: Reply) -> Body:
    return Body(reply.body, reply.media_type)


def _error(_: Reply, status: int) -> Body:
    code = _CODES.get(status, Code.UNEXPECTED if status >= 500 else Code.BAD_REQUEST)
    problem = Problem(code, "A fault of the sandbox, as scripted.")
    # The API publishes one bare error for these two.
    build = bare_refusal if status in (403, 404) else refusal
    return Body(build(status, problem).body)


def _html(_: Reply, status: int) -> Body:
    title = f"{status} {_phrase(status)}"
    page = f"<html><head><title>{title}</title></head><body><h1>{title}</h1></body></html>"
    return Body(page.encode(), "text/html")


def _edited(edit: Callable[[dict[str, Any]], dict[str, Any]]) -> Callable[[Reply, int], Body]:
    """Return a corruption that edits the object, or each object, of a success."""

    def corruption(reply: Reply, _: int) -> Body:
        content = _content(reply)
        if "data" not in content:
            return _true(reply)
        data: Any = content["data"]
        rooms = cast("list[dict[str, Any]]", data if isinstance(data, list) else [data])
        edited = [edit(room) for room in rooms]
        shown = edited if isinstance(data, list) else edited[0]
        return Body(document(0, {**content, "data": shown}).body)

    return corruption


def _cut_short(reply: Reply, _: int) -> Body:
    return Body((reply.body or b"{}")[:-1]) if _is_json(reply) else _true(reply)


def _of_wrong_types(room: dict[str, Any]) -> dict[str, Any]:
    return {name: 17 if isinstance(value, str) else "text" for name, value in room.items()}


def _without_id(room: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in room.items() if name != "id"}


def _is_json(reply: Reply) -> bool:
    return reply.media_type == "application/json"


def _content(reply: Reply) -> dict[str, Any]:
    """Return the object in a reply; {} for an empty reply or a file."""
    if reply.body and _is_json(reply):
        return cast("dict[str, Any]", json.loads(reply.body))
    return {}


def _doubled(reply: Reply) -> Body:
    """Return a list that shows each object again, under a second id derived from the first."""
    content = _content(reply)
    if not isinstance(content.get("data"), list):
        return _true(reply)
    twins = [{**room, "id": str(uuid5(NAMESPACE_URL, room["id"]))} for room in content["data"]]
    data = [room for pair in zip(content["data"], twins, strict=True) for room in pair]
    meta = {**content["meta"], "total_results": 2 * content["meta"]["total_results"]}
    return Body(document(0, {"data": data, "meta": meta}).body)


def _taken(pointer: str) -> Callable[[Reply, int], Body]:
    detail = f"Another room has this {pointer.removeprefix('/')}."
    problem = Problem(Code.DUPLICATE, detail, pointer=pointer)
    return lambda _, status: Body(refusal(status, problem).body)


def _taken_by_key(_: Reply, status: int) -> Body:
    messages = {"unique_name_not_unique_for_user_id": ["has already been taken"]}
    return Body(document(status, {"errors": messages}).body)


@cache
def _bomb() -> bytes:
    packer = zlib.compressobj(zlib.Z_BEST_COMPRESSION, wbits=_GZIP)
    pieces = [packer.compress(b" " * _MEBIBYTE) for _ in range(_BOMB_SIZE // _MEBIBYTE)]
    return b"".join([*pieces, packer.flush()])


_BODIES: Mapping[str, Callable[[Reply, int], Body]] = {
    "error": _error,
    "empty": lambda _, __: Body(b""),
    "html": _html,
    "bad_json": _cut_short,
    "no_id": _edited(_without_id),
    "wrong_types": _edited(_of_wrong_types),
    "bad_gzip": lambda reply, _: Body(reply.body or b"{}", encoding="gzip"),
    "bomb": lambda _, __: Body(_bomb(), encoding="gzip"),
    "endless": lambda _, __: Body(_ENDLESS_PIECE, endless=True),
    "duplicate": _taken("/unique_name"),
    "duplicate_map": _taken_by_key,
    "duplicate_other": _taken("/webhook_event_url"),
}
