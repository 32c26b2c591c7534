"""Virtual time: how long a verdict takes, with the past made anew and with it cached; and a sweep of 20 intensities.

    python bench/virtual.py [--skip-sweep] [--rules GLOB]

The figures to reach, on two cores: the verdict of a two-hour incident with 30 days of history in under 60 s from
nothing and 30 s with the history cached, a sweep of 20 intensities without Alertmanager in under 3 minutes. The
baseline of a rehearsal is the incident's own length: what a live one takes. Everything runs as a user runs it, in a
process of its own; the CPU time of all of them stands beside the time on the wall, which others on the machine stretch.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from simulator.compiled import code_folder
from simulator.units import HOUR, MINUTE, SECOND

INCIDENT_MS = 2 * HOUR
INCIDENT = """
name: incident
description: Five percent of requests fail for an hour.
seed: 20260107
start: 2026-01-07T19:00:00
duration: 2h
history: {length: 30d}
platform: {size: tiny}
traffic: {peak: 20/s, shape: evening, time_zone: Europe/Berlin}
faults:
  - {id: bad-release, kind: http_errors, at: 10m, for: 1h, intensity: 0.05}
expect:
  alerts:
    - {name: SLOAvailabilityFastBurn, caused_by: bad-release, fires_within: 30m, resolves_within: 30m}
  no_other_alerts: false
"""


def timed(folder: Path, *arguments: str) -> tuple[float, str]:
    """Seconds that a command takes, and beside them those of all cores; it has to end, whatever its verdict."""
    began, before = time.perf_counter(), os.times()
    done = subprocess.run(
        [sys.executable, "-m", "simulator", *arguments],
        cwd=folder,
        env={**os.environ, "XDG_CACHE_HOME": str(folder / "cache")},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode not in (0, 1, 3):
        sys.exit(done.stderr)
    print(f"  ended with {done.returncode}: {next(iter(done.stderr.strip().splitlines()[-1:]), '')}")
    after = os.times()
    cpu = sum(after[2:4]) - sum(before[2:4])
    wall = time.perf_counter() - began
    return wall, f"{wall:6.1f} s (CPU {cpu:.1f} s)"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--skip-sweep", action="store_true")
    parser.add_argument("--rules", action="append", default=[], help="instead of the reference rules")
    chosen = parser.parse_args()
    rules = [part for pattern in chosen.rules for part in ("--rules", str(Path(pattern).absolute()))]
    with tempfile.TemporaryDirectory(prefix="crybsim-bench-") as made:
        folder = Path(made)
        (folder / "incident.yaml").write_text(INCIDENT)
        (folder / "cache" / "crybsim").mkdir(parents=True)
        (folder / "cache" / "crybsim" / "kernels").symlink_to(code_folder())  # an installation has them, but no history
        for what, limit in (("from nothing", 60.0), ("history cached", 30.0)):
            took, text = timed(folder, "rehearse", "incident.yaml", *rules, "--quiet")
            faster = INCIDENT_MS / SECOND / took
            to_reach = f"(to reach: {limit:.0f} s; {faster:.0f} times as fast as live)"
            print(f"two-hour incident, {what:<15} {text}  {to_reach}")
        if not chosen.skip_sweep:
            _, text = timed(folder, "sweep", "incident.yaml", *rules, "--points", "20", "--quiet")
            print(f"sweep of 20 intensities            {text}  (to reach: {3 * MINUTE // SECOND} s)")


if __name__ == "__main__":
    main()
