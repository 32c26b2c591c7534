"""Series as promtool's unit tests write them: `0+10x20 _x3 7 stale`.

Grammar: https://prometheus.io/docs/prometheus/latest/configuration/unit_testing_rules/#series, and Prometheus's own
parser (`series_item` in promql/parser/generated_parser.y):

    a+bxn   a, a+b, … a+n·b: n + 1 samples       _     no sample
    a-bxn   the same, falling                    _xn   n times no sample
    axn     a, n + 1 times                       stale the series ends here

`0x10` is eleven zeros, not sixteen. A notation stays a few runs in memory however long it is, so that any sample of it
can be asked for alone.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from typing import Final

import numpy as np
from numpy.typing import NDArray

_NUMBER: Final = r"(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?|[iI][nN][fF]"
_ITEM: Final = re.compile(
    rf"(?P<blank>_)(?:x(?P<blanks>\d+))?"
    rf"|(?P<stale>stale)"
    rf"|(?P<first>[+-]?(?:{_NUMBER}))(?:(?P<step>[+-](?:{_NUMBER}))?x(?P<times>\d+))?",
    re.ASCII,
)
_LONGEST: Final = 10**9
"""Samples; three decades at one a second."""


class Kind(StrEnum):
    """What a run of samples is."""

    NUMBERS = "numbers"
    MISSING = "missing"
    STALE = "stale"


@dataclass(frozen=True)
class Run:
    """`count` samples in a row: `first`, then each `step` more."""

    kind: Kind
    count: int
    first: float = 0.0
    step: float = 0.0

    @property
    def last(self) -> float:
        """The value that it ends with."""
        return self.first + self.step * (self.count - 1)


@dataclass(frozen=True)
class Notation:
    """A series that was written down. `text` is how."""

    text: str
    runs: tuple[Run, ...]

    def __len__(self) -> int:
        return sum(run.count for run in self.runs)

    def __str__(self) -> str:
        return self.text

    def at(self, index: NDArray[np.int64]) -> NDArray[np.float64]:
        """The samples of these numbers, counted from 0; NaN where there is none.

        What was written lasts: before it there is its first sample, behind it its last.
        """
        place = np.clip(index, 0, len(self) - 1)
        firsts, steps, begins = self._columns
        run = np.searchsorted(begins, place, side="right") - 1
        return firsts[run] + steps[run] * (place - begins[run])

    @property
    def rises(self) -> bool:
        """Whether it never falls and has a value throughout, as what a counter is raised by must."""
        at: float = -math.inf
        for run in self.runs:
            if run.kind is not Kind.NUMBERS or run.step < 0 or run.first < at or math.isinf(run.last):
                return False
            at = run.last
        return True

    @cached_property
    def _columns(self) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.int64]]:
        numbers = [run.kind is Kind.NUMBERS for run in self.runs]
        firsts = [run.first if number else math.nan for run, number in zip(self.runs, numbers, strict=True)]
        begins = np.cumsum([0, *(run.count for run in self.runs[:-1])])
        return np.array(firsts), np.array([run.step for run in self.runs]), begins.astype(np.int64)


def parse_notation(text: str) -> Notation:
    """Read a series in promtool's notation. Raises ValueError with the part that is wrong."""
    runs = tuple(run for item in text.split() if (run := _run(item)).count)
    if not runs:
        raise ValueError("an empty series; write one like 0+10x20, or _ for no sample")
    if sum(run.count for run in runs) > _LONGEST:
        raise ValueError(f"{text!r} is longer than {_LONGEST} samples")
    return Notation(text, runs)


def _run(item: str) -> Run:
    match = _ITEM.fullmatch(item)
    if match is None:
        raise ValueError(
            f"{item!r} is not promtool's notation; write items like 5, 0+10x20, 3x8, _x5 or stale{_hint(item)}"
        )
    if match["blank"]:
        return Run(Kind.MISSING, 1 if match["blanks"] is None else int(match["blanks"]))
    if match["stale"]:
        return Run(Kind.STALE, 1)
    first = float(match["first"])
    if match["times"] is None:
        return Run(Kind.NUMBERS, 1, first)
    return Run(Kind.NUMBERS, int(match["times"]) + 1, first, float(match["step"] or 0))


def _hint(item: str) -> str:
    if item.lower().lstrip("+-").startswith("nan"):
        return "; no sample is _"
    if "{{" in item:
        return "; native histograms cannot be written"
    return "; x stands close to its number" if item.startswith("x") else ""
