"""The run that a locustfile is part of, when `crybsim` started it; None under plain `locust -f`.

Told by environment variables, since Locust imports a locustfile before it parses its own flags:
CRYBSIM_MANIFEST (a file), CRYBSIM_HOSTS (base URLs, comma separated), CRYBSIM_LOAD_REPORT (the file to report to).
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from simulator.clock import WallClock
from simulator.profile.load_plan import LoadPlan
from simulator.profile.manifest import Manifest

PLAIN_HOST = "http://127.0.0.1:3001"  # where the platform's API listens, and `crybsim api` too
CLOCK = WallClock()


@dataclass(frozen=True)
class Run:
    """What the users, the shape and the reporter of one process have in common."""

    manifest: Manifest
    plan: LoadPlan
    hosts: tuple[str, ...]
    report: Path

    def elapsed_ms(self) -> int:
        """Milliseconds since the run's start; negative before it."""
        return self.manifest.elapsed_ms(CLOCK.now_ms())


def _read() -> Run | None:
    path = os.environ.get("CRYBSIM_MANIFEST")
    if not path:
        return None
    manifest = Manifest.read(Path(path))
    return Run(
        manifest=manifest,
        plan=LoadPlan(manifest.profile),
        hosts=tuple(os.environ["CRYBSIM_HOSTS"].split(",")),
        report=Path(os.environ["CRYBSIM_LOAD_REPORT"]),
    )


RUN = _read()
