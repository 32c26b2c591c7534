"""What a judge must know about the run besides its journal: who evaluated, over which data, cut off from whom."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from simulator.telemetry.observations import AlertObserved
from simulator.units import SECOND


class Mode(StrEnum):
    """Where the rules were evaluated."""

    LIVE = "live"  # local servers, at their own pace
    VIRTUAL = "virtual"  # the real rule engine at simulated instants
    STAGING = "staging"  # a team's own servers, only read


@dataclass(frozen=True)
class CatalogueComparison:
    """The catalogue was compared with a real `/metrics` on `date` (ISO 8601); so many names differed."""

    date: str
    differences: int


@dataclass(frozen=True)
class ControlRun:
    """The same run without one fault: what fired there did not need the fault."""

    without_fault: str
    fired: tuple[AlertObserved, ...]


@dataclass(frozen=True)
class EngineFacts:
    """The circumstances of one run. What is optional defaults to the strict side; what was removed, unmapped or lacking
    the caller has to list.

    `job_services` tells which service of the platform (as in the profile's `platform.instances`) each simulated scrape
    job stands for: only an outage of that service explains that such a target is down.
    `group_wait_ms` is the longest `group_wait` of the routes: an alert that fires later than that before the run's end
    could not be notified in time.
    """

    mode: Mode
    prometheus_version: str
    alertmanager_version: str
    history_start_ms: int  # the first sample's instant; a live run without history: its start
    scrape_interval_ms: int  # the longest of the simulated jobs
    evaluation_interval_ms: int
    production_prometheus_version: str | None = None
    production_alertmanager_version: str | None = None
    accept_engine_difference: bool = False
    catalogue: CatalogueComparison | None = None
    strict: bool = False
    job_services: Mapping[str, str] = field(default_factory=dict)
    removed_receivers: tuple[str, ...] = ()  # receivers of alertmanager.yml that could not be redirected
    unmapped_jobs: tuple[str, ...] = ()  # jobs of prometheus.yml that nothing stands in for
    lacking: tuple[str, ...] = ()  # features the rules or routes use and this engine has not: "x.yml:3: … needs ≥ 2.53"
    run_label: tuple[str, str] | None = None  # staging: the label that the run's own series carry
    load_planned: bool = True
    load_target: str = "reference API, not your platform"
    group_wait_ms: int = 30 * SECOND
    controls: tuple[ControlRun, ...] = ()  # virtual: one for each fault that an expectation names
    rerun: str = ""  # the command that runs it again

    @property
    def resolution_ms(self) -> int:
        """How exactly an instant of firing can be known: a scrape, then an evaluation."""
        return self.scrape_interval_ms + self.evaluation_interval_ms
