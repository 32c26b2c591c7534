"""The team's configuration on local servers: copies that reach nothing but this run, and what they changed."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from simulator.engine.routing_tree import read_routing
from simulator.errors import InputError
from simulator.receivers import Receivers
from simulator.rehearsal.history.platform_data import TeamPlatform
from simulator.rehearsal.history.scrapes import ScrapeSource
from simulator.rehearsal.history.team_scrapes import TeamJob, dropped_jobs, read_jobs
from simulator.rehearsal.loaded_rules import LoadedRules
from simulator.rehearsal.request import Production, Servers, TeamFiles
from simulator.rehearsal.run_folder import RunFolder
from simulator.stack.alertmanager_config import Redirected, redirect
from simulator.stack.alertmanager_fields import release
from simulator.stack.local import LocalStack
from simulator.stack.prometheus_config import PrometheusConfig
from simulator.stack.redirect_check import check_config
from simulator.stack.routes import RouteTable, map_routes
from simulator.stack.simulated_zones import (
    LOCATIONS_SINCE,
    ZONE_FOLDER,
    with_simulated_zones,
    write_zones,
    zone_environment,
)
from simulator.telemetry.routes import Route, write_routes
from simulator.telemetry.samples import SampleSource


@dataclass(frozen=True)
class Redirection:
    """What a reader of the verdict must know about the copies. `routes` say who stands in for each scrape target."""

    changes: tuple[str, ...]
    removed_receivers: Mapping[str, str]
    routes: tuple[Route, ...]
    jobs: tuple[TeamJob, ...] = ()

    @property
    def unmapped_jobs(self) -> tuple[str, ...]:
        """Jobs with a target that nothing stands in for, or without any."""
        return _unseen(self.routes, self.jobs)


@dataclass(frozen=True)
class LocalAddresses:
    """What the copies point at."""

    scrape_url: str
    api_urls: tuple[str, ...]
    receivers_http_url: str
    receivers_smtp: str
    receivers_proxy_url: str
    receivers_ca_file: Path


_WALL_CLOCK = f"time intervals at simulated instants need Alertmanager ≥ {LOCATIONS_SINCE}"
_NOBODY = "http://127.0.0.1:9"
"""Stands for addresses that are not known yet while files are only checked."""


_DROPPED = "its relabel_configs drop every target"


def _unseen(routes: Iterable[Route], jobs: Iterable[TeamJob]) -> tuple[str, ...]:
    nobody = dict.fromkeys(route.job for route in routes if not route.is_mapped)
    return (*nobody, *(f"{job} ({_DROPPED})" for job in dropped_jobs(jobs)))


class LocalServers:
    """Reads and checks the team's files before anything is started, then starts both servers on copies of them."""

    def __init__(self, files: TeamFiles, servers: Servers) -> None:
        """Raises InputError with every mistake in the files; UnobservedError for a rule file of which nobody can tell
        what this Prometheus lacks for it."""
        self._files = files
        self._servers = servers
        first_with_names = 3  # from Prometheus 3 on, `instance` has no port where the target names none
        self._default_ports = int(servers.prometheus_version.partition(".")[0]) < first_with_names
        self._prometheus_config = PrometheusConfig.read(
            files.prometheus_config,
            rules=files.rules or None,
            discovered=files.discovered,
            default_ports=self._default_ports,
            more_jobs=files.more_jobs,
            called={} if files.own_jobs else files.jobs,
        )
        try:
            self._alertmanager_text = files.alertmanager_config.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise InputError(f"{files.alertmanager_config}: cannot be read: {error}") from error
        self.rules = LoadedRules(self._prometheus_config, servers)
        tried = self._redirected(
            http_url=_NOBODY, smtp="127.0.0.1:9", proxy_url=_NOBODY, ca_file=Path("/receivers-ca.pem")
        )
        uses_intervals = bool(read_routing(self._alertmanager_text).intervals_in_use())
        self.shifts_intervals = uses_intervals and release(servers.alertmanager_version) >= release(LOCATIONS_SINCE)
        """Whether time intervals hold at simulated instants."""
        self.lacking = (
            *self._prometheus_config.lacking,
            *tried.lacking,
            *([_WALL_CLOCK] if uses_intervals and not self.shifts_intervals else []),
        )
        """What the configurations use and these servers have not."""
        self.missing_templates = tried.missing_templates
        """Templates of notifications that no file here defines."""

    def start(
        self,
        stack: LocalStack,
        run: RunFolder,
        to: LocalAddresses,
        source: SampleSource,
        routes_file: Path,
        flags: Sequence[str] = (),
        links: Production | None = None,
        later_ms: int = 0,
    ) -> Redirection:
        """Start Alertmanager, then Prometheus, that one with these further flags.

        `links` has the external URLs that they should go by; time intervals hold `later_ms` after what they say.
        Raises InputError for configuration that they refuse.
        """
        redirected = self._redirected(
            http_url=to.receivers_http_url,
            smtp=to.receivers_smtp,
            proxy_url=to.receivers_proxy_url,
            ca_file=to.receivers_ca_file,
        )
        text, env = redirected.text, None
        if later_ms and self.shifts_intervals:
            folder = stack.configs / ZONE_FOLDER
            text, zones = with_simulated_zones(text, "alertmanager.yml")
            write_zones(folder, zones, (0,), lambda simulated_ms: simulated_ms + later_ms)
            env = zone_environment(folder, os.environ)
        alertmanager_url = stack.start_alertmanager(
            text,
            route_prefix=self._prometheus_config.alertmanager_prefix,
            external_url=links.alertmanager_link if links else "",
            env=env,
        )
        table, copy = RouteTable((), ()), ""

        def configure(prometheus_url: str) -> str:
            nonlocal table, copy
            upstreams = {"cryb-api": to.api_urls, "prometheus": (prometheus_url,), "alertmanager": (alertmanager_url,)}
            table = map_routes(self._prometheus_config.jobs, source, upstreams=upstreams, mapping=self._files.jobs)
            write_routes(routes_file, table.routes)
            copy = self._prometheus_config.copy(
                emitter_url=to.scrape_url, alertmanager_url=alertmanager_url, without=table.left_out
            )
            return copy

        stack.start_prometheus(configure, flags=flags, external_url=links.prometheus_link if links else "")
        jobs = read_jobs(copy, default_ports=self._default_ports)
        changes = (
            *(f"{self._files.prometheus_config}: {change}" for change in self._prometheus_config.changes),
            *self.rules.changes,
            *redirected.changes,
            *table.unmapped,
            *(f"{self._files.prometheus_config}: job {job!r}: {_DROPPED}" for job in dropped_jobs(jobs)),
        )
        (run.configs / "redirected.txt").write_text("".join(f"{line}\n" for line in changes), encoding="utf-8")
        return Redirection(changes, redirected.removed_receivers, table.routes, jobs)

    @property
    def own_jobs(self) -> bool:
        """Whether the scrape jobs are the team's own."""
        return self._files.own_jobs

    @property
    def prometheus_config(self) -> PrometheusConfig:
        """The team's prometheus.yml, made ready."""
        return self._prometheus_config

    @property
    def alertmanager_text(self) -> str:
        """The team's alertmanager.yml as written."""
        return self._alertmanager_text

    def team_platform(
        self, source: ScrapeSource, run: RunFolder, read: Mapping[str, int] | None
    ) -> tuple[TeamPlatform, tuple[str, ...]]:
        """The team's scrape jobs over the model alone, and the jobs that nothing stands in for.

        `read` are the sample names that anybody reads and how far back (ms); None: all of them.
        """
        config = self._prometheus_config
        table = map_routes(config.jobs, source, upstreams={}, mapping=self._files.jobs)
        copy = config.copy(emitter_url=_NOBODY, alertmanager_url=_NOBODY, without=table.left_out)
        (run.configs / "prometheus.yml").write_text(copy, encoding="utf-8")
        jobs = read_jobs(copy, default_ports=self._default_ports)
        if any(job.metric_relabel.may_rename for job in jobs):
            read = None  # samples of any name may end up under one that rules read
        platform = TeamPlatform(jobs, table.routes, copy, None if read is None else frozenset(read), read or {})
        return platform, _unseen(table.routes, jobs)

    def redirected_to(self, receivers: Receivers) -> Redirected:
        """The copy of alertmanager.yml that reaches these receivers and nothing else."""
        return self._redirected(
            http_url=receivers.http_url,
            smtp=receivers.smtp_address,
            proxy_url=receivers.proxy_url,
            ca_file=receivers.ca_file,
        )

    def _redirected(self, *, http_url: str, smtp: str, proxy_url: str, ca_file: Path) -> Redirected:
        original = self._files.alertmanager_config
        redirected = redirect(
            self._alertmanager_text,
            http_url=http_url,
            smtp=smtp,
            source=str(original),
            base_dir=original.parent.absolute(),
            proxy_url=proxy_url,
            ca_file=ca_file,
            version=self._servers.alertmanager_version,
        )
        check_config(redirected, self._servers.amtool, str(original))
        return redirected
