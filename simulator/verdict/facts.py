"""What a judge must know about the run besides its journal: who evaluated, over which data, cut off from whom."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from simulator.slo import Firing
from simulator.telemetry.interval import Interval
from simulator.telemetry.observations import AlertObserved, NotificationReceived
from simulator.telemetry.samples import Labels
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
class Prediction:
    """When an alert on an error budget ought to fire by the platform's own books; with a `reason`, why nobody can say.

    `span` is that of the fault which it is about (of the run, where nothing breaks), `error_ratio` the true one within
    it. `fires` is None where it ought not to; `at_highest` and `at_lowest` are the same for ratios measured as far off
    as they can be. The Workbook's times at steady traffic are from the span's start, and from its end.
    """

    alert: str
    group: str
    labels: Labels  # the rule's own
    span: Interval
    error_ratio: float | None = None
    fires: Firing | None = None
    at_highest: Firing | None = None
    at_lowest: Firing | None = None
    steady_detect_ms: int | None = None
    steady_reset_ms: int | None = None
    reason: str = ""


@dataclass(frozen=True)
class HeldBackAlert:
    """A firing alert that a receiver's group left out, by the dispatcher model, and why."""

    at_ms: int
    receiver: str
    alert: str
    labels: Labels  # without alertname
    reason: str


@dataclass(frozen=True)
class Compression:
    """Alertmanager ran `factor` times as fast as time; what should come at full length, by a model of its dispatcher.

    `foretold` has one list of notifications for each way in which Alertmanager may decide what its design leaves open
    (one list: it leaves nothing open here); their `destination` is not known. `in_proportion`: every timer was divided
    by the factor; else `fastest` is the factor up to which they are. Times closer than `tolerance_ms` are the same.
    """

    factor: float
    in_proportion: bool
    fastest: float
    foretold: tuple[tuple[NotificationReceived, ...], ...]
    held_back: tuple[HeldBackAlert, ...] = ()
    tolerance_ms: int = 0


@dataclass(frozen=True)
class EngineFacts:
    """The circumstances of one run. What is optional defaults to the strict side; what was removed, unmapped or lacking
    the caller has to list.

    `job_services` tells which service of the platform (as in the profile's `platform.instances`) each simulated scrape
    job stands for: only an outage of that service explains that such a target is down.
    `group_wait_ms` is the longest `group_wait` of the routes: an alert that fires later than that before the run's end
    could not be notified in time. `group_waits_ms` has the longest on the way to each addressee (in lower case).
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
    removed_receivers: Mapping[str, str] = field(default_factory=dict)  # those not heard in full, and why
    missing_templates: tuple[str, ...] = ()  # of notifications, in files that are not here
    unmapped_jobs: tuple[str, ...] = ()  # jobs of prometheus.yml that nothing stands in for
    lacking: tuple[str, ...] = ()  # features the rules or routes use and this engine has not: "x.yml:3: … needs ≥ 2.53"
    run_label: tuple[str, str] | None = None  # staging: the label that the run's own series carry
    may_ring: tuple[str, ...] = ()  # staging: real receivers that alerts are routed to
    load_planned: bool = True
    load_target: str = "reference API, not your platform"
    group_wait_ms: int = 30 * SECOND
    group_waits_ms: Mapping[str, int] = field(default_factory=dict)
    controls: tuple[ControlRun, ...] = ()  # virtual: one for each fault that an expectation names
    doubtful: tuple[tuple[str, str], ...] = ()  # alerts that a denser past might decide otherwise, and why
    predictions: tuple[Prediction, ...] = ()  # virtual: one for each rule about an error budget
    rerun: str = ""  # the command that runs it again
    compression: Compression | None = None  # None: Alertmanager ran in real time
    rule_paths: tuple[str, ...] = ()  # as which production is taken to load the rule files: their evaluations' instants
    rule_paths_given: bool = False  # the team said so
    unexpanded: tuple[tuple[str, str], ...] = ()  # alerts with annotations that virtual time cannot expand, and why

    @property
    def resolution_ms(self) -> int:
        """How exactly an instant of firing can be known: a scrape, then an evaluation."""
        return self.scrape_interval_ms + self.evaluation_interval_ms
