"""The one cattrs converter, compiled once: strict about types, lossless about everything else.

cattrs by itself turns ``5`` into ``"5"``; here a value of another type is an error that names its
path. Fields that the models do not know are kept in ``extra``, and nulls are remembered, so that
an object written again is the object read.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, TypeVar, cast, get_args

import attrs
from cattrs import Converter, transform_error
from cattrs.errors import IterableValidationError, IterableValidationNote
from cattrs.fns import identity
from cattrs.gen import make_dict_structure_fn, make_dict_unstructure_fn, override

from telnyx_video._base.errors import ResponseDecodeError
from telnyx_video._base.text import FEW
from telnyx_video.models import Model
from telnyx_video.models._kinds import (
    KEPT_APART,
    PLAIN,
    api_fields,
    enumerations,
    is_dict,
    is_list,
    is_nullable,
    is_object,
    is_record,
    is_request,
    is_setting,
    is_word,
    without_null,
)
from telnyx_video.models._shapes import ShapeReader
from telnyx_video.models._values import (
    Hook,
    mistyped,
    plain_reader,
    read_array,
    read_object,
    read_time,
    write_time,
)

if TYPE_CHECKING:
    from telnyx_video.models import CreateCompositionRequest, CreateRoomRequest

M = TypeVar("M", bound=Model)
K = TypeVar("K", int, str)

UNREADABLE = (ExceptionGroup, TypeError)
"""What :func:`structure_data` raises for data that is not a ``cls``."""


def structure(data: object, cls: type[M]) -> M:
    """Read an object as the API writes it.

    Raises:
        ResponseDecodeError: a value has the wrong type; the message names its path.
    """
    if isinstance(data, Mapping):
        data = dict(cast("Mapping[str, object]", data))
    try:
        return structure_data(data, cls)
    except UNREADABLE as error:
        problem = explain(error, "$")
    raise ResponseDecodeError(f"not a {cls.__name__}: {problem}")


def structure_data(data: object, cls: type[M]) -> M:
    """The same for any data; raises ``UNREADABLE``, which :func:`explain` puts into words."""
    return _converter.structure(data, cls)


def unstructure(record: Model) -> dict[str, object]:
    """Write an object as the API would."""
    fields: dict[str, object] = _converter.unstructure(record)
    return fields


def unstructure_request(
    request: CreateRoomRequest | CreateCompositionRequest,
) -> dict[str, object]:
    """The fields of a request that are set."""
    fields: dict[str, object] = _converter.unstructure(request)
    return fields


def explain(error: BaseException, path: str) -> str:
    """All that is wrong with a value, as ``reason @ $.path``, joined by semicolons."""
    return "; ".join(transform_error(error, path, format_exception=_reason))


def _reason(error: BaseException, _: type | None) -> str:
    if isinstance(error, KeyError):
        return "required field missing"
    return str(error)


def _read_nullable(kind: object, converter: Converter) -> Hook:
    """``T | None`` in one call for plain types."""
    inner = without_null(kind)
    if inner in PLAIN:
        return plain_reader(inner, nullable=True)
    read = converter.get_structure_hook(inner)

    def read_nullable(value: object, _: object) -> object:
        return None if value is None else read(value, inner)

    return read_nullable


def _read_word(kind: object, _: Converter) -> Hook:
    """One of the words that an enumeration has, or any other, which stays a plain string."""
    (words,) = enumerations(kind)
    members = {member.value: member for member in words}
    read_text = plain_reader(str, nullable=True)

    def read_word(value: object, _: object) -> object:
        text = read_text(value, str)
        return members.get(cast("str", text), text)

    return read_word


def _read_list(kind: type, converter: Converter) -> Hook:
    """An array of one kind."""
    (inner,) = get_args(kind)
    read = converter.get_structure_hook(inner)

    def read_list(value: object, _: object) -> object:
        return [*_items(enumerate(read_array(value, kind)), read, inner).values()]

    return read_list


def _read_dict(kind: type, converter: Converter) -> Hook:
    """An object of one kind of value, whose names are not ours but the caller's."""
    _, inner = get_args(kind)
    read = converter.get_structure_hook(inner)

    def read_dict(value: object, _: object) -> object:
        return _items(read_object(value, kind).items(), read, inner)

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
    kinds = {a.name: without_null(a.type) for a in attrs.fields(attrs.resolve_types(cls))}
    hooks = {
        name: (sources if name == "video_sources" else converter.get_structure_hook(kind), kind)
        for name, kind in kinds.items()
        if name not in KEPT_APART and kind not in PLAIN
    }
    reader = ShapeReader(cls, lambda data: read(data, cls), frozenset(api_fields(cls)), hooks)

    def read_record(data: dict[str, object], _: object) -> Model:
        if type(data) is not dict:  # any value of JSON may come
            raise mistyped(dict, data)
        return reader.read(data)

    return read_record


def _write_nullable(kind: object, converter: Converter) -> Callable[[object], object]:
    """``T | None`` of a plain type is written as it is, without the detour that cattrs takes."""
    inner = without_null(kind)
    if inner in PLAIN:
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


def flat_writer(cls: type[Model]) -> Callable[[Model], dict[str, object]]:
    """What makes a dictionary of a record's fields, with their values as they are."""
    as_it_is = {name: override(unstruct_hook=identity) for name in api_fields(cls)}
    return make_dict_unstructure_fn(
        cls,
        _converter,
        _cattrs_omit_if_default=True,
        **{name: override(omit=True) for name in KEPT_APART} | as_it_is,  # type: ignore[arg-type] # by name
    )


def _write_request(cls: type[object], converter: Converter) -> Callable[[object], object]:
    return make_dict_unstructure_fn(cls, converter, _cattrs_omit_if_default=True)


def _make_converter() -> Converter:
    converter = Converter(detailed_validation=True)
    for kind in PLAIN:
        converter.register_structure_hook(kind, plain_reader(kind, nullable=False))
    converter.register_structure_hook(datetime, read_time)
    converter.register_unstructure_hook(datetime, write_time)
    converter.register_structure_hook_factory(is_nullable, _read_nullable)
    converter.register_unstructure_hook_factory(is_nullable, _write_nullable)
    converter.register_structure_hook_factory(is_word, _read_word)
    converter.register_unstructure_hook_func(is_setting, identity)
    converter.register_unstructure_hook_factory(is_word, _write_word)
    converter.register_structure_hook_factory(is_list, _read_list)
    converter.register_structure_hook_factory(is_dict, _read_dict)
    converter.register_structure_hook_func(is_object, read_object)
    converter.register_unstructure_hook_func(is_object, identity)
    converter.register_structure_hook_factory(is_record, _read_record)
    converter.register_unstructure_hook_factory(is_record, _write_record)
    converter.register_unstructure_hook_factory(is_request, _write_request)
    return converter


_converter = _make_converter()
