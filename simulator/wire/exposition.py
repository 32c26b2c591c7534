"""Families as Prometheus reads them in a scrape: the text format 0.0.4.

Format: https://prometheus.io/docs/instrumenting/exposition_formats/#text-based-format. What does not change between
two scrapes (names, escaped labels) is put together once per series tuple and kept; a scrape only formats numbers.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping, Sequence
from itertools import compress
from typing import Final

import numpy as np
from numpy.typing import NDArray

from simulator.telemetry.samples import FamilyBlock, Labels, Series

CONTENT_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"
_KEPT_SERIES: Final = 250_000  # about 400 bytes each


def encode_families(blocks: Sequence[FamilyBlock], instant: int) -> bytes:
    """The exposition of row `instant` of every block (an index into `times_ms`), without timestamps.

    A series that has no sample then (NaN) is left out, and so is a family without any.
    Raises IndexError when a block has no such row.
    """
    parts: list[str] = []
    for block in blocks:
        values = block.values[instant]
        prefixes: Sequence[str] = _prefixes(block.series)
        there = ~np.isnan(values)
        if not there.all():
            prefixes = list(compress(prefixes, there.tolist()))
            values = values[there]
        if not prefixes:
            continue
        if block.help:
            parts.append(f"# HELP {block.name} {_escape_help(block.help)}\n")
        parts.append(f"# TYPE {block.name} {block.type}\n")
        parts.extend(map("{}{}\n".format, prefixes, _numbers(values)))
    return "".join(parts).encode()


def _numbers(values: NDArray[np.float64]) -> list[str]:
    """The shortest texts that read back as the same floats; whole numbers without `.0`; no NaN among `values`."""
    if np.isfinite(values).all():
        return [repr(value).removesuffix(".0") for value in values.tolist()]
    return [
        repr(value).removesuffix(".0") if abs(value) != float("inf") else "+Inf" if value > 0 else "-Inf"
        for value in values.tolist()
    ]


class _PrefixCache:
    """The texts before the numbers, by the identity of a series tuple; the least recently used go first.

    The tuple itself is kept beside its texts, so that its id cannot come to mean another one.
    """

    def __init__(self, kept_series: int) -> None:
        self._kept_series = kept_series
        self._count = 0
        self._entries: OrderedDict[int, tuple[tuple[Series, ...], tuple[str, ...]]] = OrderedDict()

    def __call__(self, series: tuple[Series, ...]) -> tuple[str, ...]:
        key = id(series)
        found = self._entries.get(key)
        if found is not None:
            self._entries.move_to_end(key)
            return found[1]
        prefixes = tuple(_prefix(one.name, one.labels) for one in series)
        self._entries[key] = (series, prefixes)
        self._count += len(series)
        while self._count > self._kept_series and len(self._entries) > 1:
            _, (dropped, _) = self._entries.popitem(last=False)
            self._count -= len(dropped)
        return prefixes


_prefixes = _PrefixCache(_KEPT_SERIES)


def sample_prefix(name: str, labels: Mapping[str, str]) -> str:
    """A sample's line up to its value."""
    return _prefix(name, tuple(labels.items()))


def _prefix(name: str, labels: Labels) -> str:
    if not labels:
        return f"{name} "
    inside = ",".join([f'{label}="{_escape_value(value)}"' for label, value in labels])
    return f"{name}{{{inside}}} "


def _escape_value(value: str) -> str:
    if "\\" in value or '"' in value or "\n" in value:
        return value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return value


def _escape_help(text: str) -> str:
    return text.replace("\\", "\\\\").replace("\n", "\\n")
