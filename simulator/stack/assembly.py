"""Brings up both servers on a team's files, in the order in which each needs the other's address."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from simulator.stack.alertmanager_config import Redirected
from simulator.stack.local import LocalStack
from simulator.stack.prometheus_config import PrometheusConfig
from simulator.stack.routes import RouteTable, map_routes
from simulator.telemetry.routes import write_routes
from simulator.telemetry.samples import SampleSource

REDIRECTED_FILE: Final = "redirected.txt"


def start_servers(
    stack: LocalStack,
    prometheus: PrometheusConfig,
    alertmanager: Redirected,
    *,
    source: SampleSource,
    emitter_url: str,
    routes: Path,
    api_urls: Sequence[str] = (),
    mapping: Mapping[str, str] | None = None,
) -> RouteTable:
    """Start Alertmanager, then Prometheus; the emitter finds its routes at `routes` before the first scrape.

    `api_urls` are the reference API's instances, which answer for job `cryb-api`; without any the model does. What was
    changed in the team's files is listed in `configs/redirected.txt`. Raises InputError for a file that a server
    refuses, SimulatorError where one does not get ready.
    """
    alertmanager_url = stack.start_alertmanager(alertmanager.text, route_prefix=prometheus.alertmanager_prefix)
    table = RouteTable((), ())

    def configure(prometheus_url: str) -> str:
        nonlocal table
        upstreams = {"prometheus": [f"{prometheus_url}/metrics"], "alertmanager": [f"{alertmanager_url}/metrics"]}
        if api_urls:
            upstreams["cryb-api"] = list(api_urls)
        table = map_routes(prometheus.jobs, source, upstreams=upstreams, mapping=mapping)
        write_routes(routes, table.routes)
        return prometheus.copy(emitter_url=emitter_url, alertmanager_url=alertmanager_url)

    stack.start_prometheus(configure)
    sections = {
        "prometheus.yml": prometheus.changes,
        "alertmanager.yml": alertmanager.changes,
        "targets that nothing stands in for": table.unmapped,
    }
    lines = [
        f"{title}\n" + "".join(f"  {line}\n" for line in found or ("nothing",)) for title, found in sections.items()
    ]
    (stack.configs / REDIRECTED_FILE).write_text("\n".join(lines), encoding="utf-8")
    return table
