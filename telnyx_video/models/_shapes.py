"""Reading objects of a shape that was read before: the same fields, of the same JSON types.

The replies of a server have few shapes. Whether a reply is well-typed, which fields of it are
unknown and which are null: all that follows from its shape, so cattrs is asked once for each shape,
and the answer is remembered. What depends on the values, such as the text of a time, is read anew.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Generic, TypeVar

import attrs

from telnyx_video.models import Model

M = TypeVar("M", bound=Model)

Hook = Callable[[Any, Any], object]
"""Reads a value as a type, as cattrs's hooks do."""

MAX_SHAPES = 256
"""How many shapes are remembered for a class: a server that varies without end fills no memory."""


@attrs.frozen
class Recipe:
    """What follows from a shape."""

    names: dict[str, None]
    """Fields that the class has, under the very strings that are its parameters. These are matched
    by identity; those that a JSON reader makes would be compared, one by one."""
    read_anew: tuple[tuple[str, Hook, object], ...]
    """Fields whose values must be looked at, with what does so."""
    unknown: tuple[str, ...]
    """Fields that the class does not have."""
    nulls: frozenset[str]
    """Fields that are null."""


class ShapeReader(Generic[M]):
    """Reads one class of objects.

    Args:
        cls: The class.
        read_first: Reads objects of new shapes, and explains what is wrong with those that are not
            well-typed.
        known: The class's fields in the API.
        hooks: The fields whose values must be looked at, with what reads them, and as what.
    """

    def __init__(
        self,
        cls: type[M],
        read_first: Callable[[dict[str, object]], M],
        known: frozenset[str],
        hooks: Mapping[str, tuple[Hook, object]],
    ) -> None:
        self._cls: Callable[..., M] = cls
        self._read_first = read_first
        self._known = known
        self._hooks = hooks
        self._recipes: dict[tuple[object, ...], Recipe] = {}

    def read(self, data: dict[str, object]) -> M:
        """Read an object; raises what ``read_first`` raises."""
        shape = (*data, *map(type, data.values()))
        recipe = self._recipes.get(shape)
        if recipe is None:
            return self._learn(data, shape)
        fields = recipe.names | data
        try:
            for name, hook, kind in recipe.read_anew:
                fields[name] = hook(fields[name], kind)
        except (ExceptionGroup, TypeError, ValueError):
            return self._read_first(data)  # to explain all that is wrong with it
        fields["extra"] = {name: fields.pop(name) for name in recipe.unknown}
        fields["null_fields"] = recipe.nulls
        return self._cls(**fields)

    def _learn(self, data: dict[str, object], shape: tuple[object, ...]) -> M:
        record = self._read_first(data)
        nulls = frozenset(n for n in data if data[n] is None and n in self._known)
        unknown = tuple(name for name in data if name not in self._known)
        record.extra = {name: data[name] for name in unknown}
        record.null_fields = nulls
        if len(self._recipes) == MAX_SHAPES:
            self._recipes.clear()
        anew = tuple((n, *hook) for n, hook in self._hooks.items() if data.get(n) is not None)
        names = dict.fromkeys(name for name in self._known if name in data)
        self._recipes[shape] = Recipe(names, anew, unknown, nulls)
        return record
