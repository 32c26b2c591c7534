"""`crybsim catalog list`: the metric families of the platform."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from simulator.catalog.areas import AREAS, area_of
from simulator.catalog.looked_at import unused
from simulator.cli.catalog.options import JobOption, ProfileOption
from simulator.cli.catalog.table import as_json as family_json
from simulator.cli.catalog.table import print_table, whole_families
from simulator.cli.catalog.team_files import team_expressions
from simulator.cli.options import JsonOption, OverlayOption
from simulator.cli.overlays import chosen_catalogue
from simulator.errors import InputError, did_you_mean
from simulator.profile.settings import load_settings


def command(
    job: JobOption = None,
    area: Annotated[str | None, typer.Option("--area", metavar="AREA", help=f"One of {', '.join(AREAS)}.")] = None,
    unused_by: Annotated[
        list[str] | None,
        typer.Option(
            "--unused-by",
            metavar="GLOB",
            help="Only families that no expression of these rule files and dashboards looks at; several times.",
        ),
    ] = None,
    overlay: OverlayOption = None,
    profile: ProfileOption = None,
    as_json: JsonOption = False,
) -> None:
    """List the metric families that the platform exports: type, labels, buckets, and the signal that drives each.

    \b
    Examples:
      crybsim catalog list --job cryb-api
      crybsim catalog list --area redis --json
      crybsim catalog list --unused-by 'rules/*.yml' --unused-by 'dashboards/*.json'
    """
    catalogue = chosen_catalogue(load_settings(), overlay, profile)
    jobs = [known.name for known in catalogue.exposing_jobs]
    if job is not None and job not in jobs:
        raise InputError(f"--job: there is no job {job!r}{did_you_mean(job, jobs)} (jobs: {', '.join(jobs)})")
    if area is not None and area not in AREAS:
        raise InputError(f"--area: there is no area {area!r}{did_you_mean(area, AREAS)} (areas: {', '.join(AREAS)})")
    families = whole_families(catalogue.families)
    families = tuple(f for f in families if job in (None, f.job) and area in (None, area_of(f)))
    if unused_by:
        expressions = team_expressions(unused_by, Path())
        for expression in expressions:
            if expression.uses is None:
                typer.echo(f"{expression.file}: {expression.place}: not readable: {expression.text}", err=True)
        families = unused(families, [use.selector for one in expressions for use in one.uses or ()])
    if as_json:
        typer.echo(json.dumps([family_json(family) for family in families], indent=2, ensure_ascii=False))
    else:
        print_table(families)
    which = "families that nothing looks at" if unused_by else "families"
    typer.echo(f"{which}: {len(families)}; jobs: {len({family.job for family in families})}", err=True)
