"""What a source says about one of its events: templates, and the streams they belong to."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

Row = Mapping[str, str]
"""The labels of a flow's row, those that are never exposed included."""


@dataclass(frozen=True)
class Line:
    """One line of an event: its template, and the labels of its stream besides the source's own."""

    template: str
    labels: Row = field(default_factory=dict)


Lines = Callable[[Row], tuple[Line, ...]]
"""The lines that an event of a row leaves, in the order in which they are written."""


def by_kind(table: Mapping[str, str]) -> Lines:
    """One line a row, by its `kind`; the stream has the row's `level`."""
    return lambda row: (Line(table[row["kind"]], {"level": row["level"]}),)
