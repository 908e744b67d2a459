"""Finds a secret in an object's text, attributes, traceback and pickle."""

from __future__ import annotations

import pickle
import traceback
from collections.abc import Iterable, Iterator, Mapping
from types import FunctionType, MethodType, ModuleType, TracebackType
from typing import Any, cast

_OPAQUE = (type, ModuleType, FunctionType, MethodType, TracebackType)


def leaks(value: object, secret: str) -> list[str]:
    """Return where the secret is found: ``error.last_error.body``, ``traceback``, ``pickle``."""
    found = [path for path, text in _texts(value, "value", set()) if secret in text]
    if isinstance(value, BaseException):
        if secret in "".join(traceback.format_exception(value)):
            found.append("traceback")
        if secret.encode() in pickle.dumps(value):
            found.append("pickle")
    return found


def _texts(value: object, path: str, seen: set[int]) -> Iterator[tuple[str, str]]:
    """Yield every text reachable by attributes, items and causes."""
    if isinstance(value, _OPAQUE) or id(value) in seen:
        return
    seen.add(id(value))
    if isinstance(value, str):
        yield path, value
        return
    if isinstance(value, bytes | bytearray):
        yield path, value.decode("latin-1")
        return
    yield f"repr({path})", repr(value)
    for name, part in _parts(value):
        yield from _texts(part, f"{path}.{name}", seen)


def _parts(value: object) -> Iterator[tuple[str, object]]:
    if isinstance(value, Mapping):
        for key, item in cast("Mapping[object, object]", value).items():
            yield "key", key
            yield str(key), item
    elif isinstance(value, list | tuple | set | frozenset):
        for index, item in enumerate(cast("Iterable[object]", value)):
            yield str(index), item
    if isinstance(value, BaseException):
        yield "args", value.args
        yield "__cause__", value.__cause__
        yield "__context__", value.__context__
    yield from _attributes(value)


def _attributes(value: Any) -> Iterator[tuple[str, object]]:
    yield from getattr(value, "__dict__", {}).items()
    for kind in type(value).__mro__:
        slots = getattr(kind, "__slots__", ())
        for name in [slots] if isinstance(slots, str) else slots:
            if hasattr(value, name):
                yield name, getattr(value, name)
