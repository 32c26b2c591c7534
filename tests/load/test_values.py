"""What is no latency goes through the report as exactly as latencies do; workers' values are merged, not averaged."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.load.totals import Totals
from simulator.profile.load_plan import plans_of
from simulator.profile.schema import Profile
from simulator.wire.load_report import Measured, Outcome, Paced, Tally, decode_record, encode_record

STARTED_MS = 1_767_643_200_000
LIMITS = ["mos p5 > 3.6", "loss p95 < 2 %", "deliver p99 < 500ms", "error ratio < 1 %", "mos p50 < 4.4"]
PROFILE = Profile.model_validate(
    {
        "name": "values",
        "description": "all three scenarios",
        "start": "2026-01-05T20:00:00",
        "duration": "10s",
        "traffic": {"peak": "10/s", "shape": "flat"},
        "load": {"scenarios": ["http", "socketio", "voice"], "thresholds": LIMITS},
    }
)


def line(values: dict[str, list[float]], *, begun: dict[str, int] | None = None) -> Measured:
    """What a worker reports, after its way over the wire."""
    tallies = {}
    for name, some in values.items():
        tallies[name] = Tally()
        for value in some:
            tallies[name].count(Outcome.OK, value)
    paced = {name: Paced(begun=count) for name, count in (begun or {}).items()}
    record = decode_record(
        encode_record(Measured(at_ms=STARTED_MS + 9_000, users=1, cpu_ratio=0.1, tallies=tallies, paced=paced))
    )
    assert isinstance(record, Measured)
    return record


def totals(*lines: Measured) -> Totals:
    found = Totals(plans_of(PROFILE), PROFILE.load, STARTED_MS)
    for one in lines:
        found.add(one)
    return found


@given(st.integers(0, 2**32 - 1), st.integers(200, 400), st.integers(200, 400))
def test_scores_of_several_workers_have_the_quantiles_of_all_of_them(seed: int, here: int, there: int) -> None:
    draw = np.random.default_rng(seed)
    first, second, lost = (
        draw.uniform(1, 4.5, here).tolist(),
        draw.normal(3, 0.2, there).tolist(),
        draw.random(here).tolist(),
    )
    (mos, loss, _, _, _) = totals(
        line({"VOICE mos": first}), line({"VOICE mos": second, "VOICE loss": lost})
    ).thresholds()
    assert mos.samples == len(first) + len(second)
    for result, values, quantile in ((mos, first + second, 0.05), (loss, lost, 0.95)):
        assert result.observed is not None
        exact = sorted(values)
        at = math.ceil(quantile * len(exact)) - 1
        nearby = [exact[max(0, at - 1)], exact[at], exact[min(len(exact) - 1, at + 1)]]
        assert any(result.observed == pytest.approx(one, rel=2e-3, abs=2e-6) for one in nearby)


def test_averaged_quantiles_would_have_said_something_else() -> None:
    good, bad = [4.2] * 1_000, [2.0] * 60
    (mos, *_) = totals(line({"VOICE mos": good}), line({"VOICE mos": bad})).thresholds()
    assert mos.observed == pytest.approx(2.0, rel=1e-3)  # 60 of 1060 are bad, so the fifth percentile is
    assert mos.observed != pytest.approx(np.mean([4.2, 2.0]))
    assert (mos.met, mos.told) == (False, "2.00")


def test_each_kind_of_value_is_judged_in_its_own_unit() -> None:
    values = {
        "GET /api/v1/posts": [0.02] * 50,
        "SIO deliver": [0.1] * 1_000 + [0.6] * 20,
        "VOICE mos": [3.9] * 300,
        "VOICE loss": [0.0123] * 199,
    }
    mos, loss, deliver, errors, median = totals(line(values)).thresholds()
    assert (mos.met, mos.told) == (True, "3.90")
    assert (loss.met, loss.reason) == (None, "only 199 values were measured; it takes 200 to tell")
    assert (deliver.met, deliver.told[-2:], deliver.samples) == (False, "ms", 1_020)
    assert (errors.met, errors.samples) == (True, 50)  # of requests: what was delivered and heard is none
    assert median.met is True


def test_a_scenario_that_fell_short_is_the_one_that_counts() -> None:
    everything = totals(line({"GET /api/v1/posts": [0.02] * 90}, begun={"http": 90, "socketio": 4, "voice": 20}))
    http, socketio, voice = everything.kept(STARTED_MS + 9_000)
    assert (http.scenario, http.unit, http.done, http.ratio) == ("http", "requests", 90, pytest.approx(1.0))
    assert (socketio.unit, socketio.planned) == ("messages", pytest.approx(9 * 10 * 0.11 * 0.8))
    assert (voice.unit, voice.done) == ("calls", 20)
    assert everything.achieved_ratio(STARTED_MS + 9_000) == http.ratio  # 4 messages of 8, 20 calls of 13: chance
    silent = totals(line({"GET /api/v1/posts": [0.02] * 90}, begun={"http": 90, "voice": 20}))
    assert silent.achieved_ratio(STARTED_MS + 9_000) == 0.0  # no message of 8 is none
