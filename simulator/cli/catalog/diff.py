"""`crybsim catalog diff`: the catalogue held against a real platform."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Annotated

import typer

from simulator.catalog.comparison import Comparison, compare
from simulator.catalog.exposed import claimed
from simulator.cli.catalog.options import JobOption, ProfileOption
from simulator.cli.catalog.sources import read_source
from simulator.cli.options import JsonOption, OverlayOption
from simulator.cli.overlays import chosen_catalogue
from simulator.clock import WallClock, rfc3339
from simulator.errors import ExitCode
from simulator.profile.settings import load_settings
from simulator.rehearsal.comparison_record import write_comparison


def command(
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


def _comparison_json(comparison: Comparison, source: str, date: str) -> dict[str, object]:
    return {
        "source": source,
        "date": date,
        "jobs": list(comparison.jobs),
        "compared": comparison.compared,
        "differences": [asdict(difference) for difference in comparison.differences],
        "only_there": [{"job": family.job, "name": family.name} for family in comparison.unknown],
    }
