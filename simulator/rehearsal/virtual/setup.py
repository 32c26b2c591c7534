"""What a run in virtual time stands on: the team's rules, the platform that they look at, its past, a Prometheus."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from simulator.engine.density import Density
from simulator.engine.groups import RuleGroup, groups_from_api
from simulator.engine.rules import RuleSet, rules_from_api
from simulator.profile.manifest import Manifest
from simulator.rehearsal.figures.predictions import Evaluations
from simulator.rehearsal.history.backfill import OnProgress
from simulator.rehearsal.history.doubts import LONGEST_WARM_UP_MS, recorded_reach_ms
from simulator.rehearsal.history.history import FULL_RESOLUTION_MS, History
from simulator.rehearsal.history.past import length_ms, names_read
from simulator.rehearsal.history.platform_data import TeamPlatform, cached_history, history_of
from simulator.rehearsal.history.recorded_past import RecordedPast, recorded_past
from simulator.rehearsal.local_servers import LocalServers
from simulator.rehearsal.production_paths import production_path
from simulator.rehearsal.request import RehearsalRequest
from simulator.rehearsal.run_folder import RunFolder
from simulator.rehearsal.virtual.rules import RuleRun, VirtualPrometheus
from simulator.stack.virtual import rule_groups_as_loaded
from simulator.streams.samples import ModelSamples
from simulator.telemetry.interval import Interval
from simulator.units import DAY, HOUR, MINUTE

_WARM_UP_MS: Final = 10 * MINUTE
"""Evaluations before the run's start, besides the longest `for`: what should be firing by then is."""

_LONGEST_FOR_MS: Final = 3 * HOUR
_LONG_RUN_MS: Final = 2 * DAY
"""From here on windows of 7 hours and more are asked of thinned samples within the run, too."""


@dataclass(frozen=True)
class Rules:
    """The team's rules as this Prometheus understands them, their files under the paths that production loads. `loaded`
    has those, too, that it cannot load, and that `groups` are therefore without."""

    groups: tuple[RuleGroup, ...]
    loaded: RuleSet


@dataclass(frozen=True)
class Setup:
    """What is there before the first evaluation. `warm` is when rules are evaluated, `begins_ms` from when judged."""

    rules: Rules
    platform: TeamPlatform
    unmapped_jobs: tuple[str, ...]
    begins_ms: int
    warm: Interval
    history: History
    density: Density
    prometheus: VirtualPrometheus
    recorded_past: RecordedPast | None = None

    @property
    def scrape_interval_ms(self) -> int:
        """The longest of the jobs."""
        return max((job.interval_ms for job in self.platform.jobs), default=0)

    @property
    def warm_up_ms(self) -> int:
        """How long rules are evaluated before what they do counts."""
        return self.begins_ms - self.warm.start_ms

    def evaluations(self, down: str) -> Evaluations:
        """What a prediction has to know; `down` names a target that was not there throughout."""
        return Evaluations(
            self.rules.groups,
            self.prometheus.grids,
            self.warm,
            self.scrape_interval_ms,
            self.history.old_step_ms,
            down,
        )


def read_rules(request: RehearsalRequest, servers: LocalServers) -> Rules:
    """Let Prometheus read the rule files. Raises InputError for files that it refuses."""
    assert request.local is not None
    config = servers.prometheus_config
    groups = [
        {**group, "file": servers.rules.original(group["file"])}
        for group in rule_groups_as_loaded(config.rules_only(), prometheus=request.local[1].prometheus)
    ]
    placed = tuple(
        replace(
            group,
            file=production_path(Path(group.file), request.production.rules_path, config.written_rules, config.folder),
        )
        for group in groups_from_api(groups)
    )
    return Rules(placed, rules_from_api([*groups, *servers.rules.left_out]))


def set_up(
    request: RehearsalRequest,
    servers: LocalServers,
    rules: Rules,
    run: RunFolder,
    manifest: Manifest,
    *,
    begins_ms: int,
    on_progress: OnProgress,
    tell: Callable[[int], None] = lambda _: None,
) -> Setup:
    """Make the past where it is not there yet, and a Prometheus to evaluate on it. `tell` learns the past's length."""
    assert request.local is not None
    programs = request.local[1]
    config = servers.prometheus_config
    platform, unmapped = servers.team_platform(ModelSamples(manifest, everything=True), run, names_read(rules.groups))
    longest_for_ms = min(max((rule.for_ms for rule in rules.loaded.alerts), default=0), _LONGEST_FOR_MS)
    recorded_ms = min(recorded_reach_ms(rules.groups), LONGEST_WARM_UP_MS)
    warm = Interval(begins_ms - longest_for_ms - max(_WARM_UP_MS, recorded_ms), manifest.ends_ms)
    history_ms = length_ms(request.profile, rules.loaded)
    history = history_of(manifest, platform, warm.start_ms, history_ms, full_resolution=request.full_resolution)
    scrape_ms = max((job.interval_ms for job in platform.jobs), default=0)
    density = Density(FULL_RESOLUTION_MS, history.old_step_ms if history.old_step_ms > scrape_ms else 0)
    is_long = warm.length_ms > _LONG_RUN_MS and density.old_step_ms > 0
    tell(history_ms)
    production_version = request.production.prometheus or programs.prometheus_version
    past = recorded_past(rules.groups, warm, begins_ms - warm.start_ms, programs.prometheus_version)
    rule_run = RuleRun(
        rules.groups,
        rules.loaded,
        warm,
        config.without_rules(),
        config.external_labels,
        production_version,
        request.production.prometheus_link,
        density if is_long else None,
        past,
    )
    blocks = cached_history(history, platform, on_progress)
    prometheus = VirtualPrometheus(programs, run.data, blocks, platform, rule_run)
    return Setup(rules, platform, unmapped, begins_ms, warm, history, density, prometheus, past)
