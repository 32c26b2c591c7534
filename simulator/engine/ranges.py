"""An expression at many instants by few queries, and the instants at which it fails."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from simulator.engine.server import MAX_POINTS, QueryError, RangeResult, RuleServer
from simulator.engine.state import Vector
from simulator.telemetry.samples import Labels


@dataclass(frozen=True)
class Ranged:
    """A result over evenly spaced instants. Columns in `errors` failed, for that reason: nothing is present there."""

    result: RangeResult
    errors: Mapping[int, str]

    def at(self, column: int) -> Vector:
        """The vector at one instant. Raises QueryError where it failed."""
        if column in self.errors:
            raise QueryError(self.errors[column], always=False)
        return self.result.at(column)


def evaluate_range(server: RuleServer, expr: str, times_ms: NDArray[np.int64]) -> Ranged:
    """The expression at each of these evenly spaced instants, as instant queries would have it.

    A range query fails as a whole, also where a result has a label set twice only over time; it is halved until what
    remains is single instants that fail. Raises UnobservedError.
    """
    pieces = []
    errors: dict[int, str] = {}
    for start in range(0, len(times_ms), MAX_POINTS):
        for piece in _pieces(server, expr, times_ms, start, min(start + MAX_POINTS, len(times_ms))):
            if isinstance(piece, _Failed):
                errors.update(dict.fromkeys(range(piece.start, piece.end), piece.message))
            else:
                pieces.append(piece)
    return Ranged(_joined(pieces, len(times_ms)), errors)


@dataclass(frozen=True)
class _Succeeded:
    start: int
    result: RangeResult


@dataclass(frozen=True)
class _Failed:
    start: int
    end: int
    message: str


def _pieces(
    server: RuleServer, expr: str, times_ms: NDArray[np.int64], start: int, end: int
) -> Iterator[_Succeeded | _Failed]:
    try:
        yield _Succeeded(start, server.range(expr, times_ms[start:end]))
    except QueryError as error:
        if error.always or end - start == 1:
            yield _Failed(start, end, str(error))
        else:
            middle = (start + end) // 2
            yield from _pieces(server, expr, times_ms, start, middle)
            yield from _pieces(server, expr, times_ms, middle, end)


def _joined(pieces: list[_Succeeded], columns: int) -> RangeResult:
    if len(pieces) == 1 and pieces[0].result.present.shape[1] == columns:
        return pieces[0].result
    rows: dict[Labels, int] = {}
    for piece in pieces:
        for labels in piece.result.labels:
            rows.setdefault(labels, len(rows))
    present = np.zeros((len(rows), columns), dtype=np.bool_)
    values = np.zeros((len(rows), columns))
    for piece in pieces:
        found = [rows[labels] for labels in piece.result.labels]
        place = slice(piece.start, piece.start + piece.result.present.shape[1])
        present[found, place] = piece.result.present
        values[found, place] = piece.result.values
    return RangeResult(tuple(rows), present, values)
