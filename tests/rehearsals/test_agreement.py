"""The comparison of two verdicts sees what it is there to see."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from tests.rehearsals.agreement import disagreements

RESOLUTION = 30_000


def verdict() -> dict[str, Any]:
    """Two alerts a minute apart, the first heard by two receivers and resolved."""

    def alert(name: str, pending: int, firing: int, resolved: int | None) -> dict[str, Any]:
        times = {"pending": pending, "firing": firing, "resolved": resolved}
        return {
            "alert": name,
            "labels": {"service": "api"},
            **{state: None if at is None else {"offset_ms": at} for state, at in times.items()},
        }

    def heard(destination: str, status: str, at: int) -> dict[str, Any]:
        alerts = [{"alert": "Down", "status": status, "labels": {"service": "api"}}]
        when = {"offset_ms": at}
        return {"kind": "slack", "destination": destination, "receiver": "r", "alerts": alerts, "when": when}

    return {
        "run": {"ends": {"offset_ms": 600_000}},
        "alerts": [alert("Down", 10_000, 70_000, 300_000), alert("Slow", 100_000, 160_000, None)],
        "notifications": [
            heard("#a", "firing", 80_000),
            heard("#b", "firing", 80_000),
            heard("#a", "resolved", 310_000),
        ],
    }


def test_a_verdict_agrees_with_itself_and_with_a_slightly_later_one() -> None:
    other = verdict()
    for alert in other["alerts"]:
        for state in ("pending", "firing", "resolved"):
            if alert[state]:
                alert[state]["offset_ms"] += RESOLUTION
    assert disagreements(verdict(), verdict(), resolution_ms=RESOLUTION) == []
    assert disagreements(verdict(), other, resolution_ms=RESOLUTION) == []


@pytest.mark.parametrize("state", ["pending", "firing", "resolved"])
def test_an_instant_that_is_too_far_off_is_told(state: str) -> None:
    other = verdict()
    other["alerts"][0][state]["offset_ms"] += RESOLUTION + 1
    (line,) = disagreements(verdict(), other, resolution_ms=RESOLUTION)
    assert line.startswith(f"Down{{service=api}} {state} at ")


def test_an_alert_that_only_one_has_is_told() -> None:
    other = copy.deepcopy(verdict())
    del other["alerts"][1]
    (line,) = disagreements(verdict(), other, resolution_ms=RESOLUTION)
    assert line == "Slow{service=api} fired only in the first, at 160000 ms"
    other["alerts"][0]["labels"] = {"service": "web"}
    assert len(disagreements(verdict(), other, resolution_ms=RESOLUTION)) == 3


def test_another_order_is_told() -> None:
    one, other = verdict(), verdict()
    down = one["alerts"][0]["firing"]["offset_ms"]
    one["alerts"][1]["firing"]["offset_ms"], other["alerts"][1]["firing"]["offset_ms"] = down + 25_000, down - 4_000
    assert disagreements(one, other, resolution_ms=RESOLUTION) == []  # either order, within what can be known
    one["alerts"][1]["firing"]["offset_ms"], other["alerts"][1]["firing"]["offset_ms"] = down + 30_001, down - 1
    lines = disagreements(one, other, resolution_ms=RESOLUTION)
    assert any("come in different orders: 30001 and -1 ms" in line for line in lines), lines


def test_what_was_there_at_the_start_was_there_before() -> None:
    one, other = verdict(), verdict()
    for run, pending, firing in ((one, -7_000, 53_000), (other, -4_000_000, -3_940_000)):
        run["alerts"][0]["pending"]["offset_ms"], run["alerts"][0]["firing"]["offset_ms"] = pending, firing
    assert disagreements(one, other, resolution_ms=RESOLUTION) == []
    one["alerts"][0]["resolved"]["offset_ms"] += RESOLUTION + 1
    assert len(disagreements(one, other, resolution_ms=RESOLUTION)) == 1


def test_a_receiver_that_heard_nothing_is_told() -> None:
    other = verdict()
    del other["notifications"][1]
    (line,) = disagreements(verdict(), other, resolution_ms=RESOLUTION)
    assert line == "slack #b r Down service=api firing was heard only in the first, at 80000 ms"


def test_what_happens_at_the_very_end_may_be_missing() -> None:
    one, other = verdict(), verdict()
    one["alerts"][1]["resolved"] = {"offset_ms": 590_000}
    late = copy.deepcopy(one["notifications"][2])
    late["when"]["offset_ms"] = 595_000
    late["destination"] = "#late"
    one["notifications"].append(late)
    assert disagreements(one, other, resolution_ms=RESOLUTION) == []
    one["alerts"][1]["resolved"] = {"offset_ms": 500_000}
    assert len(disagreements(one, other, resolution_ms=RESOLUTION)) == 1
