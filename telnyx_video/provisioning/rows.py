"""Rows of files and frames as requests: text of CSV, values of JSON, Parquet and pandas."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Final, cast, get_args, get_type_hints

from telnyx_video.errors import ConfigurationError, ErrorDetail, InvalidRequestError
from telnyx_video.models import CreateRoomRequest, RoomFields

_TYPES: Final = {
    name: get_args(hint)
    for name, hint in get_type_hints(RoomFields).items()
    if name != "extra"  # which no cell can hold
}

_INTEGER = re.compile(r"[+-]?[0-9]{1,18}")
_BOOLEANS = {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}


def check_columns(columns: Sequence[str], path: str) -> None:
    """Refuse columns that are not fields of a room.

    Raises:
        ConfigurationError: names the columns that are unknown or given twice.
    """
    unknown = [column for column in columns if column not in _TYPES]
    if unknown or len(set(columns)) < len(columns) or not columns:
        wrong = ", ".join(map(repr, unknown or columns))
        raise ConfigurationError(
            f"{path}: columns {wrong} - the columns must be different fields of a room, from "
            f"{', '.join(_TYPES)}; nothing was sent"
        )


def from_cells(columns: Sequence[str], cells: Sequence[str]) -> CreateRoomRequest:
    """The request of a row of CSV; an empty cell leaves its field out.

    Raises:
        InvalidRequestError: lists all that is wrong with the row.
    """
    if len(cells) != len(columns):
        problem = f"the row has {len(cells)} cells, the header {len(columns)}"
        raise InvalidRequestError((ErrorDetail(problem),))
    return CreateRoomRequest.from_dict(
        {
            name: _from_text(name, cell)
            for name, cell in zip(columns, cells, strict=True)
            if cell.strip() or (cell and str in _TYPES[name])
        }
    )


def from_value(value: object) -> CreateRoomRequest:
    """The request of a JSON object, of a row of Parquet or of a frame, or a request itself.

    A missing value, be it None or NaN, leaves its field out. Integers may come as floats, since
    frames store them so in columns where one is missing.

    Raises:
        InvalidRequestError: lists all that is wrong with the row.
    """
    if isinstance(value, CreateRoomRequest):
        return value
    if not isinstance(value, Mapping):
        problem = f"must be a CreateRoomRequest or its fields, not {type(value).__name__}"
        raise InvalidRequestError((ErrorDetail(problem, code="wrong_type"),))
    fields = cast("Mapping[str, object]", value)
    return CreateRoomRequest.from_dict(
        {name: _plain(name, given) for name, given in fields.items() if not _is_missing(given)}
    )


def _from_text(name: str, text: str) -> object:
    """The text as the field's type; what cannot be read stays text, which the model refuses."""
    if str in _TYPES[name]:
        return text
    text = text.strip()
    if bool in _TYPES[name]:
        return _BOOLEANS.get(text.lower(), text)
    return int(text) if _INTEGER.fullmatch(text) else text


def _is_missing(value: object) -> bool:
    """Whether it is None, NaN, or pandas' NA, of which nothing is true, not even equality."""
    return value is None or type(value).__name__ in ("NAType", "NaTType") or value != value


def _plain(name: str, value: object) -> object:
    """The value without the types of numpy, and a whole float as an integer."""
    item = getattr(value, "item", None)
    if callable(item):
        value = item()
    if int in _TYPES.get(name, ()) and isinstance(value, float) and value.is_integer():
        return int(value)
    return value
