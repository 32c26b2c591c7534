"""What stands in for each target of the team's prometheus.yml: a job of the catalogue, or a real local server."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from simulator.stack.scrape_job import ScrapeJob
from simulator.telemetry.routes import Route
from simulator.telemetry.samples import SampleSource

# The platform contract's ports ("Scrape jobs", "Addresses"), for jobs that go by another name.
_BY_PORT: Final = {
    3001: "cryb-api",
    3002: "cryb-api",
    4000: "cryb-api",
    9100: "node-exporter",
    9187: "postgresql",
    9121: "redis",
    9113: "nginx",
    9114: "elasticsearch",
    9000: "minio",
    7880: "livekit",
    8080: "cadvisor",
    9090: "prometheus",
    9093: "alertmanager",
    3000: "grafana",
    3005: "grafana",
    9466: "cryb-web",
    9467: "error-tracking",
    9468: "websocket-monitoring",
    9469: "database-performance",
    9464: "bullmq",
    9465: "business-metrics",
    9471: "search-analytics",
    9200: "security",
    9472: "security-automation",
}

# The local servers' own paths, where the team's may have another prefix; the API is asked for the job's path as it is.
_METRICS_PATH: Final = {"prometheus": "/metrics", "alertmanager": "/metrics"}


@dataclass(frozen=True)
class RouteTable:
    """The emitter's routes; the targets (job, address) of instances that the profile's platform does not have, which
    the copy leaves out; and a line on each of those and on each target that nothing stands in for."""

    routes: tuple[Route, ...]
    unmapped: tuple[str, ...]
    left_out: frozenset[tuple[str, str]] = frozenset()


def map_routes(
    jobs: Iterable[ScrapeJob],
    source: SampleSource,
    *,
    upstreams: Mapping[str, Sequence[str]],
    mapping: Mapping[str, str] | None = None,
) -> RouteTable:
    """Map the i-th target of each job to the i-th instance of a catalogue job.

    `upstreams` are the URLs of real servers by catalogue job (`cryb-api`, `prometheus`, `alertmanager`), which come
    before the model; `mapping` names the catalogue job of a job by hand. Targets that two jobs share are one instance.
    Where the platform has fewer instances than a job has targets, the last ones are left out: up, they would hide an
    outage of the others, and down, they would be one.
    """
    routes: list[Route] = []
    unmapped: list[str] = []
    left_out: list[tuple[str, str]] = []
    seen: dict[str, list[str]] = {}  # targets of each catalogue job, in the order they were met
    for job in jobs:
        for target in job.targets:
            catalogue_job = catalogue_job_of(job, target, {*source.jobs(), *upstreams}, mapping or {})
            if catalogue_job is None and target in job.spare:
                left_out.append((job.name, target))
                continue
            if catalogue_job is None:
                unmapped.append(
                    f"job {job.name!r}, target {target}: not in the catalogue; it is up and exposes nothing"
                )
                routes.append(Route(job.name, target))
                continue
            targets = seen.setdefault(catalogue_job, [])
            if target not in targets:
                targets.append(target)
            number = targets.index(target)
            route, available = _route(job.name, target, catalogue_job, number, source, upstreams)
            if route.is_mapped:
                routes.append(route)
                continue
            left_out.append((job.name, target))
            if target in job.spare:
                continue
            there = "instance" if available == 1 else "instances"
            unmapped.append(
                f"job {job.name!r}, target {target}: left out, the platform has {available} {there} of {catalogue_job}"
            )
    return RouteTable(tuple(routes), tuple(unmapped), frozenset(left_out))


def catalogue_job_of(job: ScrapeJob, target: str, known: set[str], mapping: Mapping[str, str]) -> str | None:
    """The catalogue's name for a job: given by hand, equal, by blackbox module, or by the target's usual port."""
    candidates = [mapping.get(job.name), job.name]
    if job.metrics_path == "/probe":
        candidates.append("blackbox-http" if job.module.startswith("http") else "blackbox-ssl")
    else:
        port = target.rpartition(":")[2].partition("/")[0]
        candidates.append(_BY_PORT.get(int(port)) if port.isascii() and port.isdecimal() else None)
    return next((candidate for candidate in candidates if candidate in known), None)


def _route(
    job: str,
    target: str,
    catalogue_job: str,
    number: int,
    source: SampleSource,
    upstreams: Mapping[str, Sequence[str]],
) -> tuple[Route, int]:
    urls = upstreams.get(catalogue_job)
    if urls:
        upstream = urls[number] + _METRICS_PATH.get(catalogue_job, "") if number < len(urls) else ""
        return Route(job, target, catalogue_job, upstream=upstream), len(urls)
    instances = source.instances(catalogue_job)
    instance = instances[number] if number < len(instances) else ""
    return Route(job, target, catalogue_job, instance), len(instances)
