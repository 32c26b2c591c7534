"""The team's files and programs: flags, else crybsim.yaml, else the reference stack."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import typer
from pydantic import ValidationError

from simulator.cli.manifests import plain_config, plain_patterns
from simulator.cli.options import flag_or_setting
from simulator.errors import InputError, did_you_mean
from simulator.profile import settings as file
from simulator.profile.overlay import OverlayFile
from simulator.profile.settings import Settings
from simulator.rehearsal.request import Production, Servers, TeamFiles
from simulator.resources import shipped
from simulator.stack.binaries import find_binaries
from simulator.stack.discovery import Discovered, stand_in_address
from simulator.wire.kubernetes import Carried


def team_files(
    settings: Settings,
    rules: list[str] | None,
    prometheus_config: Path | None,
    alertmanager_config: Path | None,
    overlays: Iterable[OverlayFile] = (),
) -> TeamFiles:
    """The configuration to run. A prometheus.yml given by flag brings its own rules, unless `rules` are given too.

    Rules without a prometheus.yml run on the reference one, with the jobs of the run's overlays added.
    """
    reference = shipped("monitoring")
    from_settings = tuple(str(file.absolute()) for file in settings.files(settings.rules)) if settings.rules else ()
    scrapes = flag_or_setting(prometheus_config, settings.file(settings.prometheus_config))
    routes = flag_or_setting(alertmanager_config, settings.file(settings.alertmanager_config))
    chosen_rules = tuple(rules) if rules else (() if prometheus_config else from_settings)
    return TeamFiles(
        prometheus_config=plain_config(scrapes, Carried.PROMETHEUS, settings.folder, _say)
        if scrapes
        else reference / "prometheus" / "prometheus.yml",
        alertmanager_config=plain_config(routes, Carried.ALERTMANAGER, settings.folder, _say)
        if routes
        else reference / "alertmanager" / "alertmanager.yml",
        rules=plain_patterns(chosen_rules, settings.folder, _say),
        discovered={
            job: tuple(Discovered(group.targets, group.labels) for group in groups)
            for job, groups in settings.discovered.items()
        },
        jobs=settings.jobs,
        own_jobs=bool(scrapes) or not chosen_rules,
        more_jobs={} if scrapes else _jobs_of(overlays),
    )


def _jobs_of(overlays: Iterable[OverlayFile]) -> dict[str, tuple[str, ...]]:
    """The scrape jobs that overlays add, with the addresses of their targets."""
    found: dict[str, tuple[str, ...]] = {}
    for overlay in overlays:
        for name, job in overlay.content.jobs.items():
            hosts = (name if number == 1 else f"{name}-{number}" for number in range(1, job.instances + 1))
            found[name] = tuple(stand_in_address(host, job.port) for host in hosts)
    return found


def _say(text: str) -> None:
    typer.echo(text, err=True)


def production_of(settings: Settings, flags: list[str] | None) -> Production:
    """What runs in production: each `KEY=VALUE` of --production beats crybsim.yaml's. Raises InputError."""
    told = settings.production.model_dump()
    problems = []
    for flag in flags or ():
        key, equals, value = flag.partition("=")
        if not equals:
            problems.append(f"--production {flag}: write KEY=VALUE; KEY is one of {', '.join(told)}")
        elif key not in told:
            problems.append(f"--production {flag}: {key!r} is none of {', '.join(told)}{did_you_mean(key, told)}")
        else:
            problems += _refused(key, value)
            told[key] = value
    if problems:
        raise InputError(*problems)
    return Production(**told)


def _refused(key: str, value: str) -> list[str]:
    try:
        file.Production.model_validate({key: value})
    except ValidationError:
        return [f"--production {key}={value}: not what {key} can be in crybsim.yaml (docs/profiles.md)"]
    return []


def servers(settings: Settings, prometheus_bin: Path | None, alertmanager_bin: Path | None) -> Servers:
    """The programs to run. Raises InputError with one line for each that is missing."""
    found = find_binaries(
        flag_or_setting(prometheus_bin, settings.file(settings.prometheus_bin)),
        flag_or_setting(alertmanager_bin, settings.file(settings.alertmanager_bin)),
    )
    return Servers(
        prometheus=found.prometheus.path,
        promtool=found.promtool.path,
        alertmanager=found.alertmanager.path,
        amtool=found.amtool.path,
        prometheus_version=found.prometheus.version.split("+")[0],
        alertmanager_version=found.alertmanager.version.split("+")[0],
    )
