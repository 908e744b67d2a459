"""Rows to records and back, and lists of them: what all tables have in common."""

import operator
from collections.abc import Mapping, Sequence
from typing import Any, Generic, TypeVar, cast

import attrs

from telnyx_video.sandbox.state.database import Database
from telnyx_video.sandbox.state.queries import Filter, Query

T = TypeVar("T")

_COMPARISONS = {"eq": "=", "gte": ">=", "lte": "<="}

# The parameter is given once and compared twice.
_BEGINS_ALIKE = """EXISTS (
    SELECT 1 FROM (SELECT lower(unique_name) AS stored, lower(?) AS wanted)
    WHERE instr(stored, wanted) = 1 OR instr(wanted, stored) = 1
)"""


class Table(Generic[T]):
    """The rows of one table, oldest first, as records.

    Args:
        database: Where the table is.
        name: That of the table.
        record: The attrs class of its rows, whose first field is `id`.
        born: The column with the time of creation.
        computed: SQL for fields of the record, or of filters, that are no columns.
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
            sqlite3.IntegrityError: when a constraint does not allow it.
        """
        self._db.change(self._insert, self._values(record))

    def update(self, record_id: str, changes: Mapping[str, object]) -> None:
        """Change columns of the row of this id, if there is one.

        Raises:
            sqlite3.IntegrityError: when a constraint does not allow it.
        """
        assignments = ", ".join(f"{column} = ?" for column in changes)
        statement = f"UPDATE {self._name} SET {assignments} WHERE id = ?"  # noqa: S608 # names are ours
        self._db.change(statement, (*changes.values(), record_id))

    def delete(self, record_id: str) -> bool:
        """Remove a row, and tell whether there was one of this id."""
        statement = f"DELETE FROM {self._name} WHERE id = ?"  # noqa: S608 # names are ours
        return self._db.change(statement, (record_id,)) > 0

    def get(self, record_id: str) -> T | None:
        """Return the record of this id, if there is one."""
        return next(iter(self.where("id = ?", record_id)), None)

    def where(self, condition: str = "TRUE", *values: object) -> list[T]:
        """Return the records for which a condition in SQL holds."""
        rows = self._db.rows(f"{self._select} WHERE {condition} ORDER BY number", values)
        return [self._record(*row) for row in rows]

    def page(self, query: Query) -> tuple[list[T], int]:
        """Return the records on a page, and how many there are on all pages."""
        condition, values = self._condition(query)
        window = (query.page_size, (query.page_number - 1) * query.page_size)
        counting = f"SELECT count(*) FROM {self._name} WHERE {condition}"  # noqa: S608 # as above
        listing = f"{self._select} WHERE {condition} ORDER BY number LIMIT ? OFFSET ?"
        with self._db.lock:
            ((total,),) = self._db.rows(counting, values)
            rows = self._db.rows(listing, (*values, *window))
        return [self._record(*row) for row in rows], total

    def matching(self, query: Query) -> list[T]:
        """Return the records on all pages."""
        condition, values = self._condition(query)
        return self.where(condition, *values)

    def __len__(self) -> int:
        ((count,),) = self._db.rows(f"SELECT count(*) FROM {self._name}")  # noqa: S608 # as above
        return int(count)

    def _condition(self, query: Query) -> tuple[str, Sequence[str | int]]:
        """Return a condition in SQL, and the values for its placeholders."""
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
