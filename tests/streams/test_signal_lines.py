"""What an author is shown of a profile: signals over the run, with and without its faults."""

from __future__ import annotations

import numpy as np
import pytest

from simulator.errors import InputError
from simulator.profile.schema import Profile
from simulator.streams.signal_lines import HEADLINES, SignalLine, signal_lines
from simulator.units import MINUTE

SLOW = {"id": "slow", "kind": "database_slow", "at": "20m", "for": "20m"}


def profile(*faults: dict[str, object]) -> Profile:
    return Profile.model_validate(
        {
            "name": "p",
            "description": "x",
            "start": "2026-01-05T19:30:00",
            "duration": "1h",
            "platform": {"instances": {"api": 2}},
            "faults": list(faults),
        }
    )


def by_name(*faults: dict[str, object], patterns: list[str] | None = None) -> dict[str, SignalLine]:
    return {line.name: line for line in signal_lines(profile(*faults), seed=1, points=120, patterns=patterns)}


def test_nothing_is_disturbed_where_nothing_breaks() -> None:
    lines = by_name()
    assert set(lines) == set(HEADLINES)
    assert not any(line.is_disturbed for line in lines.values())


def test_what_the_faults_move_most_is_shown_beside_the_headlines() -> None:
    lines = by_name(SLOW)
    assert set(HEADLINES) < set(lines)
    assert all(line.is_disturbed for name, line in lines.items() if name not in HEADLINES)
    assert any(name.startswith("db.") for name in lines)


def test_lines_cover_the_run_and_differ_only_from_the_onset_on() -> None:
    line = by_name(SLOW, patterns=["db.query_seconds"])["db.query_seconds"]
    assert len(line.values) == len(line.calm) == len(line.elapsed_ms) == 120
    assert 0 < line.elapsed_ms[0] < line.elapsed_ms[-1] < 60 * MINUTE
    before = line.elapsed_ms < 20 * MINUTE
    assert np.array_equal(line.values[before], line.calm[before])
    during = ~before & (line.elapsed_ms < 40 * MINUTE)
    assert (line.values[during] > line.calm[during]).all()


def test_an_instance_that_a_fault_aims_at_is_the_one_shown() -> None:
    out: dict[str, object] = {"id": "o", "kind": "outage", "at": "10m", "for": "5m", "target": {"instance": "api-2"}}
    line = by_name(out, patterns=["api.up"])["api.up"]
    assert line.instance == "api-2"
    assert set(line.values.tolist()) == {0.0, 1.0}
    assert by_name(patterns=["api.up"])["api.up"].instance == "api-1"


def test_patterns_choose_and_unknown_ones_are_refused() -> None:
    assert {name.partition(".")[0] for name in by_name(patterns=["db.*"])} == {"db"}
    with pytest.raises(InputError, match=r"no signal 'db\.pool_usd'; did you mean 'db\.pool_used'\?"):
        by_name(patterns=["db.pool_usd"])
