"""A catalogue as a whole: the platform's own, or what overlays have made of it."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from functools import cached_property

from simulator.catalog.families import Family, Flow, Level, Written
from simulator.catalog.inventory import FAMILIES
from simulator.catalog.jobs import JOBS, Job


@dataclass(frozen=True)
class Catalogue:
    """Everything that a platform exposes. Entries of one job and name are parts of one family."""

    families: tuple[Family, ...]
    jobs: tuple[Job, ...]

    def families_of(self, job: str) -> tuple[Family, ...]:
        """The entries of one job, sorted by name; entries of one family stay in their order."""
        return tuple(sorted((family for family in self.families if family.job == job), key=lambda family: family.name))

    def job(self, name: str) -> Job:
        """The job of that name. Raises KeyError."""
        return self._jobs[name]

    @property
    def exposing_jobs(self) -> tuple[Job, ...]:
        """The jobs that have families."""
        named = {family.job for family in self.families}
        return tuple(job for job in self.jobs if job.name in named)

    def flow(self, name: str) -> Flow:
        """The flow of that name as this catalogue cuts it up. Raises KeyError."""
        return self._flows[name]

    @cached_property
    def digest(self) -> str:
        """SHA-256 over what the catalogue claims: job, name, type, label names and buckets of every family."""
        claims = sorted({(f.job, f.name, f.type.value, f.label_names, f.bounds) for f in self.families})
        return hashlib.sha256(json.dumps(claims).encode()).hexdigest()

    @cached_property
    def _jobs(self) -> dict[str, Job]:
        return {job.name: job for job in self.jobs}

    @cached_property
    def _flows(self) -> dict[str, Flow]:
        return {f.view.flow.name: f.view.flow for f in self.families if not isinstance(f.view, Level | Written)}


PLATFORM = Catalogue(FAMILIES, JOBS)
"""What the CRYB platform exposes, by the contract."""
