"""The one cattrs converter, compiled once: strict about types, lossless about everything else.

cattrs by itself turns ``5`` into ``"5"``; here a value of another type is an error that names its
path. Fields that the models do not know are kept in ``extra``, and nulls are remembered, so that
an object written again is the object read.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from enum import StrEnum
from types import NoneType, UnionType
from typing import TYPE_CHECKING, Any, TypeVar, Union, cast, get_args, get_origin

import attrs
from cattrs import Converter, transform_error
from cattrs.errors import IterableValidationError, IterableValidationNote
from cattrs.fns import identity
from cattrs.gen import make_dict_structure_fn, make_dict_unstructure_fn, override

from telnyx_video._text import FEW
from telnyx_video._wire.shapes import ShapeReader
from telnyx_video.errors import ResponseDecodeError
from telnyx_video.models import Model

if TYPE_CHECKING:
    from telnyx_video.models import CreateCompositionRequest, CreateRoomRequest

M = TypeVar("M", bound=Model)
K = TypeVar("K", int, str)

Hook = Callable[[Any, Any], Any]


_PLAIN = (str, int, bool, float)
_TYPE_NAMES: dict[type, str] = {
    NoneType: "null",
    bool: "a boolean",
    int: "an integer",
    float: "a number",
    str: "a string",
    list: "an array",
    dict: "an object",
}

KEPT_APART = ("delivery", "extra", "null_fields", "problem", "reply")
"""Fields of the models that are not fields of the API."""


UNREADABLE = (ExceptionGroup, TypeError)
"""What :func:`structure_data` raises for data that is not a ``cls``."""


def structure(data: Mapping[str, object], cls: type[M]) -> M:
    """Read an object as the API writes it.

    Raises:
        ResponseDecodeError: a value has the wrong type; the message names its path.
    """
    try:
        return structure_data(dict(data), cls)
    except ExceptionGroup as group:
        problem = explain(group, "$")
    raise ResponseDecodeError(f"not a {cls.__name__}: {problem}")


def structure_data(data: object, cls: type[M]) -> M:
    """The same for any data; raises ``UNREADABLE``, which :func:`explain` puts into words."""
    return _converter.structure(data, cls)


def unstructure(record: Model) -> dict[str, object]:
    """Write an object as the API would."""
    return cast("dict[str, object]", _converter.unstructure(record))


def unstructure_request(
    request: CreateRoomRequest | CreateCompositionRequest,
) -> dict[str, object]:
    """The fields of a request that are set."""
    return cast("dict[str, object]", _converter.unstructure(request))


def explain(error: BaseException, path: str) -> str:
    """All that is wrong with a value, as ``reason @ $.path``, joined by semicolons."""
    return "; ".join(transform_error(error, path, format_exception=_reason))


def _reason(error: BaseException, _: type | None) -> str:
    if isinstance(error, KeyError):
        return "required field missing"
    return str(error)


def _plain(kind: type, *, nullable: bool) -> Hook:
    """A JSON value of just this type: ``True`` is no integer, and nothing is converted."""
    # JSON does not tell 6 from 6.0: a number without a fraction is read, and kept, as it came.
    kinds = (float, int) if kind is float else (kind,)
    allowed = (*kinds, NoneType) if nullable else kinds

    def read(value: object, _: object) -> object:
        if type(value) in allowed:
            return value
        raise TypeError(f"expected {_TYPE_NAMES[kind]}, got {_type_name(value)}")

    return read


def _read_object(value: object, _: object) -> object:
    """An object that is kept as it came."""
    if type(value) is not dict:
        raise TypeError(f"expected an object, got {_type_name(value)}")
    return cast("dict[str, object]", value)


def _read_time(value: object, _: object) -> datetime:
    """A time always has a zone; one written without it is UTC, as all of the API's times are."""
    if type(value) is not str:
        raise TypeError(f"expected an ISO 8601 time, got {_type_name(value)}")
    try:
        time = datetime.fromisoformat(value)
    except ValueError:
        raise ValueError(f"not an ISO 8601 time: {value[:40]!r}") from None
    return time if time.tzinfo is not None else time.replace(tzinfo=UTC)


def write_time(value: datetime) -> str:
    """ISO 8601, as the API writes it."""
    text = value.isoformat()
    return f"{text[:-6]}Z" if text.endswith("+00:00") else text


def _type_name(value: object) -> str:
    return _TYPE_NAMES.get(type(value), type(value).__name__)


def _is_nullable(kind: object) -> bool:
    """Whether it is ``T | None``, as the fields of all replies are."""
    arguments = get_args(kind)
    return get_origin(kind) in (Union, UnionType) and len(arguments) == 2 and NoneType in arguments


def _without_null(kind: Any) -> Any:
    if not _is_nullable(kind):
        return kind
    (inner,) = (argument for argument in get_args(kind) if argument is not NoneType)
    return inner


def _read_nullable(kind: object, converter: Converter) -> Hook:
    """``T | None`` in one call for plain types."""
    inner = _without_null(kind)
    if inner in _PLAIN:
        return _plain(inner, nullable=True)
    read = converter.get_structure_hook(inner)

    def read_nullable(value: object, _: object) -> object:
        return None if value is None else read(value, inner)

    return read_nullable


def _read_word(kind: object, _: Converter) -> Hook:
    """One of the words that an enumeration has, or any other, which stays a plain string."""
    (words,) = _enumerations(kind)
    members = {member.value: member for member in words}
    read_text = _plain(str, nullable=True)

    def read_word(value: object, _: object) -> object:
        text = read_text(value, str)
        return members.get(cast("str", text), text)

    return read_word


def _read_list(kind: type, converter: Converter) -> Hook:
    """An array of one kind."""
    (inner,) = get_args(kind)
    read = converter.get_structure_hook(inner)

    def read_list(value: object, _: object) -> object:
        if type(value) is not list:
            raise TypeError(f"expected an array, got {_type_name(value)}")
        return [*_items(enumerate(cast("list[object]", value)), read, inner).values()]

    return read_list


def _read_dict(kind: type, converter: Converter) -> Hook:
    """An object of one kind of value, whose names are not ours but the caller's."""
    _, inner = get_args(kind)
    read = converter.get_structure_hook(inner)

    def read_dict(value: object, _: object) -> object:
        if type(value) is not dict:
            raise TypeError(f"expected an object, got {_type_name(value)}")
        return _items(cast("dict[str, object]", value).items(), read, inner)

    return read_dict


def _items(values: Iterable[tuple[K, object]], read: Hook, inner: type) -> dict[K, object]:
    """Read each; of many wrong items the first few are reported, and no more read."""
    items: dict[K, object] = {}
    errors: list[Exception] = []
    for key, value in values:
        try:
            items[key] = read(value, inner)
        except UNREADABLE as error:
            error.add_note(IterableValidationNote(f"[{key!r}]", key, inner))
            errors.append(error)
            if len(errors) == FEW:
                break
    if errors:
        raise IterableValidationError(
            "among many",
            errors,
            inner,  # pyright: ignore[reportCallIssue] # stubs know of two
        )
    return items


def _read_sources(converter: Converter) -> Hook:
    """The recordings of a region: ids, or the one word ``"*"``, which stands for all."""
    read_list = converter.get_structure_hook(list[str])

    def read_sources(value: object, _: object) -> object:
        return value if value is None or type(value) is str else read_list(value, list[str])

    return read_sources


def _read_record(cls: type[Model], converter: Converter) -> Hook:
    sources = _read_sources(converter)
    overrides = {name: override(omit=True) for name in KEPT_APART}
    overrides["video_sources"] = override(struct_hook=sources)
    read = make_dict_structure_fn(cls, converter, **overrides)  # type: ignore[arg-type] # by name
    kinds = {a.name: _without_null(a.type) for a in attrs.fields(attrs.resolve_types(cls))}
    hooks = {
        name: (sources if name == "video_sources" else converter.get_structure_hook(kind), kind)
        for name, kind in kinds.items()
        if name not in KEPT_APART and kind not in _PLAIN
    }
    reader = ShapeReader(cls, lambda data: read(data, cls), _api_fields(cls), hooks)

    def read_record(data: object, _: object) -> Model:
        if type(data) is not dict:
            raise TypeError(f"expected an object, got {_type_name(data)}")
        return reader.read(cast("dict[str, object]", data))

    return read_record


def _write_nullable(kind: object, converter: Converter) -> Callable[[object], object]:
    """``T | None`` of a plain type is written as it is, without the detour that cattrs takes."""
    inner = _without_null(kind)
    if inner in _PLAIN:
        return identity
    write = converter.get_unstructure_hook(inner)
    return lambda value: None if value is None else write(value)


def _write_word(_: object, __: Converter) -> Callable[[object], object]:
    """A member of an enumeration is written as the plain string that it stands for."""
    return lambda value: None if value is None else str(value)


def _write_record(cls: type[Model], converter: Converter) -> Callable[[Model], object]:
    write = make_dict_unstructure_fn(
        cls,
        converter,
        _cattrs_omit_if_default=True,
        **{name: override(omit=True) for name in KEPT_APART},  # type: ignore[arg-type] # by name
    )

    def write_record(record: Model) -> object:
        nulls = (name for name in record.null_fields if getattr(record, name) is None)
        return write(record) | dict.fromkeys(nulls) | record.extra

    return write_record


def _write_request(cls: type[object], converter: Converter) -> Callable[[object], object]:
    return make_dict_unstructure_fn(cls, converter, _cattrs_omit_if_default=True)


def _api_fields(cls: type[Model]) -> frozenset[str]:
    return frozenset(a.name for a in attrs.fields(cls)) - set(KEPT_APART)


def _enumerations(kind: object) -> list[type[StrEnum]]:
    """The enumeration in ``Words | str`` and ``Words | str | None``, alone in a list."""
    arguments = get_args(kind) if get_origin(kind) in (Union, UnionType) else ()
    return [a for a in arguments if isinstance(a, type) and issubclass(a, StrEnum)]


def _is_word(kind: object) -> bool:
    return bool(_enumerations(kind))


def _is_list(kind: object) -> bool:
    return get_origin(kind) is list


def _is_object(kind: object) -> bool:
    return kind == dict[str, object]


def _is_dict(kind: object) -> bool:
    return get_origin(kind) is dict


def _is_record(kind: object) -> bool:
    return isinstance(kind, type) and issubclass(kind, Model)


def _is_request(kind: object) -> bool:
    return isinstance(kind, type) and attrs.has(kind) and not issubclass(kind, Model)


def _make_converter() -> Converter:
    converter = Converter(detailed_validation=True)
    for kind in _PLAIN:
        converter.register_structure_hook(kind, _plain(kind, nullable=False))
    converter.register_structure_hook(datetime, _read_time)
    converter.register_unstructure_hook(datetime, write_time)
    converter.register_structure_hook_factory(_is_nullable, _read_nullable)
    converter.register_unstructure_hook_factory(_is_nullable, _write_nullable)
    converter.register_structure_hook_factory(_is_word, _read_word)
    converter.register_unstructure_hook_factory(_is_word, _write_word)
    converter.register_structure_hook_factory(_is_list, _read_list)
    converter.register_structure_hook_factory(_is_dict, _read_dict)
    converter.register_structure_hook_func(_is_object, _read_object)
    converter.register_unstructure_hook_func(_is_object, identity)
    converter.register_structure_hook_factory(_is_record, _read_record)
    converter.register_unstructure_hook_factory(_is_record, _write_record)
    converter.register_unstructure_hook_factory(_is_request, _write_request)
    return converter


_converter = _make_converter()
