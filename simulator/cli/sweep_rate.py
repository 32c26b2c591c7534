"""`crybsim sweep PROFILE --arrival-rate`: the highest arrival rate at which the thresholds are still kept."""

from __future__ import annotations

import shlex
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeVar

import httpx
from rich.console import Console

from simulator.cli.report import write_report
from simulator.clock import WallClock
from simulator.errors import ExitCode, InputError
from simulator.load.capacity import Capacity, Step
from simulator.profile.load import load_profile, resolve_profile
from simulator.profile.settings import load_settings
from simulator.profile.thresholds import parse_threshold
from simulator.rehearsal.sweeps.capacity import RateSweep, sweep_rates
from simulator.report.capacity import render_capacity, render_capacity_page
from simulator.transport import check_host
from simulator.units import SECOND, format_rate, parse_duration, parse_rate

LASTS = "20s"
WARM_UP = "5s"
_DOUBLINGS = 2**10

T = TypeVar("T")


def sweep_rate(
    profile: str,
    *,
    hosts: Sequence[str],
    thresholds: Sequence[str],
    lowest: str | None,
    highest: str | None,
    lasts: str,
    warm_up: str,
    points: int,
    processes: int,
    seed: int | None,
    html: Path | None,
    as_json: bool,
    quiet: bool,
) -> int:
    """Find it, show it, write it. Raises InputError for what cannot be read or is not allowed."""
    settings = load_settings()
    chosen = load_profile(resolve_profile(profile))
    for host in hosts:
        check_host(httpx.URL(host).host, settings.load_hosts(chosen))
    texts = (*chosen.load.thresholds, *(_told("--threshold", parse_threshold, text).text for text in thresholds))
    if not texts:
        raise InputError(f"{profile}: has no load.thresholds to keep; give one, such as --threshold 'http p95 < 300ms'")
    update: dict[str, object] = {"load": chosen.load.model_copy(update={"thresholds": texts})}
    if seed is not None:
        update["seed"] = seed
    chosen = chosen.model_copy(update=update)
    first = _rate("--lowest", lowest) or chosen.traffic.peak * chosen.load.scale / 4
    last = _rate("--highest", highest) or first * _DOUBLINGS
    if settings.limits.rate is not None:
        if first > settings.limits.rate:
            raise InputError(f"--lowest {format_rate(first)}: crybsim.yaml allows {format_rate(settings.limits.rate)}")
        last = min(last, settings.limits.rate)
    if not 0 < first < last:
        raise InputError(f"--lowest {first:g}, --highest {last:g}: rates lie above 0, lowest first")
    swept = RateSweep(
        first,
        last,
        _told("--lasts", parse_duration, lasts) / SECOND,
        _told("--warm-up", parse_duration, warm_up) / SECOND,
        points,
        processes,
    )
    console = Console(stderr=True, highlight=False)
    with tempfile.TemporaryDirectory(prefix="crybsim-sweep-") as folder:
        capacity = sweep_rates(
            chosen,
            swept,
            Path(folder),
            hosts=hosts,
            settings=settings,
            clock=WallClock(),
            target=", ".join(hosts) or "the reference API, not your platform",
            rerun=shlex.join(["crybsim", *sys.argv[1:]]),
            tell=lambda step: None if quiet else console.print(_line(step), soft_wrap=True),
        )
    if html is not None:
        write_report(html, render_capacity_page(capacity))
    if as_json:
        sys.stdout.write(capacity.model_dump_json(indent=2) + "\n")
    else:
        Console(highlight=False).print(render_capacity(capacity))
    return int(_exit_code(capacity))


def _exit_code(capacity: Capacity) -> ExitCode:
    """Done where the knee lies between two rates that were judged; inconclusive where nothing bounds it."""
    if capacity.kept is not None and capacity.broken is not None:
        return ExitCode.PASS
    if capacity.kept is None and capacity.broken is not None:
        return ExitCode.FAIL
    return ExitCode.INCONCLUSIVE


def _line(step: Step) -> str:
    p95 = "–" if step.p95_seconds is None else f"{step.p95_seconds * 1000:.4g}ms"
    return f"{step.rate:g}/s: {step.bearing.value}, p95 {p95}; {step.why}"


def _rate(flag: str, text: str | None) -> float | None:
    if text is None:
        return None
    try:
        return float(text)
    except ValueError:
        return _told(flag, parse_rate, text)


def _told(flag: str, read: Callable[[str], T], text: str) -> T:
    try:
        return read(text)
    except ValueError as error:
        raise InputError(f"{flag}: {error}") from error
