"""What a team's rule files, dashboards and prometheus.yml tell `crybsim catalog` of its metrics."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from simulator.catalog.catalogue import Catalogue
from simulator.engine.expressions import Expression, expressions_in
from simulator.profile.settings import expand
from simulator.rehearsal.learning.homes import Homes, homes_of
from simulator.stack.prometheus_config import PrometheusConfig


def team_homes(scrapes: Path | None, mapping: Mapping[str, str], catalogue: Catalogue, default: str | None) -> Homes:
    """Which job exposes what only rules and dashboards tell of. `scrapes` is the team's prometheus.yml, `default` the
    job of what names none. Raises InputError."""
    jobs = PrometheusConfig.read(scrapes, rules=()).jobs if scrapes else None
    homes = homes_of(catalogue, jobs, mapping)
    return replace(homes, default=default) if default else homes


def team_expressions(patterns: Sequence[str], folder: Path) -> tuple[Expression, ...]:
    """The PromQL of rule files and dashboards. Raises InputError."""
    return tuple(expression for path in expand(patterns, folder) for expression in expressions_in(path))
