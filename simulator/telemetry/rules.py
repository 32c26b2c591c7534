"""Alerting rules as a judge needs to know them: what an expression looks at, and how far back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import re2

from simulator.telemetry.samples import Labels

_NOT_READABLE: Final = "(not readable: "


@dataclass(frozen=True)
class Matcher:
    """One label matcher; `op` is `=`, `!=`, `=~` or `!~`."""

    label: str
    op: str
    value: str

    def accepts(self, value: str) -> bool:
        """Whether a label's value passes; a label that is not there is empty.

        Regular expressions are RE2 and anchored, as in Prometheus.
        """
        match self.op:
            case "=":
                return value == self.value
            case "!=":
                return value != self.value
            case "=~":
                return bool(re2.fullmatch(self.value, value))
            case _:
                return not re2.fullmatch(self.value, value)


@dataclass(frozen=True)
class Selector:
    """One vector selector of an expression, recording rules unfolded.

    `window_ms` is its own range plus every range and subquery around it; `absence` is set where the expression reacts
    to missing series (`absent()`, `absent_over_time()`) or to a value that means "down" (`up == 0`).
    """

    metric: str
    matchers: tuple[Matcher, ...]
    window_ms: int = 0
    absence: bool = False

    @property
    def unread(self) -> str:
        """The expression that this stands for because nobody here can read it; empty for any other selector."""
        if not self.metric.startswith(_NOT_READABLE):
            return ""
        return self.metric.removeprefix(_NOT_READABLE).removesuffix(")")

    def __str__(self) -> str:
        inside = ",".join(f'{m.label}{m.op}"{m.value}"' for m in self.matchers)
        return f"{self.metric}{{{inside}}}" if inside else self.metric


def not_readable(expr: str, window_ms: int = 0) -> Selector:
    """What stands for an expression that cannot be read: a selector that matches nothing."""
    return Selector(f"{_NOT_READABLE}{expr})", (), window_ms)


@dataclass(frozen=True)
class AlertRule:
    """One alerting rule of the team's files. `reach_ms` is how far back its expression looks, recordings included."""

    name: str
    group: str
    file: str
    expr: str
    for_ms: int
    interval_ms: int
    labels: Labels
    annotations: Labels
    selectors: tuple[Selector, ...]
    reach_ms: int
    keep_firing_for_ms: int = 0
    line: int = 0
    recordings: tuple[str, ...] = ()  # names of the recording rules that it rests on, those of those included
