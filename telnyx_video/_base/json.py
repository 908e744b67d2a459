"""JSON by orjson if it is installed (the extra ``speed``), else by the standard library.

Both refuse ``NaN``, ``Infinity``, byte-order marks and lone surrogates, which are not JSON.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from math import isfinite
from typing import Any, cast

__all__ = ["MAX_DEPTH", "dumps", "is_deep", "is_json", "loads"]

MAX_DEPTH = 200
"""Levels of arrays and objects that a value of unknown content may have. orjson writes at most 254,
and the standard library fails somewhere before 1000, by how deep its caller's stack is."""


def is_deep(value: object) -> bool:
    """Test whether a value has more than ``MAX_DEPTH`` levels, without recursion."""
    level: dict[int, object] = {id(value): value} if type(value) in (dict, list) else {}
    for _ in range(MAX_DEPTH):
        level = {id(item): item for parent in level.values() for item in _containers(parent)}
        if not level:
            return False
    return True


def is_json(value: object) -> bool:
    """Test whether JSON can express a value as it is; the encoders turn others into some JSON."""
    if isinstance(value, dict):
        fields = cast("dict[object, object]", value)
        return all(isinstance(name, str) and is_json(field) for name, field in fields.items())
    if isinstance(value, list | tuple):
        return all(map(is_json, cast("Iterable[object]", value)))
    return (
        value is None
        or isinstance(value, str | int)
        or (isinstance(value, float) and isfinite(value))
    )


def _containers(parent: object) -> Iterator[object]:
    items = cast("Iterable[object]", parent.values() if isinstance(parent, dict) else parent)
    return (item for item in items if type(item) in (dict, list))


def _refuse_constant(constant: str) -> object:
    raise ValueError(f"{constant} is not JSON")


def _read_float(text: str) -> float:
    value = float(text)
    if not isfinite(value):
        raise ValueError(f"{text[:20]} is too large")
    return value


def _read_int(text: str) -> float:
    """Read an integer of more than 64 bits as a float, as orjson does."""
    value = int(text) if len(text) < 25 else _read_float(text)
    return value if -(2**63) <= value < 2**64 else _read_float(text)


_decode = json.JSONDecoder(
    parse_constant=_refuse_constant, parse_float=_read_float, parse_int=_read_int
).decode
_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode


def stdlib_loads(body: bytes) -> object:
    """Read JSON; raise ``ValueError`` if it is invalid or nested too deeply."""
    try:
        value = _decode(body.decode())
        if b"\\ud" in body or b"\\uD" in body:
            stdlib_dumps(value)  # an escaped lone surrogate would fail later, far from its cause
    except RecursionError:
        raise ValueError("nested too deeply") from None
    return value


def stdlib_dumps(value: object) -> bytes:
    """Write compact UTF-8."""
    return _encode(value).encode()


loads: Callable[[bytes], Any]
dumps: Callable[[object], bytes]
try:
    import orjson
except ImportError:
    loads, dumps = stdlib_loads, stdlib_dumps
else:
    loads, dumps = orjson.loads, orjson.dumps
