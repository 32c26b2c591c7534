"""A sweep over arrival rates: a short run at each, against the reference API or a host that runs already."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from simulator.clock import Clock
from simulator.load.capacity import Capacity, Step, bounds, judge_step, lowest_broken, next_rate, seconds_for
from simulator.load.dead_man import DeadMan
from simulator.load.locust_run import LocustRun
from simulator.profile.manifest import Manifest
from simulator.profile.schema import LoadModel, Profile, Scenario, Shape
from simulator.profile.settings import Settings
from simulator.profile.thresholds import parse_threshold
from simulator.rehearsal.live.lead import lead_ms
from simulator.rehearsal.live.platform import LivePlatform
from simulator.rehearsal.run_folder import RunFolder
from simulator.stack.processes import Children, spawn
from simulator.telemetry.observations import LoadEnded
from simulator.units import SECOND

_LEAD_MS = 3 * SECOND  # and one more for each process
_POLL_SECONDS = 0.2
_USERS_PER_RATE = 5  # a closed user sends every five seconds


@dataclass(frozen=True)
class RateSweep:
    """What is tried: from `lowest` on, requests a second, up to `highest`; each for `seconds` after a warm-up."""

    lowest: float
    highest: float
    seconds: float
    warm_up_seconds: float
    points: int
    processes: int = 1


def profile_at(profile: Profile, rate: float, seconds: float, warm_up_seconds: float) -> Profile:
    """The profile with this rate, constant, and nothing broken; the other scenarios' rates follow it."""
    model = LoadModel.OPEN if Scenario.HTTP in profile.load.scenarios else profile.load.model
    load = profile.load.model_copy(
        update={
            "model": model,
            "warm_up": round(warm_up_seconds * SECOND),
            "abort_after": None,
            "stages": (),
            "day": None,
            "max_users": max(profile.load.max_users, round(rate * _USERS_PER_RATE)),
        }
    )
    flat = profile.traffic.model_copy(
        update={"peak": rate / load.scale, "shape": Shape.FLAT, "growth": 0.0, "holidays": ()}
    )
    duration = round((seconds + warm_up_seconds) * SECOND)
    return profile.model_copy(
        update={"load": load, "traffic": flat, "duration": duration, "faults": (), "silences": ()}
    )


def sweep_rates(
    profile: Profile,
    swept: RateSweep,
    folder: Path,
    *,
    hosts: Sequence[str],
    settings: Settings,
    clock: Clock,
    target: str,
    rerun: str,
    tell: Callable[[Step], None] = lambda step: None,
    locustfiles: Sequence[Path] = (),
    target_file: Path | None = None,
) -> Capacity:
    """Try rates until the highest that is kept is known. The reference API is started once, for all of them."""
    thresholds = tuple(map(parse_threshold, profile.load.thresholds))
    steps: list[Step] = []
    with Children() as children:
        urls = list(hosts)
        if not urls:  # with a manifest of its own: it may take longer to come up than a step has lead
            run = RunFolder.create(profile.name, clock.now_ms(), folder / "api")
            calm = profile_at(profile, swept.lowest, swept.seconds, swept.warm_up_seconds)
            platform = LivePlatform(run, _manifest(run, calm, clock, 0), children)
            platform.start_api()
            urls = platform.api_urls
        while len(steps) < swept.points:
            rate = next_rate(steps, swept.lowest, swept.highest)
            if rate is None:
                break
            seconds = seconds_for(rate, thresholds, swept.seconds)
            run = RunFolder.create(profile.name, clock.now_ms(), folder / f"{len(steps) + 1:02}-{rate:g}")
            chosen = profile_at(profile, rate, seconds, swept.warm_up_seconds)
            manifest = _manifest(run, chosen, clock, swept.processes)
            ended = _drive(run, manifest, urls, swept.processes, settings, clock, locustfiles, target_file, bool(hosts))
            step = judge_step(rate, ended, chosen.load.tolerance)
            steps.append(step)
            tell(step)
    return Capacity(
        profile=profile.name,
        target=target,
        thresholds=profile.load.thresholds,
        seconds=swept.seconds,
        warm_up_seconds=swept.warm_up_seconds,
        kept=bounds(steps)[0],
        broken=lowest_broken(steps),
        steps=tuple(steps),
        rerun=rerun,
    )


def _manifest(run: RunFolder, profile: Profile, clock: Clock, processes: int) -> Manifest:
    manifest = Manifest(
        run_id=run.run_id,
        mode="live",
        profile=profile,
        profile_path=profile.name,
        seed=profile.seed,
        started_ms=clock.now_ms() + lead_ms(_LEAD_MS + SECOND * processes),
    )
    manifest.write(run.manifest)
    return manifest


def _drive(
    run: RunFolder,
    manifest: Manifest,
    urls: Sequence[str],
    processes: int,
    settings: Settings,
    clock: Clock,
    locustfiles: Sequence[Path],
    target_file: Path | None,
    theirs: bool,
) -> LoadEnded:
    """One run, from its first process to its last."""
    with Children() as children:
        load = LocustRun(
            run.manifest,
            urls,
            run.path,
            spawn,
            workers=processes,
            allowed_hosts=settings.load_hosts(manifest.profile),
            locustfiles=locustfiles,
            target=target_file,
            dead_man=DeadMan(settings.limits.errors, settings.limits.errors_for) if theirs else None,
        )
        children.callback(load.stop)
        load.start()
        while clock.now_ms() < manifest.ends_ms and load.running:
            load.poll()
            time.sleep(_POLL_SECONDS)
        return load.finish()
