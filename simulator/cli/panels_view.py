"""Panels with and without data, for people and for --json."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

import typer

from simulator.profile.settings import Settings, expand
from simulator.rehearsal.dashboards.checking import summary
from simulator.rehearsal.dashboards.looking import Look, PanelSeen
from simulator.resources import shipped

REFERENCE_DASHBOARDS: Final = shipped("monitoring") / "grafana" / "dashboards"


def dashboard_files(globs: list[str] | None, settings: Settings) -> Sequence[Path]:
    """Those of --dashboards, else those of crybsim.yaml, else the five reference ones. Raises InputError."""
    return team_dashboards(globs, settings) or sorted(REFERENCE_DASHBOARDS.glob("*.json"))


def team_dashboards(globs: list[str] | None, settings: Settings) -> Sequence[Path]:
    """Those of --dashboards, else those of crybsim.yaml. Raises InputError."""
    return expand(globs, Path()) if globs else settings.files(settings.dashboards)


def panel_lines(seen: Sequence[PanelSeen]) -> Iterator[str]:
    """The summary, a line for each panel that is empty or lacks a query's data, and one for each reason not to look."""
    yield summary(seen)
    for panel in seen:
        if panel.look is Look.EMPTY:
            yield f"  empty          {panel.place}: {panel.why}"
    for panel in seen:
        if panel.look is Look.DATA and panel.why:
            yield f"  in part        {panel.place}: {panel.why}"
    skipped = Counter((panel.dashboard, panel.why) for panel in seen if panel.look is Look.NOT_LOOKED_AT)
    for (dashboard, why), count in skipped.items():
        panels = "1 panel" if count == 1 else f"{count} panels"
        yield f"  not looked at  {dashboard}, {panels}: {why}"


def tell_panels(seen: Sequence[PanelSeen], *, as_json: bool, **more: Any) -> None:
    """Print all of it; with --json as one line, `more` before the panels."""
    if as_json:
        typer.echo(json.dumps({**more, **panels_document(seen)}))
    for line in panel_lines(seen):
        typer.echo(line, err=as_json)


def panels_document(seen: Sequence[PanelSeen]) -> dict[str, Any]:
    """The same for --json."""
    counts = Counter(panel.look for panel in seen)
    return {
        "with_data": counts[Look.DATA],
        "looked_at": counts[Look.DATA] + counts[Look.EMPTY],
        "not_looked_at": counts[Look.NOT_LOOKED_AT],
        "panels": [asdict(panel) for panel in seen],
    }
