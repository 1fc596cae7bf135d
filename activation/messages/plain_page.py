"""A page of plain text: headings, paragraphs and aligned columns, whatever script names are in."""

from __future__ import annotations

import io
from collections.abc import Iterable

from rich.console import Console, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

WIDTH = 78
"""Columns of a line."""
_STEP = 2


class PlainPage:
    """Text that is written from top to bottom. Nothing in it is taken for markup."""

    def __init__(self) -> None:
        self._written = io.StringIO()
        self._console = Console(
            file=self._written, width=WIDTH, color_system=None, force_terminal=False
        )

    def __str__(self) -> str:
        return "\n".join(line.rstrip() for line in self._written.getvalue().splitlines())

    def paragraph(self, text: str, *, level: int = 0) -> None:
        """Add text that goes on in the next line where one is full, indented by `level` steps."""
        self._add(Text(text), level)

    def address(self, label: str, url: str) -> None:
        """Add an address, which stays in one line however long it is."""
        self._console.print(Text(f"{label}: {url}"), soft_wrap=True)

    def heading(self, title: str) -> None:
        """Add a heading, after an empty line."""
        self.gap()
        self.paragraph(title.upper())

    def gap(self) -> None:
        """Add an empty line."""
        self._console.print()

    def table(self, columns: str, rows: Iterable[tuple[str, ...]]) -> None:
        """Add rows, indented by a step.

        Args:
            columns: a character for each: `<` and `>` say how it is aligned, `~` that it is aligned
                left and goes on in the next line.
            rows: as many cells as there are columns.
        """
        grid = Table.grid(padding=(0, 2, 0, 0))
        for column in columns:
            grid.add_column(
                justify="right" if column == ">" else "left",
                no_wrap=column != "~",
                overflow="fold",
            )
        for row in rows:
            grid.add_row(*map(Text, row))
        self._add(grid, level=1)

    def _add(self, what: RenderableType, level: int) -> None:
        self._console.print(Padding(what, (0, 0, 0, level * _STEP), expand=False))
