"""Reading what an exporter answers: the text format 0.0.4, for what families it has, not for every number.

Format: https://prometheus.io/docs/instrumenting/exposition_formats/#text-based-format. prometheus-client's own reader
is not used, because it gives counters without `_total` that name, and so hides how they are really called.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

from simulator.catalog.exposed import SUFFIXES, ExposedFamily
from simulator.telemetry.samples import MetricType

_SAMPLE: Final = re.compile(r"([a-zA-Z_:][a-zA-Z0-9_:]*)[ \t]*(?:\{(.*)\})?[ \t]*(\S+)(?:[ \t]+-?\d+)?[ \t]*(?:# .*)?")
_LABEL: Final = re.compile(r'[ \t]*([a-zA-Z_][a-zA-Z0-9_]*)[ \t]*=[ \t]*"((?:[^"\\]|\\.)*)"[ \t]*(?:,|$)')
_ESCAPES: Final = {r"\\": "\\", r"\"": '"', r"\n": "\n"}
_KEPT_VALUES: Final = 50


@dataclass
class FamilySketch:
    """A family while its series are being seen."""

    name: str
    type: MetricType | None = None
    help: str = ""
    labels: set[str] | None = None
    bounds: set[float] = field(default_factory=set)
    values: dict[str, dict[str, None]] = field(default_factory=dict)
    sample: float | None = None

    def see(self, sample_name: str, labels: Mapping[str, str], value: float | None) -> None:
        """One of its series. An empty label is none, as Prometheus has it."""
        own = {name: text for name, text in labels.items() if text and name not in self._reserved}
        self.labels = (self.labels or set()) | set(own)
        for name, text in own.items():
            if len(self.values.setdefault(name, {})) < _KEPT_VALUES:
                self.values[name][text] = None
        if sample_name == f"{self.name}_bucket" and "le" in labels:
            bound = float(labels["le"])
            if not math.isinf(bound):
                self.bounds.add(bound)
        elif self.sample is None:
            self.sample = value

    @property
    def _reserved(self) -> frozenset[str]:
        if self.type is MetricType.HISTOGRAM:
            return frozenset({"le"})
        return frozenset({"quantile"}) if self.type is MetricType.SUMMARY else frozenset()

    def finished(self, job: str) -> ExposedFamily:
        """What was seen of it."""
        return ExposedFamily(
            job,
            self.name,
            self.type,
            self.help,
            None if self.labels is None else tuple(sorted(self.labels)),
            tuple(sorted(self.bounds)),
            {name: tuple(found) for name, found in self.values.items()},
            self.sample,
        )


def family_of(sample_name: str, known: Iterable[str] | Mapping[str, object]) -> str:
    """The family that a sample belongs to: its own name, or the histogram or summary behind a suffix."""
    if sample_name not in known:
        for suffix in SUFFIXES:
            base = sample_name.removesuffix(suffix)
            if base != sample_name and base in known:
                return base
    return sample_name


def read_exposition(text: str, job: str) -> tuple[ExposedFamily, ...]:
    """The families of an exposition. Raises ValueError with the number of the first line that is not one's."""
    found: dict[str, FamilySketch] = {}
    for number, line in enumerate(text.split("\n"), start=1):
        line = line.strip()
        if not line:
            continue
        if line.startswith("#"):
            _comment(line, found)
            continue
        try:
            sample, labels, value = parse_sample(line)
        except ValueError as error:
            raise ValueError(f"line {number} is not of an exposition: {line[:80]!r}") from error
        name = family_of(sample, found)
        found.setdefault(name, FamilySketch(name)).see(sample, labels, value)
    return tuple(sketch.finished(job) for sketch in found.values())


def parse_sample(line: str) -> tuple[str, dict[str, str], float]:
    """Name, labels and value of a sample's line. Raises ValueError."""
    match = _SAMPLE.fullmatch(line)
    if match is None:
        raise ValueError(f"{line[:80]!r} is not a sample")
    return match[1], _labels(match[2] or ""), float(match[3])


def _comment(line: str, found: dict[str, FamilySketch]) -> None:
    """A `# HELP` or `# TYPE` line; any other comment says nothing."""
    parts = line.split(maxsplit=3)
    if len(parts) < 3 or parts[0] != "#" or parts[1] not in ("HELP", "TYPE"):
        return
    sketch = found.setdefault(parts[2], FamilySketch(parts[2]))
    rest = parts[3] if len(parts) > 3 else ""
    if parts[1] == "HELP":
        sketch.help = rest.replace(r"\n", "\n").replace(r"\\", "\\")
    else:
        sketch.type = type_named(rest)


def type_named(text: str) -> MetricType | None:
    """A type by its name; None for one that says nothing, as `untyped` and `unknown` do."""
    try:
        known = MetricType(text)
    except ValueError:
        return None
    return None if known is MetricType.UNTYPED else known


def _labels(inside: str) -> dict[str, str]:
    labels: dict[str, str] = {}
    at = 0
    while at < len(inside.rstrip()):
        match = _LABEL.match(inside, at)
        if match is None:
            raise ValueError(f"{inside[at:]!r} is not a label")
        labels[match[1]] = re.sub(r"\\.", lambda found: _ESCAPES.get(found[0], found[0]), match[2])
        at = match.end()
    return labels
