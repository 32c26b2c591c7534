"""The limits that alerts set to single metrics, and values on either side of them, as an overlay writes them."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from simulator.engine.expressions import Expression
from simulator.engine.limits import BASE, Limit, Reading, limits_of, quiet_value

EVERY_SECONDS: Final = 15
"""The time from one written value to the next, unless an overlay says otherwise."""
_STEPS: Final = 2000  # of a rise: over eight hours, and then it stands still
_LONGEST_ID: Final = 63


def fault_id(alert: str) -> str:
    """The id of the fault that is to set an alert off: `QueueStuck` becomes `queue-stuck`."""
    words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "-", alert)
    return re.sub(r"[^a-z0-9]+", "-", words.lower()).strip("-")[:_LONGEST_ID].rstrip("-") or "fault"


@dataclass(frozen=True)
class Limits:
    """Of one metric: limits by alert. `is_base`: another one is divided by it."""

    by_alert: Mapping[str, tuple[Limit, ...]]
    is_base: bool

    def quiet(self, otherwise: float) -> float:
        """A value at which none of these alerts fires."""
        every = [limit for limits in self.by_alert.values() for limit in limits]
        return quiet_value(every, BASE if self.is_base else otherwise)

    def loud(self, *, is_counter: bool) -> dict[str, str]:
        """What each alert's fault shows, in promtool's notation."""
        found = {}
        for alert, limits in self.by_alert.items():
            values = [limit.loud for limit in limits if limit.reading is Reading.VALUE]
            rises = [limit.loud for limit in limits if limit.reading is Reading.RISE]
            step = max((abs(rise) * EVERY_SECONDS for rise in rises), default=0.0)
            step = math.ceil(step) if is_counter else step
            if is_counter and (values or not rises or any(limit.op in ("<", "<=", "==") for limit in limits)):
                continue
            falls = bool(rises) and all(rise < 0 for rise in rises)
            start = values[0] if values else 0.0
            text = f"{start:g}{'-' if falls else '+'}{step:g}x{_STEPS}" if step else f"{start:g}x1"
            found[fault_id(alert)] = text
        return found


def limits_by_metric(expressions: Iterable[Expression]) -> dict[str, Limits]:
    """Of every metric that alerts compare with numbers; recorded names are left out."""
    expressions = tuple(expressions)
    found: dict[str, dict[str, tuple[Limit, ...]]] = {}
    bases: set[str] = set()
    for expression in expressions:
        if expression.records or not expression.alert:
            continue
        try:
            limits = limits_of(expression.text)
        except ValueError:
            continue
        for limit in limits:
            of_metric = found.setdefault(limit.metric, {})
            of_metric[expression.alert] = (*of_metric.get(expression.alert, ()), limit)
            if limit.per:
                bases.add(limit.per)
    return {metric: Limits(found.get(metric, {}), metric in bases) for metric in {*found, *bases}}
