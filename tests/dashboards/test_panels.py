"""Every PromQL target of the reference dashboards, answered by the real Prometheus over a platform's telemetry.

LogQL is in tests/monitoring/test_loki.py.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from simulator.catalog.sizes import Size
from simulator.profile.load import load_profile
from simulator.rehearsal.dashboards.checking import look_at
from simulator.rehearsal.dashboards.looking import Look
from simulator.resources import shipped
from simulator.stack.binaries import Binaries, find_binaries
from simulator.units import DAY, HOUR
from tests.dashboards.busy import busy
from tests.dashboards.shown import Answer, Shown, shipped_dashboards, shown

CONSTANT = {
    "CRYB / API performance / Throttled / A": "no rate limit is reached here",
    "CRYB / Infrastructure overview / Notifications / A": "the platform's own Alertmanager notifies a few times a day",
    "CRYB / Infrastructure overview / Connections / B": "a setting of PostgreSQL",
    "CRYB / Infrastructure overview / Services / C": "nginx is well; were it not, its exporter would tell",
    "CRYB / Infrastructure overview / Services / D": "Elasticsearch is well",
    "CRYB / Business KPIs and analytics / Monthly recurring revenue / A": "computed anew by the day",
    "CRYB / Business KPIs and analytics / Revenue per user / A": "computed anew by the day",
    "CRYB / SLO / Compliance / A": "30 days are not won back within an hour",
    "CRYB / SLO / Alerts on objectives / A": "ALERTS is 1 where an alert is active, and not there else",
}
"""Targets whose series may all be constant, and why."""

LAST_WEEK = {"CRYB / Business KPIs and analytics / Daily active users and last week's / B"}
"""Targets that look a week back."""

NOBODY_NOTIFIED = {"CRYB / Infrastructure overview / Failed notifications / A"}
"""The model's own Alertmanager does not know of the alerts of the rules under rehearsal."""

ONLY_WITH_TROUBLE = {
    "CRYB / SLO / Alerts on objectives / A",
    "CRYB / SLO / Budget lasts for / A",
    *NOBODY_NOTIFIED,
}
"""Targets that are empty while all is well: no alert, no budget being spent, nobody notified."""

_RANGES = {
    "percentunit": (-1e6, 1.0 + 1e-9),  # an error budget can be overspent without end
    "percent": (0.0, 100.0),
    "s": (-60.0, 400 * 86400.0),
    "reqps": (0.0, 1e4),
    "ops": (0.0, 1e4),
    "bytes": (1.0, 1e13),
    "Bps": (0.0, 1e10),
    "Kbits": (1.0, 1e5),
    "currencyUSD": (0.0, 1e8),
    "short": (0.0, 1e7),
    "none": (0.0, 1.0),
}


def out_of_range(answer: Answer) -> str:
    """What is wrong with its values, if anything: not finite, beyond what the unit or the panel's axis allows."""
    values = np.concatenate(answer.series())
    low, high = _RANGES[answer.panel.unit]
    low = max(low, answer.panel.low) if answer.panel.low is not None else low
    high = min(high, answer.panel.high) if answer.panel.high is not None else high
    if not np.isfinite(values).all():
        return "not finite"
    if values.min() < low - 1e-9 or values.max() > high + 1e-9:
        return f"{values.min():g} to {values.max():g} {answer.panel.unit}, not within {low:g} to {high:g}"
    return ""


def mistakes(answers: list[Answer], *, empty: set[str], may_stand: bool) -> str:
    """Targets that fail, are empty, do not move, or show what cannot be, one a line."""
    found = {}
    for answer in answers:
        if answer.result is None:
            found[answer.place] = answer.error
        elif not answer.series():
            if answer.place not in empty:
                found[answer.place] = f"no series: {answer.expr}"
        elif not answer.moves and not may_stand and answer.place not in CONSTANT:
            found[answer.place] = f"constant: {answer.expr}"
        elif wrong := out_of_range(answer):
            found[answer.place] = wrong
    return "\n".join(f"{place}: {what}" for place, what in found.items())


@pytest.fixture(scope="module")
def binaries() -> Binaries:
    return find_binaries()


def test_exceptions_are_of_targets_that_there_are() -> None:
    places = {
        f"{dashboard.title} / {panel.title} / {target.ref}"
        for dashboard in shipped_dashboards()
        for panel in dashboard.panels
        for target in panel.targets
    }
    assert CONSTANT.keys() | LAST_WEEK | ONLY_WITH_TROUBLE <= places


@pytest.mark.stack
@pytest.mark.slow
def test_every_panel_has_data_that_moves(binaries: Binaries, tmp_path: Path) -> None:
    with shown(busy(), binaries, tmp_path, history_ms=HOUR // 2, rules_ms=HOUR) as there:
        answers = list(there.answers())
        marks = marked_faults(there)
        now_ms = int(there.times_ms[-1])
        seen = list(look_at(shipped_dashboards(), now_ms, prometheus=there.client))
    assert len(answers) > 120
    assert mistakes(answers, empty=LAST_WEEK | NOBODY_NOTIFIED, may_stand=False) == ""
    assert marks == {fault.id for fault in busy().faults}
    having = {panel_of(answer) for answer in answers if answer.series()}
    lacking = {panel_of(answer) for answer in answers} - having
    assert {panel.place for panel in seen if panel.look is Look.EMPTY} == lacking
    assert {panel.place for panel in seen if panel.look is Look.DATA} >= having


@pytest.mark.accept
@pytest.mark.stack
def test_over_more_than_a_week_no_target_is_empty(binaries: Binaries, tmp_path: Path) -> None:
    with shown(busy(), binaries, tmp_path, history_ms=8 * DAY, rules_ms=HOUR) as there:
        assert mistakes(list(there.answers()), empty=NOBODY_NOTIFIED, may_stand=False) == ""


@pytest.mark.accept
@pytest.mark.stack
@pytest.mark.parametrize("name", ["api-errors", "database-down", "redis-down", "scrape-gap", "voice-packet-loss"])
def test_every_panel_has_data_over_a_shipped_profile(name: str, binaries: Binaries, tmp_path: Path) -> None:
    profile = load_profile(shipped("profiles") / f"{name}.yaml")
    profile = profile.model_copy(update={"platform": profile.platform.model_copy(update={"size": Size.TINY})})
    with shown(profile, binaries, tmp_path, history_ms=HOUR, rules_ms=HOUR // 2) as there:
        assert mistakes(list(there.answers()), empty=LAST_WEEK | ONLY_WITH_TROUBLE, may_stand=True) == ""
        assert marked_faults(there) == {
            fault.id for fault in profile.faults if fault.end > profile.duration - HOUR // 2
        }


@pytest.mark.accept
@pytest.mark.stack
def test_a_platform_without_faults_shows_everything_but_trouble(binaries: Binaries, tmp_path: Path) -> None:
    with shown(busy(faults=False), binaries, tmp_path, history_ms=HOUR, rules_ms=HOUR) as there:
        assert mistakes(list(there.answers()), empty=LAST_WEEK | ONLY_WITH_TROUBLE, may_stand=True) == ""
        assert marked_faults(there) == set()


def panel_of(answer: Answer) -> str:
    """The panel's place, without the query's."""
    return answer.place.rpartition(" / ")[0]


def marked_faults(there: Shown) -> set[str]:
    """The faults that the annotation query finds."""
    result = there.server.range("crybsim_fault_active == 1", there.times_ms)
    return {dict(labels)["fault"] for labels in result.labels}
