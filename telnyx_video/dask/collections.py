"""Bags and frames of Dask as parts: each partition is one."""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module
from typing import Any, Protocol, TypeGuard, cast

import attrs

from telnyx_video.errors import ConfigurationError
from telnyx_video.provisioning import RowsPart
from telnyx_video.provisioning.inputs import part_name


class Collection(Protocol):
    """A Dask bag or dataframe."""

    def to_delayed(self) -> Sequence[Any]:
        """Its partitions."""
        ...


@attrs.frozen
class PartitionPart:
    """A partition: its rows are wherever Dask computes them."""

    name: str
    first: int
    rows: int
    digest: str
    partition: Any = attrs.field(repr=False, eq=False)

    def read(self) -> Any:
        """Not possible here."""
        raise ConfigurationError(f"{self.name} is a partition of Dask: a worker computes it")


def is_collection(source: object) -> TypeGuard[Collection]:
    """Whether this is a bag or a dataframe."""
    return hasattr(source, "to_delayed")


def partitions(source: Collection, client: Any) -> list[PartitionPart]:
    """The parts of a collection, which is computed once to learn of their rows."""
    delayed: Any = import_module("dask").delayed
    values = [delayed(rows_of)(partition) for partition in source.to_delayed()]
    found: list[tuple[int, str]] = client.gather(
        client.compute([delayed(_digest)(each) for each in values])
    )
    parts: list[PartitionPart] = []
    first = 0
    for value, (rows, digest) in zip(values, found, strict=True):
        parts.append(PartitionPart(part_name(len(parts)), first, rows, digest, value))
        first += rows
    return parts


def rows_of(partition: Any) -> list[object]:
    """The rows of a partition: of a bag its items, of a frame the fields of each row."""
    to_dict = getattr(partition, "to_dict", None)
    if to_dict is not None:
        return cast("list[object]", to_dict("records"))
    return list(partition)


def _digest(values: list[object]) -> tuple[int, str]:
    part = RowsPart("", values)
    return part.rows, part.digest
