"""A chart as data: lines over the run's time, a threshold, and the same in words and as a table.

Browsers draw it, screen readers read `summary` and `table`. Long lines are thinned so that peaks and troughs stay.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

from simulator.report.phrasing import NOTHING
from simulator.telemetry.series import breaches
from simulator.units import SECOND
from simulator.verdict.wording import offset

Column: TypeAlias = tuple[float | None, ...]
Json: TypeAlias = dict[str, object]

OP_WORDS: Final = {">": "above", ">=": "at or above", "<": "below", "<=": "at or below", "==": "at", "!=": "not at"}
MOST_LINES_IN_WORDS: Final = 3


@dataclass(frozen=True)
class Line:
    """One line: its name in the legend, and (instant, value) pairs in order. `dashed` is for plans and limits."""

    name: str
    points: Sequence[tuple[int, float]]
    dashed: bool = False


@dataclass(frozen=True)
class Chart:
    """Lines over one time axis. Instants are epoch milliseconds; `started_ms` is the run's start."""

    key: str
    title: str
    lines: tuple[Line, ...]
    started_ms: int
    op: str = ""
    threshold: float | None = None
    note: str = ""
    unit: str = ""
    asks: str = ""  # which values are let through: "fires above 0.05"
    episodes: tuple[tuple[int, int, str], ...] = ()  # from, to, pending or firing: drawn along the top

    def drawn(self, most_rows: int) -> Json:
        """What the browser gets: seconds from the run's start, and a column for each line (None where nothing is)."""
        instants, columns = thinned(*aligned(self.lines), most_rows)
        return {
            "x": [_short((at - self.started_ms) / SECOND, 10) for at in instants],
            "y": [[None if value is None else _short(value, 5) for value in column] for column in columns],
            "dashed": [line.dashed for line in self.lines],
            "threshold": self.threshold if self.threshold is None or math.isfinite(self.threshold) else None,
            "op": self.op,
            "unit": self.unit,
            "episodes": [
                [(start - self.started_ms) / SECOND, (end - self.started_ms) / SECOND, state]
                for start, end, state in self.episodes
            ],
        }

    @property
    def summary(self) -> str:
        """The chart in a sentence or two, for those who cannot see it."""
        drawn = [line for line in self.lines if line.points]
        if not drawn:
            return "No values at any instant of the run."
        said = [self._in_words(line) for line in drawn[:MOST_LINES_IN_WORDS]]
        if len(drawn) > len(said):
            said.append(f"{len(drawn) - len(said)} more lines in the table")
        return ". ".join(said) + "."

    def table(self, most_rows: int) -> Iterator[tuple[str, ...]]:
        """Rows of text: the instant, and the value of each line then or last before it."""
        instants, columns = aligned(self.lines)
        step = max(-(-len(instants) // most_rows), 1)
        for row in range(0, len(instants), step):
            yield (
                offset(instants[row], self.started_ms),
                *(NOTHING if column[row] is None else number(column[row]) for column in columns),
            )

    def _in_words(self, line: Line) -> str:
        values = [value for _, value in line.points if not math.isnan(value)]
        if not values:
            return f"{line.name}: not a number"
        low, high = number(min(values)), number(max(values))
        text = f"{line.name}: {low}" if low == high else f"{line.name}: from {low} to {high}"
        if self.threshold is None or not self.op:
            return text
        through = [at for at, value in line.points if breaches(value, self.op, self.threshold)]
        limit = f"{OP_WORDS[self.op]} {number(self.threshold)}"
        if not through:
            return f"{text}, never {limit}"
        first, last = (offset(at, self.started_ms) for at in (through[0], through[-1]))
        often = f"at {first}" if first == last else f"between {first} and {last}"
        return f"{text}, {limit} {often}"


def aligned(lines: Sequence[Line]) -> tuple[list[int], list[Column]]:
    """Every instant of any line, rising, and each line's values at them."""
    instants = sorted({at for line in lines for at, _ in line.points})
    columns = []
    for line in lines:
        values = dict(line.points)
        columns.append(tuple(values.get(at) for at in instants))
    return instants, columns


def thinned(instants: list[int], columns: list[Column], most_rows: int) -> tuple[list[int], list[Column]]:
    """At most that many rows: of each stretch of rows, every column's lowest value and then its highest."""
    if len(instants) <= most_rows:
        return instants, columns
    size = -(-len(instants) // max(most_rows // 2, 1))
    starts = range(0, len(instants), size)
    rows = [(start, min(start + size, len(instants))) for start in starts]
    kept = [at for start, end in rows for at in (instants[start], max(instants[end - 1], instants[start] + 1))]
    return kept, [tuple(_extremes(column, rows)) for column in columns]


def number(value: float | None) -> str:
    """A number for people: `0.05123`, `12,345`, `+Inf`."""
    if value is None:
        return NOTHING
    if not math.isfinite(value):
        return "NaN" if math.isnan(value) else ("+Inf" if value > 0 else "-Inf")
    return f"{value:,.0f}" if 1000 <= abs(value) < 1e15 else f"{value:.4g}"


def _extremes(column: Column, rows: Sequence[tuple[int, int]]) -> Iterator[float | None]:
    for start, end in rows:
        values = [value for value in column[start:end] if value is not None and not math.isnan(value)]
        yield min(values, default=None)
        yield max(values, default=None)


def _short(value: float, digits: int) -> float | int | None:
    """Few characters in the file; JSON has no infinity, which is drawn as a gap and told in the table."""
    if not math.isfinite(value):
        return None
    rounded = float(f"{value:.{digits}g}")
    return int(rounded) if rounded.is_integer() and abs(rounded) < 1e15 else rounded
