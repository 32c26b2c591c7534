"""docs/alerts.md: each alert, who hears of it, and which profiles rehearse it; and the same on each runbook."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from alerting.channels import Routes, read_routes
from alerting.rules import Alert, read_alerts
from simulator.profile.load import load_profile
from simulator.profile.schema import Profile

ROOT: Final = Path(__file__).parents[1]
TABLE: Final = ROOT / "docs" / "alerts.md"
RUNBOOKS: Final = ROOT / "docs" / "runbooks"
_SECTION: Final = "## Rehearsed by"

_HEAD: Final = """\
# Alerts, who hears of them, and how to rehearse each

Made by `python -m alerting` from [rules](../monitoring/prometheus/rules), [routes](../monitoring/alertmanager) and
[profiles](../profiles). A name leads to its runbook. Everything critical that is unresolved after 15 minutes is told to
{escalated} as well.

| Alert | Severity | Category | for | Heard by | Rehearsed by |
|---|---|---|---|---|---|
"""


def alerts_table() -> str:
    """The page."""
    alerts, routes, profiles = read_alerts(), read_routes(), read_profiles()
    escalated = " and ".join(routes.escalated(next(alert for alert in alerts if alert.severity == "critical")))
    return _HEAD.format(escalated=escalated) + "".join(_row(alert, routes, profiles) for alert in alerts)


def runbook(alert: Alert, written: str, profiles: Sequence[Profile]) -> str:
    """A runbook with its last section, which is made, brought up to date."""
    text = written.partition(_SECTION)[0].rstrip("\n")
    named = rehearsed_by(alert, profiles)
    if alert.name == "Watchdog":
        how = "Every profile: it fires all the time, and no verdict counts it."
    elif named:
        how = "\n".join(f"- `crybsim rehearse {profile.name}`: {_first_sentence(profile)}" for profile in named)
    else:
        how = "No profile: Loki's ruler evaluates it, which needs a Loki that runs."
    condition = (
        f"`{alert.severity}`, `{alert.category}`, for {alert.hold}; [rule](../../{alert.file.relative_to(ROOT)})"
    )
    return f"{text}\n\n{_SECTION}\n\n{how}\n\n{condition}\n"


def rehearsed_by(alert: Alert, profiles: Sequence[Profile]) -> tuple[Profile, ...]:
    """The profiles that expect an alert to fire."""
    return tuple(one for one in profiles if any(expected.name == alert.name for expected in one.expect.alerts))


def read_profiles() -> tuple[Profile, ...]:
    """The shipped profiles, by name."""
    return tuple(load_profile(path) for path in sorted((ROOT / "profiles").glob("*.yaml")))


def _row(alert: Alert, routes: Routes, profiles: Sequence[Profile]) -> str:
    named = ", ".join(f"[{one.name}](../profiles/{one.name}.yaml)" for one in rehearsed_by(alert, profiles))
    by = named or ("always firing" if alert.name == "Watchdog" else "Loki's ruler, live")
    cells = (
        f"[{alert.name}](runbooks/{alert.name}.md)",
        alert.severity,
        alert.category,
        alert.hold,
        ", ".join(routes.told(alert)),
        by,
    )
    return f"| {' | '.join(cells)} |\n"


def _first_sentence(profile: Profile) -> str:
    return profile.description.partition(". ")[0].rstrip(".") + "."


def pages() -> Mapping[Path, str]:
    """Every page that is made, in whole or in part."""
    profiles = read_profiles()
    books = {RUNBOOKS / f"{alert.name}.md": alert for alert in read_alerts()}
    made = {path: runbook(alert, path.read_text("utf-8"), profiles) for path, alert in books.items() if path.exists()}
    return {TABLE: alerts_table(), **made}
