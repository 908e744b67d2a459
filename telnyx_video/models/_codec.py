"""The one cattrs converter: models from and to JSON-like values, without loss.

It is strict about types and lossless about everything else. cattrs by itself turns ``5`` into
``"5"``; here a value of another type is an error that names its path. Unknown fields are kept in
``extra`` and nulls in ``null_fields``, so that an object is written as it was read.

The models import this module. It recognizes a model of a reply by its field ``null_fields``; any
other attrs class is a request, which cattrs writes without help. cattrs is imported at first use:
that is a tenth of the time that importing the package takes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from enum import Enum, StrEnum
from functools import cache
from types import NoneType, UnionType
from typing import TYPE_CHECKING, Any, Final, Literal, TypeVar, Union, cast, get_args, get_origin

import attrs

from telnyx_video._base.errors import ResponseDecodeError
from telnyx_video._base.json import MAX_DEPTH, is_deep
from telnyx_video._base.text import FEW

if TYPE_CHECKING:
    from cattrs import Converter

T = TypeVar("T")

Hook = Callable[[Any, Any], Any]
"""Reads a value as a type, as cattrs calls it."""

Writer = Callable[[Any], dict[str, object]]
"""Writes a model."""

PLAIN: Final = (str, int, bool, float)
"""Types whose values are the same in JSON and in a model."""

LOCAL_FIELDS: Final = ("delivery", "extra", "null_fields", "problem", "reply")
"""Fields of the models that are not fields of the API."""

UNREADABLE: Final = (ExceptionGroup, TypeError)
"""What :func:`structure_data` raises for data that is not a ``cls``."""


class Unset(Enum):
    """The type of ``UNSET``."""

    UNSET = "UNSET"

    def __repr__(self) -> str:
        return "UNSET"

    def __bool__(self) -> Literal[False]:
        return False


UNSET: Final = Unset.UNSET
"""Means "not given": the field is left out of the request, and the API's default applies."""


def structure(data: object, cls: type[T]) -> T:
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


def structure_data(data: object, cls: type[T], reply: object = None) -> T:
    """Read a model of a reply from a JSON value; raises ``UNREADABLE``, for :func:`explain`.

    Args:
        reply: The facts of the reply, for the model's field ``reply``.
    """
    record: T = _reader(cls)(data, cls, reply)  # type: ignore[arg-type] # mypy takes no class for hashable
    return record


def unstructure(record: object) -> dict[str, object]:
    """Write a model as the API would, or the fields of a request that are set."""
    return _writer(type(record))(record)  # type: ignore[arg-type] # mypy takes no class for hashable


def explain(error: BaseException, path: str) -> str:
    """Describe everything wrong with a value as ``reason @ $.path``, joined by semicolons."""
    from cattrs import transform_error

    return "; ".join(transform_error(error, path, format_exception=_reason))


def api_fields(cls: type[attrs.AttrsInstance]) -> tuple[str, ...]:
    """The names of a model's fields in the API, in the model's order."""
    return tuple(a.name for a in attrs.fields(cls) if a.name not in LOCAL_FIELDS)


@cache
def _converter() -> Converter:
    from cattrs import Converter
    from cattrs.fns import identity

    converter = Converter(detailed_validation=True, omit_if_default=True)
    for kind in PLAIN:
        converter.register_structure_hook(kind, _plain_reader(kind))
    converter.register_structure_hook(datetime, _read_time)
    converter.register_unstructure_hook(datetime, _write_time)
    converter.register_unstructure_hook_func(_is_plain, identity)
    converter.register_structure_hook_factory(_is_enumeration, _enumeration_reader)
    converter.register_unstructure_hook_func(_is_enumeration, _write_word)
    converter.register_structure_hook_factory(_is_container, _container_reader)
    converter.register_structure_hook_func(_is_object, _read_object)
    converter.register_unstructure_hook_func(_is_object, identity)
    converter.register_structure_hook_factory(_is_reply_model, _model_reader)
    converter.register_unstructure_hook_factory(_is_reply_model, _model_writer)
    return converter


# Without the dispatch of cattrs, which takes as long as writing a request.


@cache
def _reader(cls: type) -> Callable[..., Any]:
    return _converter().get_structure_hook(cls)


@cache
def _writer(cls: type) -> Writer:
    return _converter().get_unstructure_hook(cls)


# Predicates on the declared type of a field.


def _members(kind: object) -> tuple[object, ...]:
    """The types in a union; nothing for any other type."""
    return get_args(kind) if get_origin(kind) in (Union, UnionType) else ()


def _without_null(kind: Any) -> Any:
    """The ``T`` of ``T | None``; any other kind as it is."""
    others = [member for member in _members(kind) if member is not NoneType]
    return others[0] if len(others) == 1 else kind


def _is_plain(kind: object) -> bool:
    """A plain value, or None or ``Unset``, as in most fields: written without a call."""
    members = {*_members(kind)}
    return bool(members) and members <= {Unset, NoneType, *PLAIN}


def _is_enumeration(kind: object) -> bool:
    """``Words | str``, or the same with None or ``Unset``: known words, and any other string."""
    return bool(_enumerations(kind))


def _enumerations(kind: object) -> list[type[StrEnum]]:
    return [m for m in _members(kind) if isinstance(m, type) and issubclass(m, StrEnum)]


def _is_container(kind: object) -> bool:
    return get_origin(kind) in (list, dict)


def _is_object(kind: object) -> bool:
    """A JSON object of any content."""
    return kind == dict[str, object]


def _is_reply_model(kind: object) -> bool:
    return isinstance(kind, type) and attrs.has(kind) and "null_fields" in attrs.fields_dict(kind)


# Reading: each value is of the expected type, or an error. Only times are converted.


def _plain_reader(kind: type) -> Hook:
    """Read a value of exactly this type: ``True`` is not an integer."""
    # In JSON 6 and 6.0 are the same number: one without a fraction is kept as an integer.
    kinds = (float, int) if kind is float else (kind,)

    def read_plain(value: object, _: object) -> object:
        if type(value) in kinds:
            return value
        raise _mistyped(kind, value)

    return read_plain


def _read_object(value: object, _: object) -> dict[str, object]:
    """Keep a JSON object as it came."""
    if type(value) is not dict:
        raise _mistyped(dict, value)
    return cast("dict[str, object]", _not_too_deep(cast("object", value)))


def _read_time(value: object, _: object) -> datetime:
    """A time always has a zone; one written without it is in UTC, as all times of the API are."""
    if type(value) is not str:
        raise TypeError(f"expected an ISO 8601 time, got {_type_name(value)}")
    try:
        time = datetime.fromisoformat(value)
    except ValueError:
        raise ValueError(f"not an ISO 8601 time: {value[:_QUOTED]!r}") from None
    return time if time.tzinfo is not None else time.replace(tzinfo=UTC)


_QUOTED: Final = 40
"""Characters of a text that an error quotes: more than any time has."""


def _enumeration_reader(kind: object, _: Converter) -> Hook:
    """Read a known word as a member of its enumeration, and any other as a plain string."""
    (words,) = _enumerations(kind)
    members: dict[object, object] = {member.value: member for member in words}

    def read_word(value: object, _: object) -> object:
        if value is not None and type(value) is not str:
            raise _mistyped(str, value)
        return members.get(value, value)

    return read_word


def _container_reader(kind: Any, converter: Converter) -> Hook:
    """Read an array or an object of items of one type; stop after a few wrong ones."""
    origin, inner = get_origin(kind), get_args(kind)[-1]
    read = converter.get_structure_hook(inner)

    def read_container(value: Any, _: object) -> object:
        if kind == list[str] and type(value) is str:
            return [value]  # "*" in place of a list of recordings stands for all of them
        if type(value) is not origin:
            raise _mistyped(origin, value)
        items: dict[object, object] = {}
        errors: list[Exception] = []
        for key, item in value.items() if origin is dict else enumerate(value):
            try:
                items[key] = read(item, inner)
            except UNREADABLE as error:
                errors.append(_at_item(error, key, inner))
                if len(errors) == FEW:
                    break
        if errors:
            raise _wrong_items(errors, inner)
        return items if origin is dict else [*items.values()]

    return read_container


def _at_item(error: Exception, key: int | str, inner: type) -> Exception:
    from cattrs.errors import IterableValidationNote

    error.add_note(IterableValidationNote(f"[{key!r}]", key, inner))
    return error


def _wrong_items(errors: list[Exception], inner: type) -> Exception:
    from cattrs.errors import IterableValidationError

    return IterableValidationError("wrong items", errors, inner)  # pyright: ignore[reportCallIssue] # the stubs lack this parameter


def _model_reader(cls: type[Any], converter: Converter) -> Callable[..., object]:
    """Make a reader of a model that fills in the object's fields as they are read.

    Plain values are compared with the field's type here; hooks read the others. The reader that
    cattrs makes calls a hook for each value, and then ``__init__``: it takes 1.6 times as long,
    4 % of a create. It is used to find all problems of an object that has one.
    """
    from cattrs.gen import make_dict_structure_fn, override

    overrides = {name: override(omit=True) for name in LOCAL_FIELDS}
    find_problems = make_dict_structure_fn(cls, converter, **overrides)  # type: ignore[arg-type] # by name
    own = [a for a in attrs.fields(attrs.resolve_types(cls)) if a.name not in LOCAL_FIELDS]
    kinds = {a.name: _without_null(a.type) for a in own}
    # The strings are those that name the attributes: a dict finds them by identity.
    fields = {
        name: (name, kind, converter.get_structure_hook(kind)) for name, kind in kinds.items()
    }
    optional = {a.name: a.default for a in attrs.fields(cls) if a.default is not attrs.NOTHING}
    return _reader_of(cls, fields, optional, find_problems)


def _reader_of(
    cls: type[Any],
    fields: dict[str, tuple[str, Any, Hook]],
    optional: dict[str, object],
    find_problems: Callable[[Any, type], object],
) -> Callable[..., object]:
    required = fields.keys() - optional.keys()
    find, new, set_attribute = fields.get, object.__new__, object.__setattr__

    def read_model(data: dict[str, object], _: object, reply: object = None) -> object:
        if type(data) is not dict:
            raise _mistyped(dict, data)
        values = optional.copy()
        if reply is not None:
            values["reply"] = reply
        unknown: dict[str, object] = {}
        nulls: list[str] = []
        try:
            for key, value in data.items():
                field = find(key)
                if field is None:
                    unknown[key] = value
                    continue
                name, kind, hook = field
                if type(value) is kind:
                    values[name] = value
                elif value is None:
                    nulls.append(name)
                else:
                    values[name] = hook(value, kind)
        except (*UNREADABLE, ValueError):
            return find_problems(data, cls)
        values["extra"] = unknown and _not_too_deep(unknown)
        values["null_fields"] = frozenset(nulls)
        if not required <= values.keys():
            return find_problems(data, cls)
        model = new(cls)
        set_attribute(model, "__dict__", values)
        return model

    return read_model


def _not_too_deep(value: object) -> object:
    if is_deep(value):
        raise TypeError(f"nested more than {MAX_DEPTH} levels deep")
    return value


def _reason(error: BaseException, _: type | None) -> str:
    return "required field missing" if isinstance(error, KeyError) else str(error)


def _mistyped(expected: type, value: object) -> TypeError:
    return TypeError(f"expected {_TYPE_NAMES[expected]}, got {_type_name(value)}")


def _type_name(value: object) -> str:
    return _TYPE_NAMES.get(type(value), type(value).__name__)


_TYPE_NAMES: Final[dict[type, str]] = {
    NoneType: "null",
    bool: "a boolean",
    int: "an integer",
    float: "a number",
    str: "a string",
    list: "an array",
    dict: "an object",
}


# Writing: the reverse.


def _write_time(value: datetime) -> str:
    """ISO 8601, as the API writes it."""
    text = value.isoformat()
    return f"{text[:-6]}Z" if text.endswith("+00:00") else text


def _write_word(value: object) -> object:
    """Write a member of an enumeration as a plain string."""
    return None if value is None else str(value)


def _model_writer(cls: type[attrs.AttrsInstance], converter: Converter) -> Writer:
    from cattrs.gen import make_dict_unstructure_fn, override

    omitted = {name: override(omit=True) for name in LOCAL_FIELDS}
    write = make_dict_unstructure_fn(cls, converter, _cattrs_omit_if_default=True, **omitted)  # type: ignore[arg-type] # by name

    def write_model(model: Any) -> dict[str, object]:
        fields: dict[str, object] = write(model)
        for name in model.null_fields:
            fields.setdefault(name, None)
        fields.update(model.extra)
        return fields

    return write_model
