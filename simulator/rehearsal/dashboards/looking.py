"""Which panels of a dashboard have data, and why the others have none: every query asked as Grafana would ask it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import islice
from typing import Final

from simulator.engine.panels import DEFAULT_SCRAPE_MS, Dashboard, Panel, Target
from simulator.engine.variables import REFERENCE, Language, referred
from simulator.errors import RefusedError
from simulator.rehearsal.dashboards.asking import Server, Shown
from simulator.rehearsal.dashboards.reasons import ONLY_NAN, Reasons
from simulator.rehearsal.dashboards.resolving import Resolved, resolved
from simulator.telemetry.interval import Interval

_POINTS: Final = 1000
"""About so many points a panel asks for: one for each pixel of its width."""

MOST_COPIES: Final = 20
"""So many copies of a repeated panel are looked at."""

_WITHOUT_QUERIES: Final = frozenset({"text", "news", "dashlist", "welcome", "gettingstarted", "alertlist", "annolist"})


class Look(StrEnum):
    """What became of a panel."""

    DATA = "data"
    EMPTY = "empty"
    NOT_LOOKED_AT = "not looked at"


@dataclass(frozen=True)
class PanelSeen:
    """One panel, or one copy of a repeated one. `why` says of an empty one why it is, of one with data which of its
    queries have none and why, and of one that was not looked at what stands in the way."""

    dashboard: str
    panel: str
    look: Look
    why: str = ""

    @property
    def place(self) -> str:
        return f"{self.dashboard} / {self.panel}"


class Looker:
    """Looks at dashboards. `servers` are those that can be asked; `reasons` are for the Prometheus among them."""

    def __init__(self, servers: Mapping[Language, Server], reasons: Reasons | None, now_ms: int) -> None:
        self._servers = servers
        self._reasons = reasons
        self._now_ms = now_ms

    def look(self, dashboard: Dashboard) -> Iterator[PanelSeen]:
        """Every panel that shows data. Raises UnobservedError where a server does not answer."""
        span = Interval(self._now_ms - dashboard.span_ms, self._now_ms)
        known = resolved(dashboard, self._servers, span)
        for panel in dashboard.panels:
            if panel.kind in _WITHOUT_QUERIES:
                continue
            copies = list(islice(known.copies(panel), MOST_COPIES + 1))
            for suffix, only in copies[:MOST_COPIES]:
                look, why = self._panel(panel, Resolved(only, known.lacking))
                yield PanelSeen(dashboard.title, f"{panel.title or 'without a title'}{suffix}", look, why)
            if not copies:
                lacking = known.lacking.get(panel.repeats[0]) or f"variable ${panel.repeats[0]} has no values"
                why = f"it is repeated for each value: {lacking}"
                yield PanelSeen(dashboard.title, panel.title, Look.EMPTY, why)
            elif len(copies) > MOST_COPIES:
                why = f"only the first {MOST_COPIES} copies were looked at"
                yield PanelSeen(dashboard.title, f"{panel.title} (further copies)", Look.NOT_LOOKED_AT, why)

    def _panel(self, panel: Panel, known: Resolved) -> tuple[Look, str]:
        if panel.elsewhere:
            return Look.NOT_LOOKED_AT, f"its queries are in {panel.elsewhere}"
        asked = [target for target in panel.targets if target.language in self._servers]
        if not asked:
            return Look.NOT_LOOKED_AT, _unasked(panel.targets)
        found = {target.ref: self._target(panel, target, known) for target in asked}
        empty = {ref: why for ref, why in found.items() if why}
        told = "; ".join(dict.fromkeys(empty.values()) if len(empty) == len(found) else _named(empty))
        return (Look.EMPTY if len(empty) == len(found) else Look.DATA), told

    def _target(self, panel: Panel, target: Target, known: Resolved) -> str:
        """Why a query gives nothing; empty where it gives something."""
        shown = self._shown(panel, known.dashboard)
        expr = known.dashboard.filled(target.expr, step_ms=shown.step_ms, range_ms=shown.span.length_ms)
        server = self._servers[target.language]
        try:
            points = server.points(expr, shown, instant=target.instant)
            if points > 0:
                return ""
            if points < 0:
                return ONLY_NAN
            for name in dict.fromkeys(referred(one) for one in REFERENCE.finditer(target.expr)):
                if name in known.lacking:
                    return known.lacking[name]
            # $1 is a group of label_replace
            if unknown := next((one[0] for one in REFERENCE.finditer(expr) if not referred(one).isdigit()), ""):
                return f"the dashboard has no variable {unknown}"
            if target.language is Language.PROMQL and self._reasons is not None:
                return self._reasons.of(expr, shown, instant=target.instant)
        except RefusedError as error:
            return str(error)
        return f"no line matches {expr} in the time shown"

    def _shown(self, panel: Panel, dashboard: Dashboard) -> Shown:
        """The time that a panel shows, in steps of whole scrape intervals, as few as Grafana would take."""
        span_ms = panel.span_ms or dashboard.span_ms
        least_ms = max(panel.min_step_ms, DEFAULT_SCRAPE_MS)
        step_ms = -(-span_ms // (_POINTS * least_ms)) * least_ms
        return Shown(Interval(self._now_ms - span_ms, self._now_ms), step_ms)


def _unasked(targets: Sequence[Target]) -> str:
    """Why none of a panel's queries could be asked."""
    languages = {target.language for target in targets}
    if Language.LOGQL in languages:
        return "it asks a Loki, and none is given"
    if Language.PROMQL in languages:
        return "it asks a Prometheus, and none is given"
    return "it asks neither a Prometheus nor a Loki" if targets else "it has no query of Prometheus or Loki"


def _named(empty: Mapping[str, str]) -> list[str]:
    return [f"query {ref}: {why}" for ref, why in empty.items()]
