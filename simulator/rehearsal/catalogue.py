"""What the catalogue declares for the platform of one run: every series name, its labels and their values."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping

import numpy as np

from simulator.catalog.jobs import BY_NAME
from simulator.profile.manifest import Manifest
from simulator.streams.samples import ModelSamples


def declared_labels(manifest: Manifest) -> Mapping[str, Mapping[str, Collection[str]]]:
    """Label names and values by series name, over all jobs and instances, what the API itself exposes included."""
    found: dict[str, dict[str, set[str]]] = {}
    source = ModelSamples(manifest, everything=True)
    start = np.array([manifest.started_ms], dtype=np.int64)
    for job in source.jobs():
        for instance in source.instances(job):
            for block in source.blocks(job, instance, start):
                for series in block.series:
                    labels = found.setdefault(series.name, defaultdict(set))
                    for name, value in series.labels:
                        labels[name].add(value)
    return found


def service_of(job: str) -> str:
    """The service of the platform behind a job of the catalogue; a job that an overlay added is its own service."""
    return BY_NAME[job].service if job in BY_NAME else job
