"""What a recording rule makes of its expression's result.

Source: rules/recording.go (`Eval`) of Prometheus 2.42 to 3.9, which agree.
"""

from __future__ import annotations

import numpy as np

from simulator.engine.groups import METRIC_NAME, RecordingRule
from simulator.engine.ranges import Ranged
from simulator.engine.server import RangeResult
from simulator.engine.state import RuleError, Vector
from simulator.telemetry.samples import Labels

_SAME_LABELS = "vector contains metrics with the same labelset after applying rule labels"


def recorded_vector(rule: RecordingRule, vector: Vector, limit: int = 0) -> Vector:
    """The samples that one evaluation records, names included. Raises RuleError."""
    samples = {_recorded(rule, labels): value for labels, value in vector}
    if len(samples) < len(vector):
        raise RuleError(_SAME_LABELS)
    if 0 < limit < len(vector):
        raise RuleError(_over_limit(limit, len(vector)))
    return list(samples.items())


def recorded_range(rule: RecordingRule, ranged: Ranged, limit: int = 0) -> Ranged:
    """The same for every instant of a range."""
    rows: dict[Labels, int] = {}
    targets = [rows.setdefault(_recorded(rule, labels), len(rows)) for labels in ranged.result.labels]
    columns = ranged.result.present.shape[1]
    counts = np.zeros((len(rows), columns), dtype=np.int32)
    np.add.at(counts, np.array(targets, dtype=np.intp), ranged.result.present)
    values = np.zeros((len(rows), columns))
    for row, target in enumerate(targets):
        there = ranged.result.present[row]
        values[target, there] = ranged.result.values[row, there]
    errors = dict(ranged.errors)
    sizes = counts.sum(axis=0)
    for column in np.flatnonzero((counts > 1).any(axis=0)):
        errors.setdefault(int(column), _SAME_LABELS)
    if limit:
        for column in np.flatnonzero(sizes > limit):
            errors.setdefault(int(column), _over_limit(limit, int(sizes[column])))
    present = counts == 1
    present[:, list(errors)] = False
    return Ranged(RangeResult(tuple(rows), present, values), errors)


def _recorded(rule: RecordingRule, labels: Labels) -> Labels:
    merged = dict(labels) | {METRIC_NAME: rule.name} | dict(rule.labels)
    return tuple(sorted((name, value) for name, value in merged.items() if value))


def _over_limit(limit: int, count: int) -> str:
    return f"exceeded limit of {limit} with {count} series"
