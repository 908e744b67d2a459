"""What all tables have in common: rows to records and back, filtered lists and pages.

Constraint violations surface as the errors defined here.
"""

import operator
import sqlite3
from collections.abc import Mapping, Sequence
from typing import Any, Generic, Literal, TypeVar, cast

import attrs

from telnyx_video.sandbox.state.database import FULL, LIMITS, Database

T = TypeVar("T")

Comparison = Literal["eq", "gte", "lte"]

MAX_INTEGER = 2**63 - 1
"""SQLite's largest integer."""


class NameTakenError(Exception):
    """Another room has this unique name."""


class AbsentError(LookupError):
    """No object has this id."""


class ConflictError(ValueError):
    """The change conflicts with the current state; the text says how."""


class FullError(ConflictError):
    """A table has reached its limit."""


@attrs.frozen
class Filter:
    """Keeps the rows whose field compares as wanted; null never does."""

    field: str
    value: str | int
    comparison: Comparison = "eq"
    whole_day: bool = False
    """The value is a day, compared with the UTC day of a field that is a time."""


@attrs.frozen
class Query:
    """Which rows are wanted, oldest first, and which page of them."""

    filters: tuple[Filter, ...] = ()
    """All must match."""
    page_number: int = 1
    """From 1."""
    page_size: int = 20
    """Rows on a page, 1 to 250."""
    include: bool = False
    """Whether rooms show their sessions, and sessions their participants."""
    exact: bool = True
    """False also matches unique names that start with the filter's value, or the reverse, in any
    case."""
    created_before: str | None = None
    """A stored time; None is any."""


_COMPARISONS = {"eq": "=", "gte": ">=", "lte": "<="}

# The subquery uses the one parameter twice.
_BEGINS_ALIKE = """EXISTS (
    SELECT 1 FROM (SELECT lower(unique_name) AS stored, lower(?) AS wanted)
    WHERE instr(stored, wanted) = 1 OR instr(wanted, stored) = 1
)"""


class Table(Generic[T]):
    """One table's rows as records, oldest first.

    Args:
        database: Holds the table.
        name: Its name.
        record: The attrs class of its rows, whose first field is `id`.
        born: The column with the time of creation.
        computed: SQL for fields of the record, or of filters, that are not columns.
    """

    def __init__(
        self,
        database: Database,
        name: str,
        record: type[T],
        *,
        born: str = "created_at",
        computed: Mapping[str, str] | None = None,
    ) -> None:
        self._db = database
        self._name = name
        self._record = record
        self._born = born
        self._computed: Mapping[str, str] = computed or {}
        fields = [str(field.name) for field in attrs.fields(cast("Any", record))]
        stored = [field for field in fields if field not in self._computed]
        marks = ", ".join("?" * len(stored))
        self._values = operator.attrgetter(*stored)
        self._insert = f"INSERT INTO {name} ({', '.join(stored)}) VALUES ({marks})"  # noqa: S608 # names are ours
        columns = ", ".join(self._computed.get(field, field) for field in fields)
        self._select = f"SELECT {columns} FROM {name}"  # noqa: S608 # names are ours

    def insert(self, record: T) -> None:
        """Add a row.

        Raises:
            FullError: if the table has reached its limit.
            sqlite3.IntegrityError: if a constraint fails.
        """
        try:
            self._db.change(self._insert, self._values(record))
        except sqlite3.IntegrityError as error:
            if FULL not in str(error):
                raise
            message = f"The sandbox holds at most {LIMITS[self._name]} {self._name}: reset it."
            raise FullError(message) from error

    def update(self, record_id: str, changes: Mapping[str, object]) -> None:
        """Change columns of the row with this id, if it exists.

        Raises:
            sqlite3.IntegrityError: if a constraint fails.
        """
        assignments = ", ".join(f"{column} = ?" for column in changes)
        statement = f"UPDATE {self._name} SET {assignments} WHERE id = ?"  # noqa: S608 # names are ours
        self._db.change(statement, (*changes.values(), record_id))

    def delete(self, record_id: str) -> bool:
        """Remove the row with this id; return whether it existed."""
        statement = f"DELETE FROM {self._name} WHERE id = ?"  # noqa: S608 # names are ours
        return self._db.change(statement, (record_id,)) > 0

    def get(self, record_id: str) -> T | None:
        """Return the record with this id, or None."""
        return next(iter(self.where("id = ?", record_id)), None)

    def where(self, condition: str = "TRUE", *values: object) -> list[T]:
        """Return the records that match a condition in SQL."""
        rows = self._db.rows(f"{self._select} WHERE {condition} ORDER BY number", values)
        return [self._record(*row) for row in rows]

    def page(self, query: Query) -> tuple[list[T], int]:
        """Return a page of records, and the number of records on all pages."""
        condition, values = self._condition(query)
        offset = min((query.page_number - 1) * query.page_size, MAX_INTEGER)
        window = (query.page_size, offset)
        counting = f"SELECT count(*) FROM {self._name} WHERE {condition}"  # noqa: S608 # as above
        listing = f"{self._select} WHERE {condition} ORDER BY number LIMIT ? OFFSET ?"
        with self._db.lock:
            ((total,),) = self._db.rows(counting, values)
            rows = self._db.rows(listing, (*values, *window))
        return [self._record(*row) for row in rows], total

    def matching(self, query: Query) -> list[T]:
        """Return the matching records of all pages."""
        condition, values = self._condition(query)
        return self.where(condition, *values)

    def __len__(self) -> int:
        ((count,),) = self._db.rows(f"SELECT count(*) FROM {self._name}")  # noqa: S608 # as above
        return int(count)

    def _condition(self, query: Query) -> tuple[str, Sequence[str | int]]:
        """Return a condition in SQL and the values of its placeholders."""
        terms, values = ["TRUE"], list[str | int]()
        for wanted in query.filters:
            terms.append(self._term(wanted, exact=query.exact))
            values.append(wanted.value)
        if query.created_before is not None:
            terms.append(f"{self._born} < ?")
            values.append(query.created_before)
        return " AND ".join(terms), values

    def _term(self, wanted: Filter, *, exact: bool) -> str:
        if wanted.field == "unique_name" and not exact:
            return _BEGINS_ALIKE
        field = self._computed.get(wanted.field, wanted.field)
        if wanted.whole_day:
            field = f"substr({field}, 1, 10)"  # of a stored time, its day in UTC
        return f"{field} {_COMPARISONS[wanted.comparison]} ?"
