"""What the fields of the models are declared as, and which of them are the API's."""

from __future__ import annotations

from enum import StrEnum
from types import NoneType, UnionType
from typing import Any, Union, get_args, get_origin

import attrs

from telnyx_video.models import Model, Unset

PLAIN = (str, int, bool, float)
"""Types whose values JSON has, and which need not be looked into."""

KEPT_APART = ("delivery", "extra", "null_fields", "problem", "reply")
"""Fields of the models that are not fields of the API."""


def api_fields(cls: type[Model]) -> tuple[str, ...]:
    """The names of a model's fields in the API, in the model's order."""
    return tuple(a.name for a in attrs.fields(cls) if a.name not in KEPT_APART)


def is_nullable(kind: object) -> bool:
    """Whether it is ``T | None``, as the fields of all replies are."""
    arguments = get_args(kind)
    return get_origin(kind) in (Union, UnionType) and len(arguments) == 2 and NoneType in arguments


def without_null(kind: Any) -> Any:
    """The ``T`` of ``T | None``; any other kind as it is."""
    if not is_nullable(kind):
        return kind
    (inner,) = (argument for argument in get_args(kind) if argument is not NoneType)
    return inner


def is_setting(kind: object) -> bool:
    """Whether it is a plain value that may be left out, as the fields of requests are."""
    arguments = {*get_args(kind)} if get_origin(kind) in (Union, UnionType) else set[object]()
    return Unset in arguments and arguments <= {Unset, NoneType, *PLAIN}


def enumerations(kind: object) -> list[type[StrEnum]]:
    """The enumeration in ``Words | str`` and ``Words | str | None``, alone in a list."""
    arguments = get_args(kind) if get_origin(kind) in (Union, UnionType) else ()
    return [a for a in arguments if isinstance(a, type) and issubclass(a, StrEnum)]


def is_word(kind: object) -> bool:
    """Whether it is a word of an enumeration, or any other string."""
    return bool(enumerations(kind))


def is_list(kind: object) -> bool:
    """Whether it is an array of one kind."""
    return get_origin(kind) is list


def is_object(kind: object) -> bool:
    """Whether it is an object of any content."""
    return kind == dict[str, object]


def is_dict(kind: object) -> bool:
    """Whether it is an object of one kind of value."""
    return get_origin(kind) is dict


def is_record(kind: object) -> bool:
    """Whether it is a model of what the API sends."""
    return isinstance(kind, type) and issubclass(kind, Model)


def is_request(kind: object) -> bool:
    """Whether it is a model of what the API is sent, and nothing else."""
    return isinstance(kind, type) and attrs.has(kind) and not issubclass(kind, Model)
