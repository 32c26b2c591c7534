"""`crybsim catalog learn`: an overlay that makes the catalogue fit a real platform."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

import simulator.model.signals  # noqa: F401  # registers the signals
from simulator.cli.catalog.options import JobOption
from simulator.cli.catalog.sources import read_source
from simulator.cli.catalog.team_files import team_expressions, team_homes
from simulator.cli.options import OverlayOption, PrometheusConfigOption, flag_or_setting
from simulator.cli.overlays import chosen_catalogue
from simulator.clock import WallClock
from simulator.errors import InputError
from simulator.profile.settings import load_settings
from simulator.rehearsal.learning.overlay import learn_overlay


def command(
    sources: Annotated[
        list[str],
        typer.Argument(
            metavar="SOURCE...",
            help="Expositions (files or URLs), a Prometheus's URL, rule files (.yml), dashboards (.json).",
        ),
    ],
    out: Annotated[Path, typer.Option("--out", metavar="FILE", help="Where to write the overlay.")],
    job: JobOption = None,
    prometheus_config: PrometheusConfigOption = None,
    overlay: OverlayOption = None,
) -> None:
    """Write an overlay that makes the catalogue fit a real platform, or the names that rules and dashboards use.

    Types that only their use suggests are marked `confirm: true`; read the file before you use it. Which of your scrape
    jobs exposes what follows from your prometheus.yml (crybsim.yaml's, or --prometheus-config).

    \b
    Examples:
      crybsim catalog learn metrics.txt --job cryb-api --out overlays/ours.yaml
      crybsim catalog learn 'rules/*.yml' 'dashboards/*.json' --out overlays/ours.yaml
    """
    settings = load_settings()
    catalogue = chosen_catalogue(settings, overlay, None)
    platforms = []
    patterns = []
    for source in sources:
        if Path(source).suffix in (".yml", ".yaml", ".json") and not source.startswith(("http://", "https://")):
            patterns.append(source)
        else:
            found = read_source(source, catalogue, WallClock(), job=job, allowed=settings.allowed_hosts)
            platforms.append(found.families)
    expressions = team_expressions(patterns, Path()) if patterns else ()
    scrapes = flag_or_setting(prometheus_config, settings.file(settings.prometheus_config))
    homes = team_homes(scrapes, settings.jobs, catalogue, job)
    learnt = learn_overlay(catalogue, platforms, expressions, homes=homes)
    for note in learnt.notes:
        typer.echo(note, err=True)
    try:
        with out.open("x", encoding="utf-8") as file:
            file.write(learnt.text)
    except OSError as error:
        raise InputError(f"--out {out}: cannot be written: {error.strerror or error}") from error
    typer.echo(f"wrote {out}: {learnt.summary}; next: read it, then crybsim catalog list --overlay {out}", err=True)
    typer.echo(out)
