"""Files for servers that somebody else starts: a run's manifest, and copies of the configuration that reach only it.

The platform of such a run listens at addresses fixed beforehand, all on one loopback (one machine, or the containers
of one pod): these files can then be written before anything runs.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from simulator.errors import InputError
from simulator.profile.manifest import Manifest
from simulator.rehearsal.request import TeamFiles
from simulator.sinks.scrape import OWN_PATH
from simulator.stack.alertmanager_config import redirect
from simulator.stack.fault_marks import JOB, with_fault_marks
from simulator.stack.prometheus_config import PrometheusConfig
from simulator.stack.routes import map_routes
from simulator.telemetry.routes import write_routes
from simulator.telemetry.samples import SampleSource

MANIFEST: Final = "manifest.json"
ROUTES: Final = "routes.json"
PROMETHEUS: Final = "prometheus.yml"
ALERTMANAGER: Final = "alertmanager.yml"
REDIRECTED: Final = "redirected.txt"


@dataclass(frozen=True)
class Addresses:
    """Where everything will listen. `receivers_smtp` is host:port."""

    prometheus_url: str
    alertmanager_url: str
    emitter_url: str
    receivers_http_url: str
    receivers_smtp: str
    api_urls: Sequence[str] = ()


def write_files(
    folder: Path, manifest: Manifest, files: TeamFiles, addresses: Addresses, source: SampleSource
) -> Sequence[str]:
    """Write them into `folder`, over older ones. Returns what the copies changed, one line each.

    Raises InputError for files that cannot be read or redirected, or a folder that cannot be written.
    """
    scrapes = PrometheusConfig.read(files.prometheus_config, rules=files.rules or None, discovered=files.discovered)
    try:
        original = files.alertmanager_config.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{files.alertmanager_config}: cannot be read: {error}") from error
    routes = redirect(
        original,
        http_url=addresses.receivers_http_url,
        smtp=addresses.receivers_smtp,
        source=str(files.alertmanager_config),
        base_dir=files.alertmanager_config.parent.absolute(),
    )
    upstreams: dict[str, Sequence[str]] = {
        "prometheus": (addresses.prometheus_url,),
        "alertmanager": (addresses.alertmanager_url,),
    }
    if addresses.api_urls:
        upstreams["cryb-api"] = addresses.api_urls
    table = map_routes(scrapes.jobs, source, upstreams=upstreams, mapping=files.jobs)
    changes = (
        *(f"{files.prometheus_config}: {change}" for change in scrapes.changes),
        *routes.changes,
        *table.unmapped,
        f"{files.prometheus_config}: job {JOB} added: the emitter's own word on which fault acts, for dashboards",
    )
    copy = scrapes.copy(
        emitter_url=addresses.emitter_url, alertmanager_url=addresses.alertmanager_url, without=table.left_out
    )
    copy = with_fault_marks(copy, addresses.emitter_url, OWN_PATH)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        manifest.write(folder / MANIFEST)
        write_routes(folder / ROUTES, table.routes)
        (folder / PROMETHEUS).write_text(copy, encoding="utf-8")
        (folder / ALERTMANAGER).write_text(routes.text, encoding="utf-8")
        (folder / REDIRECTED).write_text("".join(f"{line}\n" for line in changes), encoding="utf-8")
    except OSError as error:
        raise InputError(f"{folder}: cannot be written: {error.strerror}") from error
    return changes
