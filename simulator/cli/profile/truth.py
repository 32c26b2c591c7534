"""`crybsim profile truth`: what is really so in a profile's time, from the model itself."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from simulator.cli.instants import parse_instant
from simulator.cli.options import JsonOption, ProfileArgument, SeedOption
from simulator.cli.run_manifest import manifest_for
from simulator.clock import rfc3339
from simulator.errors import InputError
from simulator.model.grid import origin_days
from simulator.report.truth import render_truth, truth_document
from simulator.streams.truth import BURN_WINDOWS_MS, ModelTruth
from simulator.telemetry.interval import Interval
from simulator.units import DAY

_HOW = "RFC 3339 in the profile's own time, or relative to its start (-3h, +10m)."


def command(
    profile: ProfileArgument,
    begin: Annotated[str | None, typer.Option("--from", metavar="TIME", help=f"Begin here: {_HOW}")] = None,
    end: Annotated[str | None, typer.Option("--to", metavar="TIME", help=f"End here: {_HOW}")] = None,
    seed: SeedOption = None,
    as_json: JsonOption = False,
) -> None:
    """What is really so over an interval (not given: the run): rates, error ratio, latency quantiles, indicators,
    error budget left, burn rates and the faults that act. It comes from the model's counts, not from an export.

    \b
    Examples:
      crybsim profile truth api-errors
      crybsim profile truth api-errors --from +2m --to +10m
      crybsim profile truth api-errors --from 2026-01-05T20:00:00Z --json
    """
    given = manifest_for(profile, None, mode="virtual")
    run = given.model_copy(update={"started_ms": given.profile.start_ms, "seed": given.seed if seed is None else seed})
    start = run.started_ms
    first = start if begin is None else parse_instant(begin, flag="--from", now_ms=start)
    last = start + run.profile.duration if end is None else parse_instant(end, flag="--to", now_ms=start)
    if last <= first:
        raise InputError(f"--to: {rfc3339(last)} is not after {rfc3339(first)}, where the interval begins")
    oldest = start - origin_days(run.profile) * DAY
    if first < oldest:
        message = f"--from: {rfc3339(first)} is before the platform was started"
        raise InputError(f"{message}; {rfc3339(oldest)} at the earliest")
    if last - max(BURN_WINDOWS_MS) < oldest:
        earliest = rfc3339(oldest + max(BURN_WINDOWS_MS))
        raise InputError(
            f"--to: error budgets look 30 days back, to before the platform was started; {earliest} or later"
        )
    found = ModelTruth(run).over(Interval(first, last))
    typer.echo(json.dumps(truth_document(found), indent=2) if as_json else render_truth(found), nl=as_json)
