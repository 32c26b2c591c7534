"""`crybsim catalog`: what the platform exports, how that compares with a real one, and how it can break."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

import simulator.model.signals  # noqa: F401  # registers the signals
from simulator.catalog.areas import AREAS, area_of
from simulator.catalog.comparison import Comparison, compare
from simulator.catalog.exposed import claimed
from simulator.catalog.faults import FAULT_KINDS, FaultKind, Parameter
from simulator.catalog.looked_at import unused
from simulator.cli.catalog_sources import read_source, team_expressions, team_homes
from simulator.cli.catalog_table import as_json as family_json
from simulator.cli.catalog_table import print_table, whole_families
from simulator.cli.options import JsonOption, OverlayOption, PrometheusConfigOption, flag_or_setting
from simulator.cli.overlays import chosen_catalogue
from simulator.clock import WallClock, rfc3339
from simulator.errors import ExitCode, InputError, did_you_mean
from simulator.model.moment import SIGNALS
from simulator.profile.json_schema import overlay_schema
from simulator.profile.settings import load_settings
from simulator.rehearsal.comparison_record import write_comparison
from simulator.rehearsal.learning import learn_overlay
from simulator.units import format_duration

app = typer.Typer(
    add_completion=False,
    rich_markup_mode=None,
    help="What the platform exports, how that compares with a real one, and how it can break.",
)

ProfileOption = Annotated[
    str | None, typer.Option("--profile", metavar="PROFILE", help="Apply the overlays that this profile names, too.")
]
JobOption = Annotated[str | None, typer.Option("--job", metavar="JOB", help="One scrape job of the catalogue.")]


@app.command("list")
def list_families(
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


@app.command()
def diff(
    source: Annotated[
        str, typer.Argument(metavar="SOURCE", help="A /metrics exposition (file or URL), or a Prometheus's URL.")
    ],
    job: JobOption = None,
    overlay: OverlayOption = None,
    profile: ProfileOption = None,
    as_json: JsonOption = False,
) -> ExitCode:
    """Compare the catalogue with what a real platform exposes: families, types, labels and buckets.

    Exit code 0: no differences; 1: differences; 3: the source could not be read. The outcome is noted in
    .crybsim/catalogue-comparison.json, from where verdicts cite it.

    \b
    Examples:
      crybsim catalog diff metrics.txt
      crybsim catalog diff http://127.0.0.1:3001/metrics --job cryb-api
      crybsim catalog diff http://prometheus.staging:9090 --overlay overlays/ours.yaml
    """
    settings = load_settings()
    catalogue = chosen_catalogue(settings, overlay, profile)
    clock = WallClock()
    found = read_source(source, catalogue, clock, job=job, allowed=settings.allowed_hosts)
    jobs = [job] if job else [known.name for known in catalogue.exposing_jobs] if found.whole else found.jobs
    comparison = compare(claimed(catalogue, jobs), found.families)
    date = rfc3339(clock.now_ms())[:10]
    path = write_comparison(settings.folder, catalogue, comparison, date=date, source=source)
    if as_json:
        typer.echo(json.dumps(_comparison_json(comparison, source, date), indent=2, ensure_ascii=False))
    else:
        for difference in comparison.differences:
            typer.echo(difference)
    unknown = len(comparison.unknown)
    typer.echo(
        f"differences: {len(comparison.differences)}, in {comparison.compared} families of "
        f"{', '.join(comparison.jobs)}; only there: {unknown} (crybsim catalog learn makes an overlay of it all); "
        f"noted in {path}",
        err=True,
    )
    return ExitCode.FAIL if comparison.differences else ExitCode.PASS


@app.command()
def learn(
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


@app.command()
def signals(as_json: JsonOption = False) -> None:
    """List the signals of the model, which drive the families; an overlay binds new families to them.

    \b
    Examples:
      crybsim catalog signals
    """
    rows = [SIGNALS[name] for name in sorted(SIGNALS)]
    if as_json:
        content = [{"name": row.name, "unit": row.unit, "meaning": row.meaning} for row in rows]
        typer.echo(json.dumps(content, indent=2, ensure_ascii=False))
        return
    width = max(len(row.name) for row in rows)
    for row in rows:
        typer.echo(f"{row.name:<{width}}  {row.unit or '-':<8} {row.meaning}")


@app.command()
def schema() -> None:
    """Print the JSON Schema of overlays (draft 2020-12), which editors complete and check with.

    \b
    Examples:
      crybsim catalog schema > overlay.schema.json
    """
    typer.echo(json.dumps(overlay_schema(), indent=2, ensure_ascii=False))


@app.command()
def faults(as_json: JsonOption = False) -> None:
    """List the ways in which the platform can break, for `faults` in a profile.

    \b
    Examples:
      crybsim catalog faults
      crybsim catalog faults --json
    """
    if as_json:
        typer.echo(json.dumps([asdict(kind) for kind in FAULT_KINDS], indent=2))
    else:
        typer.echo("\n\n".join(_described(kind) for kind in FAULT_KINDS))


def _comparison_json(comparison: Comparison, source: str, date: str) -> dict[str, object]:
    return {
        "source": source,
        "date": date,
        "jobs": list(comparison.jobs),
        "compared": comparison.compared,
        "differences": [asdict(difference) for difference in comparison.differences],
        "only_there": [{"job": family.job, "name": family.name} for family in comparison.unknown],
    }


def _described(kind: FaultKind) -> str:
    lines = [
        f"{kind.name}: {kind.summary}",
        f"  intensity   {kind.intensity}",
        f"  target      {', '.join(kind.scopes) or 'all of ' + kind.service}",
        *(f"  parameter   {_parameter(spec)}" for spec in kind.parameters),
        f"  effects     {'; '.join(kind.effects)}",
        f"  live        {kind.live}",
    ]
    return "\n".join(lines)


def _parameter(spec: Parameter) -> str:
    values = (spec.default, spec.minimum, spec.maximum)
    default, low, high = (
        [format_duration(round(value)) for value in values]
        if spec.unit == "duration"
        else [f"{value:g}" for value in values]
    )
    return f"{spec.name}: {spec.meaning}; {default} unless given, from {low} to {high}"
