"""The team's scrape jobs over the model: which targets are scraped, and under which labels their samples are stored.

The jobs are read from the copy that a live run's Prometheus would get, so that both modes store the same labels.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from ruamel.yaml import YAML

from simulator.engine.relabel import Relabelling, read_rules
from simulator.engine.scrape_labels import is_storable, stored_labels, target_labels
from simulator.rehearsal.history.scrapes import NAME, ScrapeSource, Target
from simulator.telemetry.routes import TARGET_PARAMETER, Route
from simulator.telemetry.samples import FamilyBlock, Labels, Series, labels_of
from simulator.units import MINUTE, SECOND, format_duration, parse_duration

_DEFAULT_INTERVAL_MS: Final = MINUTE  # Prometheus's own, where prometheus.yml says nothing
_DEFAULT_TIMEOUT_MS: Final = 10 * SECOND
_WRITTEN_TARGET: Final = f"__param_{TARGET_PARAMETER}"


@dataclass(frozen=True)
class TeamJob:
    """One scrape job. `targets` are addresses as the team wrote them, with their labels before relabelling."""

    name: str
    interval_ms: int
    honor_labels: bool
    targets: tuple[tuple[str, Labels], ...]
    relabel: Relabelling
    metric_relabel: Relabelling
    has_default_ports: bool

    def target_labels(self, target: str) -> Labels | None:
        """The labels of a target once relabelling is over; None where it drops the target."""
        return target_labels(dict(dict(self.targets)[target]), self.relabel, default_ports=self.has_default_ports)


def read_jobs(copy: str, *, default_ports: bool) -> tuple[TeamJob, ...]:
    """The scrape jobs of a copied prometheus.yml. `default_ports`: Prometheus before 3.0 adds them to addresses."""
    document: dict[str, Any] = YAML(typ="safe").load(copy)
    common = document.get("global") or {}
    return tuple(_job(job, common, default_ports) for job in document.get("scrape_configs") or ())


def dropped_jobs(jobs: Iterable[TeamJob]) -> tuple[str, ...]:
    """The jobs that have targets and whose relabelling drops every one of them: nothing of theirs is ever seen."""
    return tuple(
        job.name for job in jobs if job.targets and all(job.target_labels(target) is None for target, _ in job.targets)
    )


class TeamSource:
    """A `ScrapeSource` under the team's names: its jobs, its targets. Targets that nothing stands in for are empty."""

    def __init__(self, model: ScrapeSource, jobs: Sequence[TeamJob], routes: Sequence[Route]) -> None:
        self._model = model
        self._jobs = {job.name: job for job in jobs}
        known = set(model.jobs())
        self._routes = {
            (route.job, route.target): route for route in routes if route.instance and route.catalogue_job in known
        }

    def jobs(self) -> tuple[str, ...]:
        return tuple(self._jobs)

    def instances(self, job: str) -> tuple[str, ...]:
        return tuple(target for target, _ in self._jobs[job].targets)

    def is_up(self, job: str, instance: str, at_ms: int) -> bool:
        return bool(self.answered(job, instance, np.array([at_ms], dtype=np.int64))[0])

    def answered(self, job: str, instance: str, times_ms: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Whether each of these scrapes got an answer."""
        route = self._routes.get((job, instance))
        if route is None:
            return np.ones(len(times_ms), dtype=np.bool_)
        return self._model.answered(route.catalogue_job, route.instance, times_ms)

    def blocks(self, job: str, instance: str, times_ms: NDArray[np.int64]) -> tuple[FamilyBlock, ...]:
        route = self._routes.get((job, instance))
        return () if route is None else self._model.blocks(route.catalogue_job, route.instance, times_ms)


class TeamRelabelling:
    """The `Relabelling` of the team's jobs; with `only`, samples of other names are not stored (nobody reads them)."""

    def __init__(self, jobs: Sequence[TeamJob], copy: str, only: frozenset[str] | None = None) -> None:
        self._jobs = {job.name: job for job in jobs}
        self._copy = copy
        self._only = only

    @cached_property
    def identity(self) -> str:
        """Of what the configuration says about scrapes, without the addresses of this run, and of the names stored."""
        ports = [job.has_default_ports for job in self._jobs.values()]
        what = [*_about_scrapes(self._copy), ports, sorted(self._only or ())]
        return hashlib.sha256(json.dumps(what, sort_keys=True, default=str).encode()).hexdigest()

    def targets(self) -> tuple[Target, ...]:
        """Every target that relabelling keeps, at its job's interval, spread over it by a hash as Prometheus does."""
        return tuple(
            Target(job.name, target, job.interval_ms, _offset_ms(job.name, target, job.interval_ms))
            for job in self._jobs.values()
            for target, _ in job.targets
            if job.target_labels(target) is not None
        )

    def target(self, job: str, instance: str) -> Labels | None:
        return self._jobs[job].target_labels(instance)

    def sample(self, job: str, target: Labels, exposed: Series) -> Labels | None:
        """Clashing labels are renamed `exported_…`, or with `honor_labels` the exposed one stays."""
        if self._only is not None and exposed.name not in self._only:
            return None
        own = {**dict(exposed.labels), NAME: exposed.name}
        of_job = self._jobs[job]
        kept = stored_labels(own, target, of_job.metric_relabel, honor_labels=of_job.honor_labels)
        return kept if kept and is_storable(kept) else None


def _job(written: dict[str, Any], common: dict[str, Any], default_ports: bool) -> TeamJob:
    name = str(written["job_name"])
    interval_ms = _duration("scrape_interval", written, common, _DEFAULT_INTERVAL_MS)
    timeout_ms = min(_duration("scrape_timeout", written, common, _DEFAULT_TIMEOUT_MS), interval_ms)
    defaults = {
        "job": name,
        "__scheme__": str(written.get("scheme") or "http"),
        "__metrics_path__": str(written.get("metrics_path") or "/metrics"),
        "__scrape_interval__": format_duration(interval_ms),
        "__scrape_timeout__": format_duration(timeout_ms),
    }
    parameters = {f"__param_{key}": str(values[0]) for key, values in (written.get("params") or {}).items() if values}
    targets: dict[str, Labels] = {}
    for group in written.get("static_configs") or ():
        labels = {str(key): str(value) for key, value in (group.get("labels") or {}).items() if value}
        for address in group.get("targets") or ():
            of_target = {**defaults, **labels, **parameters, "__address__": str(address)}
            targets[labels.get(_WRITTEN_TARGET, str(address))] = labels_of(of_target)
    return TeamJob(
        name=name,
        interval_ms=interval_ms,
        honor_labels=bool(written.get("honor_labels", False)),
        targets=tuple(targets.items()),
        relabel=Relabelling(read_rules(written.get("relabel_configs"))),
        metric_relabel=Relabelling(read_rules(written.get("metric_relabel_configs"))),
        has_default_ports=default_ports,
    )


def _duration(name: str, job: dict[str, Any], common: dict[str, Any], default_ms: int) -> int:
    written = job.get(name, common.get(name))
    return default_ms if written is None else parse_duration(str(written))


def _offset_ms(job: str, target: str, interval_ms: int) -> int:
    digest = hashlib.blake2b(f"{job}\xff{target}".encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big") % interval_ms


@lru_cache(maxsize=8)
def _about_scrapes(copy: str) -> tuple[Any, list[dict[str, Any]]]:
    """What a copied prometheus.yml says of all scrapes and of each job, without the address of this run's proxy."""
    document: dict[str, Any] = YAML(typ="safe").load(copy)
    jobs = document.get("scrape_configs") or ()
    return document.get("global"), [{k: v for k, v in job.items() if k != "proxy_url"} for job in jobs]
