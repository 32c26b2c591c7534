"""Rows with one long cell: a table where that cell has room, else lines below one another.

A table of 80 columns that has a long name in the first one would break what stands in the last one word by word.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from rich.console import Console, ConsoleOptions, RenderResult
from rich.measure import Measurement
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

_LEAST: Final = 44
"""Columns that a text can be read in."""
_GAP: Final = 2
_BELOW: Final = 4


@dataclass
class Rows:
    """Rows of cells, of which the one numbered `long` may be wrapped. Without `headers` there is no line of them."""

    long: int
    headers: tuple[str, ...] = ()
    rows: list[tuple[Text, ...]] = field(default_factory=list)

    def add(self, *cells: Text) -> None:
        """One more row."""
        self.rows.append(cells)

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """As a table, or below one another, as the width allows."""
        if self.rows:
            yield self._table() if self._has_room(options.max_width) else self._below()

    def __rich_measure__(self, console: Console, options: ConsoleOptions) -> Measurement:
        """All the width there is."""
        return Measurement(options.max_width, options.max_width)

    def _has_room(self, columns: int) -> bool:
        widths = [max(self._width(number, row) for row in self.rows) for number in range(len(self.rows[0]))]
        asked = widths.pop(self.long)
        return min(asked, _LEAST) <= columns - sum(widths) - _GAP * (len(widths) + 1)

    def _width(self, number: int, row: tuple[Text, ...]) -> int:
        header = len(self.headers[number]) if self.headers else 0
        return max(header, *(line.cell_len for line in row[number].split()), 0)

    def _table(self) -> Table:
        table = Table(
            box=None, padding=(0, _GAP, 0, 0), show_header=bool(self.headers), header_style="dim", pad_edge=False
        )
        for number in range(len(self.rows[0])):
            header = self.headers[number] if self.headers else ""
            table.add_column(header, overflow="fold", no_wrap=number != self.long)
        for row in self.rows:
            table.add_row(*row)
        return table

    def _below(self) -> Table:
        """The short cells of a row in one line, each with its header but the first; the long one before or after."""
        lines = Table.grid()
        for row in self.rows:
            short = Text("  ").join(
                Text.assemble((f"{self.headers[number]} " if self.headers and number else "", "dim"), cell)
                for number, cell in enumerate(row)
                if number != self.long and cell
            )
            first, second = (row[self.long], short) if self.long == 0 else (short, row[self.long])
            lines.add_row(first)
            if second:
                lines.add_row(Padding(second, (0, 0, 0, _BELOW)))
        return lines
