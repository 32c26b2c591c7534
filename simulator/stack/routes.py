"""What stands in for each target of the team's prometheus.yml: a job of the catalogue, or a real local server."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from simulator.catalog.jobs import BY_NAME
from simulator.stack.scrape_job import ScrapeJob
from simulator.telemetry.routes import Route
from simulator.telemetry.samples import SampleSource

# The platform contract's ports ("Scrape jobs", "Addresses"), for jobs that go by another name.
_BY_PORT: Final = {
    3001: "cryb-api",
    3002: "cryb-api",
    9100: "node-exporter",
    9187: "postgresql",
    9121: "redis",
    9113: "nginx",
    9114: "elasticsearch",
    7880: "livekit",
    9090: "prometheus",
    9093: "alertmanager",
    9466: "cryb-web",
    9467: "error-tracking",
    9468: "websocket-monitoring",
    9469: "database-performance",
    9464: "bullmq",
    9465: "business-metrics",
    9471: "search-analytics",
    9472: "security-automation",
}

_USUAL: Final = {3000: "grafana", 3005: "grafana", 4000: "cryb-api", 8080: "cadvisor", 9000: "minio", 9200: "security"}
"""Ports that anything may listen on: one counts only where the job's name or its target says no other thing."""

_ELSEWHERE: Final = re.compile(r"api-?server|kubelet|nodes?$", re.IGNORECASE)
_EVERYTHING: Final = re.compile(r"pod|service|endpoint|container|docker|consul|nomad|ec2|swarm|tasks?$", re.IGNORECASE)
"""What jobs are called that discover one thing of the cluster's own, or whatever runs there."""

_ALIASES: Final = {
    "node-exporter": "node-exporter", "cadvisor": "cadvisor", "postgres": "postgresql", "redis": "redis",
    "nginx": "nginx", "elasticsearch": "elasticsearch", "minio": "minio", "livekit": "livekit", "grafana": "grafana",
    "alertmanager": "alertmanager", "bullmq": "bullmq",
}  # fmt: skip
"""Words in a job's name that leave no doubt what it scrapes."""

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
    outage of the others, and down, they would be one. Spare targets of one job that discovers whatever there is stand
    for what no other job scrapes.
    """
    jobs = tuple(jobs)
    known = {*source.jobs(), *upstreams}
    finder = _finder(jobs, known, mapping or {})
    of_nobody = _of_nobody(jobs, known, mapping or {}, source, upstreams) if finder else []
    routes: list[Route] = []
    unmapped: list[str] = []
    left_out: list[tuple[str, str]] = []
    seen: dict[str, list[str]] = {}  # targets of each catalogue job, in the order they were met
    for job in jobs:
        for target in job.targets:
            catalogue_job = catalogue_job_of(job, target, known, mapping or {})
            if job.name == finder and of_nobody and (catalogue_job is None or target in job.spare):
                routes.append(_route(job.name, target, *of_nobody.pop(0), source, upstreams)[0])
                continue
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
    if found := dict.fromkeys(route.catalogue_job for route in routes if route.job == finder and route.is_mapped):
        unmapped.append(f"job {finder!r}: its discovery stands for what no other job scrapes: {', '.join(found)}")
    return RouteTable(tuple(routes), tuple(unmapped), frozenset(left_out))


def _finder(jobs: Sequence[ScrapeJob], known: set[str], mapping: Mapping[str, str]) -> str:
    """The job whose discovery would find whatever runs: not known by itself, not named after one thing; or none."""
    candidates = [
        job.name
        for job in jobs
        if job.spare
        and job.name not in mapping
        and catalogue_job_of(job, job.targets[0], known, {}) in (None, job.name)
        and not (job.name in BY_NAME or _ELSEWHERE.search(job.name))
    ]
    return next((name for name in candidates if _EVERYTHING.search(name)), next(iter(candidates), ""))


def _of_nobody(
    jobs: Sequence[ScrapeJob],
    known: set[str],
    mapping: Mapping[str, str],
    source: SampleSource,
    upstreams: Mapping[str, Sequence[str]],
) -> list[tuple[str, int]]:
    """The catalogue's jobs that no target stands for, with the number of each of their instances."""
    scraped = {catalogue_job_of(job, target, known, mapping) for job in jobs for target in job.targets}
    return [
        (name, number)
        for name in source.jobs()
        if name not in scraped
        for number in range(len(upstreams.get(name) or source.instances(name)))
    ]


def catalogue_job_of(job: ScrapeJob, target: str, known: set[str], mapping: Mapping[str, str]) -> str | None:
    """The catalogue's name for a job: given by hand, equal, by blackbox module, alike, or by the target's port."""
    candidates = [mapping.get(job.name), job.name]
    if job.metrics_path == "/probe":
        candidates.append("blackbox-http" if job.module.startswith("http") else "blackbox-ssl")
    else:
        port = target.rpartition(":")[2].partition("/")[0]
        number = int(port) if port.isascii() and port.isdecimal() else 0
        candidates.append(_BY_PORT.get(number))
        candidates += [_alike(job.name, known), _alike(target, known)]
        usual = _USUAL.get(number)
        candidates.append(usual if usual and not _is_other(job.name, target, usual) else None)
    return next((candidate for candidate in candidates if candidate in known), None)


def _alike(name: str, known: set[str]) -> str | None:
    """The job of the catalogue whose name is in another one: `postgres-exporter`, `prod_redis`, `nodeexporter`."""
    plain = _plain(name)
    exact = next((job for job in known if _plain(job).removesuffix("exporter") == plain.removesuffix("exporter")), None)
    inside = {_plain(alias): job for alias, job in _ALIASES.items() if job in known}
    return exact or next((job for alias, job in inside.items() if alias in plain), None)


def _plain(name: str) -> str:
    return re.sub(r"[^a-z0-9]+", "", name.lower())


def _plain_words(job: str) -> tuple[str, ...]:
    return tuple(_plain(word) for word in job.split("-") if word != "cryb")


def _is_other(job: str, target: str, usual: str) -> bool:
    """Whether the names of a job and its target say that something else than usual listens on a port."""
    host = target.rpartition(":")[0]
    named = re.search(r"[a-z]{2}", job, re.IGNORECASE) or re.search(r"[a-z]{2}", host, re.IGNORECASE)
    return bool(named) and not any(word in _plain(job + host) for word in _plain_words(usual))


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
