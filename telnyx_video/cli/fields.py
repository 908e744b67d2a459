"""A room's settings as text, from the cells of a file or the options of a command."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final, get_args, get_type_hints

from telnyx_video import CreateRoomRequest
from telnyx_video.models import RoomFields

_TYPES = {name: get_args(hint) for name, hint in get_type_hints(RoomFields).items()}

FIELDS: Final = tuple(_TYPES)
"""The API's names of the settings."""

MOST_DIGITS: Final = 18
"""Digits of a number that is read as one: more than any bound has, and no work to read."""

_INTEGER = re.compile(rf"[+-]?[0-9]{{1,{MOST_DIGITS}}}")
_BOOLEANS = {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}


def request_of(texts: Mapping[str, str]) -> CreateRoomRequest:
    """The request that these settings describe.

    Raises:
        InvalidRequestError: lists all that is wrong with them.
    """
    return CreateRoomRequest.from_dict({name: _value(name, text) for name, text in texts.items()})


def is_blank(name: str, text: str) -> bool:
    """Whether a cell gives no value; in a name, even a space counts."""
    return not (text if _is_text(name) else text.strip())


def _is_text(name: str) -> bool:
    return str in _TYPES.get(name, (str,))


def _value(name: str, text: str) -> object:
    """The text as a value of the field's type.

    What cannot be read so stays text: the model then refuses it, and names the bound.
    """
    if _is_text(name):
        return text
    trimmed = text.strip()
    if bool in _TYPES[name]:
        return _BOOLEANS.get(trimmed.lower(), text)
    return int(trimmed) if _INTEGER.fullmatch(trimmed) else text
