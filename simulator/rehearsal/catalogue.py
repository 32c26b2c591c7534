"""What the catalogue declares for the platform of one run: every series name, its labels and their values."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping

import numpy as np

from simulator.catalog.jobs import BY_NAME
from simulator.observers.selectors import Declared
from simulator.profile.manifest import Manifest
from simulator.rehearsal.history.team_scrapes import TeamJob
from simulator.streams.samples import ModelSamples
from simulator.telemetry.routes import Route

ByJob = Mapping[str, Mapping[str, Mapping[str, Collection[str]]]]
"""Job of the catalogue, series name, label name: the label's values."""


def declared_labels(manifest: Manifest) -> ByJob:
    """What each job exposes, over all its instances, what the API itself exposes included."""
    found: dict[str, dict[str, dict[str, set[str]]]] = {}
    source = ModelSamples(manifest, everything=True)
    start = np.array([manifest.started_ms], dtype=np.int64)
    for job in source.jobs():
        of_job = found.setdefault(job, {})
        for instance in source.instances(job):
            for block in source.blocks(job, instance, start):
                for series in block.series:
                    labels = of_job.setdefault(series.name, defaultdict(set))
                    for name, value in series.labels:
                        labels[name].add(value)
    return found


def declared(by_job: ByJob, scraped: Collection[str] | None = None, *, own_jobs: bool = True) -> Declared:
    """All of it by series name, as far as these jobs (None: all) expose it. `own_jobs`: the scrape jobs are the
    team's own."""
    labels: dict[str, dict[str, set[str]]] = {}
    for job, names in by_job.items():
        if scraped is None or job in scraped:
            for name, of_series in names.items():
                known = labels.setdefault(name, defaultdict(set))
                for label, values in of_series.items():
                    known[label].update(values)
    unscraped = {name: job for job, names in by_job.items() for name in names if name not in labels}
    return Declared(labels, unscraped, own_jobs)


def scraped_jobs(jobs: Iterable[TeamJob], routes: Iterable[Route]) -> frozenset[str]:
    """The catalogue's jobs behind those targets that the team's relabelling keeps."""
    kept = {(job.name, target) for job in jobs for target, _ in job.targets if job.target_labels(target) is not None}
    return frozenset(route.catalogue_job for route in routes if route.is_mapped and (route.job, route.target) in kept)


def service_of(job: str) -> str:
    """The service of the platform behind a job of the catalogue; a job that an overlay added is its own service."""
    return BY_NAME[job].service if job in BY_NAME else job
