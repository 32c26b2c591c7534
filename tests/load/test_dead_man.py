"""A load whose requests fail and go on failing is stopped; one that recovers is not."""

from __future__ import annotations

import pytest

from simulator.load.dead_man import DeadMan
from simulator.telemetry.observations import LoadMeasured


def second(at: int, failures: int, requests: int = 10) -> LoadMeasured:
    return LoadMeasured(
        at_ms=at * 1000, users=1, requests=requests, failures=failures, requests_per_second=0, target_per_second=0
    )


@pytest.mark.parametrize(
    ("failures", "stopped_at"),
    [
        ([10] * 8, 3),
        ([6] * 8, 3),
        ([5] * 8, None),  # not above the limit
        ([10, 10, 10, 0, 10, 10, 10, 10], 7),  # a good second begins it anew
        ([10, 10, 0, 10, 10, 0, 10, 10], None),
    ],
)
def test_when_it_stops(failures: list[int], stopped_at: int | None) -> None:
    dead_man = DeadMan(0.5, 3_000)
    told = [dead_man.watch(second(at, failed)) for at, failed in enumerate(failures)]
    assert next((at for at, text in enumerate(told) if text), None) == stopped_at
    assert not stopped_at or told[stopped_at] == "more than 50% of the requests failed for 3s on end"


def test_seconds_without_requests_say_nothing() -> None:
    dead_man = DeadMan(0.5, 3_000)
    assert not any(dead_man.watch(second(at, 0, requests=0)) for at in range(10))
    assert not dead_man.watch(second(10, 10))
    assert not dead_man.watch(second(12, 0, requests=0))
    assert dead_man.watch(second(13, 10))
