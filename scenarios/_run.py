"""The run that a locustfile is part of, when `crybsim` started it; None under plain `locust -f`.

Told by environment variables, since Locust imports a locustfile before it parses its own flags:
CRYBSIM_MANIFEST (a file), CRYBSIM_HOSTS (base URLs, comma separated), CRYBSIM_LOAD_REPORT (the file to report to), and
CRYBSIM_SCENARIOS (comma separated) where others run than those of the profile.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from simulator.clock import WallClock
from simulator.profile.load_plan import LoadPlan
from simulator.profile.manifest import Manifest
from simulator.profile.schema import LoadModel, Scenario

PLAIN_HOST = "http://127.0.0.1:3001"  # where the platform's API listens, and `crybsim api` too
CLOCK = WallClock()


@dataclass(frozen=True)
class Run:
    """What the users, the shape and the reporter of one process have in common."""

    manifest: Manifest
    plans: dict[Scenario, LoadPlan]
    hosts: tuple[str, ...]
    report: Path

    def plan_of(self, scenario: Scenario) -> LoadPlan:
        """The plan of one scenario. Raises KeyError for one that this run does not drive."""
        return self.plans[scenario]

    @property
    def duration_ms(self) -> int:
        """How long the run takes."""
        return self.manifest.profile.duration

    @property
    def most_users(self) -> int:
        """Users at a time, of all plans, and of the open model those who come where nobody is free."""
        load = self.manifest.profile.load
        more = load.max_in_flight if load.model is LoadModel.OPEN else 0
        return sum(plan.max_users for plan in self.plans.values()) + more

    def elapsed_ms(self) -> int:
        """Milliseconds since the run's start; negative before it."""
        return self.manifest.elapsed_ms(CLOCK.now_ms())


def _read() -> Run | None:
    path = os.environ.get("CRYBSIM_MANIFEST")
    if not path:
        return None
    manifest = Manifest.read(Path(path))
    told = os.environ.get("CRYBSIM_SCENARIOS", "")
    names = told.split(",") if told else manifest.profile.load.scenarios
    return Run(
        manifest=manifest,
        plans={scenario: LoadPlan(manifest.profile, scenario) for scenario in map(Scenario, names)},
        hosts=tuple(os.environ["CRYBSIM_HOSTS"].split(",")),
        report=Path(os.environ["CRYBSIM_LOAD_REPORT"]),
    )


RUN = _read()
