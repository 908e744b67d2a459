"""JSON by orjson where it is installed (the extra ``speed``), else by the standard library.

Both refuse what JSON does not have: ``NaN``, ``Infinity``, byte-order marks, lone surrogates.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import partial
from math import isfinite
from typing import Any

__all__ = ["dumps", "dumps_objects", "loads"]

Default = Callable[[object], object]
"""Turns what JSON does not have into what it has; for the rest it raises ``TypeError``."""


def _refuse_constant(constant: str) -> object:
    raise ValueError(f"{constant} is not JSON")


def _read_float(text: str) -> float:
    value = float(text)
    if not isfinite(value):
        raise ValueError(f"{text[:20]} is too large")
    return value


def _read_int(text: str) -> float:
    """Beyond 64 bits an integer is a float, as with orjson."""
    value = int(text) if len(text) < 25 else _read_float(text)
    return value if -(2**63) <= value < 2**64 else _read_float(text)


_decode = json.JSONDecoder(
    parse_constant=_refuse_constant, parse_float=_read_float, parse_int=_read_int
).decode
_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode


def stdlib_loads(body: bytes) -> object:
    """Read JSON; anything else is a ``ValueError``, whatever its depth."""
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


def stdlib_dumps_objects(value: object, default: Default) -> bytes:
    """Write compact UTF-8, asking ``default`` for whatever JSON does not have."""
    encoder = json.JSONEncoder(
        ensure_ascii=False, separators=(",", ":"), allow_nan=False, default=default
    )
    return encoder.encode(value).encode()


loads: Callable[[bytes], Any]
dumps: Callable[[object], bytes]
dumps_objects: Callable[[object, Default], bytes]
try:
    import orjson
except ImportError:
    loads, dumps, dumps_objects = stdlib_loads, stdlib_dumps, stdlib_dumps_objects
else:
    loads, dumps = orjson.loads, orjson.dumps
    # Times in UTC are written by orjson itself.
    dumps_objects = partial(orjson.dumps, option=orjson.OPT_UTC_Z)
