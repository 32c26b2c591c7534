"""What a rehearsal is asked to do: a profile, the team's files, the servers that judge, and how strict to be."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from simulator.profile.overlay import OverlayFile
from simulator.profile.schema import Profile
from simulator.stack.discovery import Discovered
from simulator.verdict.facts import CatalogueComparison


@dataclass(frozen=True)
class TeamFiles:
    """The configuration under rehearsal. `rules` are globs that replace the rule files of `prometheus_config`.

    `discovered` says what scrape jobs' service discovery finds, `jobs` which job of the catalogue a scrape job is.
    Where the team gave no prometheus.yml (`own_jobs` is False), nobody knows how its jobs are called; `more_jobs` are
    scrape jobs, with the addresses of their targets, that are then added to the reference one, whose own jobs are
    called as `jobs` has it.
    """

    prometheus_config: Path
    alertmanager_config: Path
    rules: tuple[str, ...] = ()
    discovered: Mapping[str, Sequence[Discovered]] = field(default_factory=dict)
    jobs: Mapping[str, str] = field(default_factory=dict)
    own_jobs: bool = True
    more_jobs: Mapping[str, Sequence[str]] = field(default_factory=dict)


@dataclass(frozen=True)
class Servers:
    """The programs that judge."""

    prometheus: Path
    promtool: Path
    alertmanager: Path
    amtool: Path
    prometheus_version: str
    alertmanager_version: str
    """What these do not know yet is named as such, and left out of Alertmanager's copy."""


@dataclass(frozen=True)
class StagingUrls:
    """A running stack that is only read."""

    prometheus: str
    alertmanager: str


@dataclass(frozen=True)
class Production:
    """What the team runs in production, where it said so: versions, the folder of its rules, external URLs."""

    prometheus: str | None = None
    alertmanager: str | None = None
    rules_path: str | None = None
    prometheus_url: str | None = None
    alertmanager_url: str | None = None

    @property
    def prometheus_link(self) -> str:
        """What its alerts link to, without a slash at the end; empty where nobody said so."""
        return (self.prometheus_url or "").rstrip("/")

    @property
    def alertmanager_link(self) -> str:
        """What its notifications link to, without a slash at the end; empty where nobody said so."""
        return (self.alertmanager_url or "").rstrip("/")


@dataclass(frozen=True)
class RehearsalRequest:
    """One live rehearsal. Exactly one of `local` and `staging` is given."""

    profile: Profile
    profile_path: str
    overlays: tuple[OverlayFile, ...] = ()
    catalogue: CatalogueComparison | None = None  # what is known of how it compares with the real platform
    local: tuple[TeamFiles, Servers] | None = None
    staging: StagingUrls | None = None
    production: Production = Production()
    run_label: tuple[str, str] | None = None  # on a running stack: the label that this run's own series carry
    accept_engine_difference: bool = False
    strict: bool = False
    full_resolution: bool = False  # history with every scrape, however old
    alertmanager_scale: float | None = None  # how many times as fast as time a virtual run's goes; None: as it bears
    history: bool = True  # a live run's: whether blocks of the time before are there when its servers start
    out: Path | None = None
    api_port: int = 0
    scrape_port: int = 0
    load_workers: int = 1
    allowed_hosts: tuple[str, ...] = ()
    rerun: str = ""
