"""Scrape targets that were down, or that nobody watched."""

from __future__ import annotations

import pytest

from simulator.telemetry.observations import FaultEdge, TargetObserved
from simulator.units import MINUTE, SECOND
from simulator.verdict import Word
from tests.verdict.scene import FAULT_END, ONSET, OUTAGE, PASSING, START, Scene, must_not_pass, must_pass, no


def target(health: str, at_ms: int, job: str = "cryb-api", instance: str = "cryb-api") -> TargetObserved:
    return TargetObserved(at_ms, job, instance, health, "connection refused" if health == "down" else "")


ROWS: dict[str, tuple[Scene, Word, str]] = {
    "a target was down without a fault": (
        PASSING.plus(target("down", ONSET), target("up", ONSET + 20 * SECOND)),
        Word.UNOBSERVED,
        "target cryb-api/cryb-api was down from +2m to +2m20s",
    ),
    "a target was down before its outage": (
        OUTAGE.plus(target("down", ONSET - SECOND)),
        Word.UNOBSERVED,
        "no fault explains it",
    ),
    "a target stayed down after its outage": (
        OUTAGE.without(lambda o: no(TargetObserved, health="up")(o) and o.at_ms > FAULT_END),
        Word.UNOBSERVED,
        "to the run's end and no fault explains it",
    ),
    "more targets were down than the outage takes": (
        OUTAGE.profiled(
            faults=[{"id": "errors", "kind": "outage", "at": "2m", "for": "4m", "target": {"instance": "api-1"}}]
        ).plus(
            target("up", START + 5 * SECOND, instance="other"),
            target("down", ONSET + 9 * SECOND, instance="other"),
            target("up", FAULT_END + 20 * SECOND, instance="other"),
        ),
        Word.UNOBSERVED,
        "no fault explains it",
    ),
    "a target of another service was down in the outage": (
        OUTAGE.plus(target("down", ONSET + 8 * SECOND, job="prometheus", instance="localhost:9090")),
        Word.UNOBSERVED,
        "target prometheus/localhost:9090",
    ),
    "a target was never scraped": (
        PASSING.without(no(TargetObserved, job="cryb-api", health="up")),
        Word.UNOBSERVED,
        "was unknown",
    ),
    "a simulated job has no target": (
        PASSING.given(job_services={"cryb-api": "api", "redis": "redis"}),
        Word.UNOBSERVED,
        "never showed a target of redis",
    ),
    "no target was observed": (PASSING.without(no(TargetObserved)), Word.UNOBSERVED, "no scrape target"),
}

TWO_OUTAGES = OUTAGE.profiled(
    faults=[
        {"id": "errors", "kind": "outage", "at": "2m", "for": "4m"},
        {"id": "again", "kind": "outage", "at": "8m", "for": "2m"},
    ]
).plus(
    FaultEdge(START + 8 * MINUTE, "again", "outage", "onset"),
    FaultEdge(START + 10 * MINUTE, "again", "outage", "end"),
    target("up", START + 10 * MINUTE + 20 * SECOND),
)

ROWS["a target stayed down between two outages"] = (
    TWO_OUTAGES.without(lambda o: no(TargetObserved, health="up")(o) and FAULT_END < o.at_ms < START + 8 * MINUTE),
    Word.UNOBSERVED,
    "no fault explains it",
)


def outage_of(service: str) -> list[dict[str, object]]:
    return [{"id": "errors", "kind": "outage", "at": "2m", "for": "4m", "target": {"service": service}}]


ROWS["an outage of another service explains nothing here"] = (
    OUTAGE.profiled(faults=outage_of("redis")),
    Word.UNOBSERVED,
    "no fault explains it",
)

TWINS: dict[str, Scene] = {
    "the outage of its host explains a target": OUTAGE.profiled(faults=outage_of("node")),
    "lost scrapes explain a target": OUTAGE.profiled(
        faults=[{"id": "errors", "kind": "scrape_gap", "at": "2m", "for": "4m", "intensity": 0.5}]
    ),
    "two outages explain it being down twice": TWO_OUTAGES.plus(target("down", START + 8 * MINUTE + 5 * SECOND)),
    "an outage explains its targets": OUTAGE,
}


@pytest.mark.parametrize(("scene", "word", "says"), ROWS.values(), ids=ROWS)
def test_a_run_whose_targets_were_not_scraped(scene: Scene, word: Word, says: str) -> None:
    must_not_pass(scene, "run", word, says)


@pytest.mark.parametrize("scene", TWINS.values(), ids=TWINS)
def test_the_twin_passes(scene: Scene) -> None:
    must_pass(scene)
