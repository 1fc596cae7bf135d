"""What a load of a source has done, table by table."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class TableLoad:
    """What a load has done to one table: `read = landed + known + incomplete`."""

    table: str
    """Without its schema."""
    read: int
    """Rows that came."""
    landed: int
    """Rows that are new or say something else now."""
    known: int
    """Rows that said what was known already, or less."""
    incomplete: int
    """Rows that were left, since the vendor did not tell all of what they belong to; what is known
    of it stays as it is."""
    gone: int
    """Rows found to be no longer there: archived now, or, of associations, removed."""
    calls: int
    """Requests made, repeated ones included."""
    new_fields: tuple[str, ...] = ()
    """Fields that no record of an earlier load had; none in a table's first load."""


@dataclass(frozen=True, slots=True)
class LoadSummary:
    """What a load of a source has done."""

    tables: tuple[TableLoad, ...]
    """In a fixed order; those that were stopped are not among them."""
    stopped: tuple[str, ...] = ()
    """A sentence for each table that could not be loaded, and is as it was before."""
    notes: tuple[str, ...] = ()
    """Sentences about what else a person should know."""

    @property
    def records(self) -> int:
        """Rows that are new or say something else now."""
        return sum(table.landed for table in self.tables)

    @property
    def calls(self) -> int:
        """Requests made, repeated ones included."""
        return sum(table.calls for table in self.tables)

    def of(self, table: str) -> TableLoad:
        """What was done to a table of this name, such as `companies`."""
        return next(each for each in self.tables if each.table == table)
