"""Dashboards over servers that run, put together: who is asked, and what a platform's catalogue says of a name."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import httpx

from simulator.catalog.looked_at import sample_names
from simulator.catalog.sizes import Size
from simulator.engine.panels import Dashboard
from simulator.engine.variables import Language
from simulator.errors import UnobservedError
from simulator.observers import PrometheusApi
from simulator.profile.manifest import Manifest
from simulator.profile.overlaid import catalogue_of
from simulator.rehearsal.dashboards.asking import LokiServer, PrometheusServer, Server
from simulator.rehearsal.dashboards.looking import Look, Looker, PanelSeen
from simulator.rehearsal.dashboards.reasons import Reasons, Rules


def look_at(
    dashboards: Sequence[Dashboard],
    now_ms: int,
    *,
    prometheus: httpx.Client | None,
    loki: httpx.Client | None = None,
    catalogued: Mapping[str, str] | None = None,
) -> Iterator[PanelSeen]:
    """Every panel of the dashboards, as it looks at an instant. `catalogued` is what `catalogued_names` gives. Raises
    UnobservedError where the Prometheus is none."""
    servers: dict[Language, Server] = {}
    reasons = None
    if prometheus is not None:
        api = PrometheusApi(prometheus)
        asked = PrometheusServer(api)
        servers[Language.PROMQL] = asked
        reasons = Reasons(asked, Rules.of(_groups(api)), catalogued or {})
    if loki is not None:
        servers[Language.LOGQL] = LokiServer(loki)
    looker = Looker(servers, reasons, now_ms)
    for dashboard in dashboards:
        yield from looker.look(dashboard)


def catalogued_names(manifest: Manifest) -> dict[str, str]:
    """The sample names that the catalogue of a run's platform has, each with why this platform does not expose it."""
    is_tiny = manifest.profile.platform.size is Size.TINY
    names: dict[str, str] = {}
    for family in catalogue_of(manifest.overlays).families:
        why = "is what a platform of size tiny does without" if family.not_tiny and is_tiny else ""
        for name in sample_names(family):
            names[name] = why if names.get(name, why) else ""
    return names


def summary(seen: Sequence[PanelSeen]) -> str:
    """`panels with data: 41 of 43`, of those that were looked at."""
    looked = [panel for panel in seen if panel.look is not Look.NOT_LOOKED_AT]
    found = sum(panel.look is Look.DATA for panel in looked)
    skipped = len(seen) - len(looked)
    return f"panels with data: {found} of {len(looked)}" + (f"; {skipped} not looked at" if skipped else "")


def _groups(api: PrometheusApi) -> Sequence[Mapping[str, Any]]:
    """The rule groups; none where the server has no rules, as what stands in for a Prometheus may."""
    try:
        return api.groups()
    except UnobservedError:
        api.get("/api/v1/query", query="1")  # whether it is one at all
        return ()
