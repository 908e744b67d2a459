"""Whether what a test makes could have come from the API: its reader is asked."""

from __future__ import annotations

from typing import TypeVar

import attrs

from telnyx_video._base.json import dumps_objects, loads
from telnyx_video._base.text import show
from telnyx_video.errors import ResponseDecodeError
from telnyx_video.models import Model
from telnyx_video.models._codec import api_fields, plain

__all__ = ["checked", "is_class_of"]

M = TypeVar("M", bound=Model)


def is_class_of(cls: object, base: type[Model]) -> bool:
    """Whether it is a class at all, and the base or below it."""
    return isinstance(cls, type) and issubclass(cls, base)


def checked(made: M) -> M:
    """The object, if it would be the same after it was sent.

    Raises:
        TypeError: a field is of another type than the API's; the message says which.
    """
    cls = type(made)
    # Field by field, since values of wrong types are what the reader is to explain.
    defaults = {field.name: field.default for field in attrs.fields(cls)}
    given_fields = {n: v for n in api_fields(cls) if (v := getattr(made, n)) is not defaults[n]}
    try:
        read = cls.from_dict(loads(dumps_objects(given_fields | made.extra, plain)))
    except ResponseDecodeError as error:
        raise TypeError(str(error)) from None
    except (TypeError, ValueError) as error:  # it has something that JSON has not
        raise TypeError(f"not a {cls.__name__}: {error}") from None
    for name in (field.name for field in attrs.fields(cls) if field.eq):
        given, expected = getattr(made, name), getattr(read, name)
        if given != expected:
            problem = f"{name} would be read as {show(expected)}, not as {show(given)}"
            raise TypeError(f"not a {cls.__name__}: {problem}")
    return made
