"""The search for the highest arrival rate finds what it is, and says when it cannot know."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.clock import WallClock
from simulator.load.capacity import Bearing, Capacity, Step, bounds, judge_step, lowest_broken, next_rate, seconds_for
from simulator.profile.load_plan import LoadPlan
from simulator.profile.schema import LoadModel, Profile
from simulator.profile.settings import Settings
from simulator.profile.thresholds import parse_threshold
from simulator.rehearsal.sweeps.capacity import RateSweep, profile_at, sweep_rates
from simulator.report.capacity import render_capacity_page
from simulator.telemetry.observations import LoadEnded, RequestTotals, ThresholdResult

OVERALL = RequestTotals("all requests", 1_000, 0, 0, 0.01, 0.02, 0.03)
KEPT = ThresholdResult("http p95 < 300ms", True, 0.02, "20ms", 1_000)
GOOD = LoadEnded(at_ms=0, totals=(), overall=OVERALL, achieved_ratio=1.0, worker_cpu_ratio=0.2, thresholds=(KEPT,))


def step(rate: float, bearing: Bearing) -> Step:
    return judge_step(rate, GOOD, 0.2).model_copy(update={"bearing": bearing, "why": bearing.value})


def search(bears: Callable[[float], Bearing], lowest: float, highest: float) -> list[Step]:
    steps: list[Step] = []
    while (rate := next_rate(steps, lowest, highest)) is not None:
        assert len(steps) < 60
        steps.append(step(rate, bears(rate)))
    return steps


@given(st.floats(1, 1e5), st.floats(0.2, 1e6))
def test_the_search_ends_within_a_twentieth_of_the_capacity(lowest: float, capacity: float) -> None:
    steps = search(lambda rate: Bearing.KEPT if rate <= capacity else Bearing.BROKEN, lowest, 1e9)
    kept, broken = bounds(steps)[0], lowest_broken(steps)
    if capacity < lowest:
        assert (kept, broken, len(steps)) == (None, lowest, 1)
    else:
        assert kept is not None
        assert broken is not None
        assert kept <= capacity < broken
        assert broken / kept <= 1.06


@given(st.floats(10, 1e4), st.floats(10, 1e4))
def test_where_the_generator_was_the_limit_the_result_is_a_lower_bound(capacity: float, generator: float) -> None:
    def bears(rate: float) -> Bearing:
        return Bearing.UNKNOWN if rate > generator else Bearing.KEPT if rate <= capacity else Bearing.BROKEN

    steps = search(bears, 10, 1e9)
    kept, broken = bounds(steps)[0], lowest_broken(steps)
    assert kept is not None
    assert kept <= min(capacity, generator)
    if generator <= capacity:
        assert broken is None
        told = Capacity(
            profile="p",
            target="t",
            thresholds=(),
            seconds=1,
            warm_up_seconds=0,
            kept=kept,
            broken=broken,
            steps=tuple(steps),
            rerun="",
        ).told
        assert told.startswith(f"at least {kept:g} requests a second")


def test_nothing_above_the_highest_is_tried() -> None:
    assert [one.rate for one in search(lambda rate: Bearing.KEPT, 10, 55)] == [10, 20, 40, 55]


@pytest.mark.parametrize(
    ("ended", "bearing", "why"),
    [
        (GOOD, Bearing.KEPT, "every threshold was kept"),
        (
            replace(GOOD, thresholds=(replace(KEPT, met=False, told="412ms"),)),
            Bearing.BROKEN,
            "`http p95 < 300ms`: 412ms",
        ),
        (replace(GOOD, achieved_ratio=0.7), Bearing.BROKEN, "only 70% of the planned requests came through"),
        (replace(GOOD, worker_cpu_ratio=0.81, achieved_ratio=0.7), Bearing.UNKNOWN, "the generator used 81% of a core"),
        (replace(GOOD, thresholds=(replace(KEPT, met=None, reason="only 12"),)), Bearing.UNKNOWN, "only 12"),
        (replace(GOOD, problem="it died"), Bearing.UNKNOWN, "it died"),
    ],
)
def test_what_a_step_says(ended: LoadEnded, bearing: Bearing, why: str) -> None:
    found = judge_step(10, ended, 0.2)
    assert found.bearing is bearing
    assert why in found.why


def test_a_slow_rate_lasts_until_there_are_samples_enough() -> None:
    thresholds = [parse_threshold("http p99 < 1s"), parse_threshold("GET /a p99.9 < 1s")]
    assert seconds_for(1_000, thresholds, 20) == 20
    assert seconds_for(10, thresholds, 20) == pytest.approx(120)


def test_the_page_draws_the_knee_and_asks_nobody() -> None:
    steps = tuple(step(rate, Bearing.KEPT if rate <= 80 else Bearing.BROKEN) for rate in (20, 40, 80, 160, 113))
    page = render_capacity_page(
        Capacity(
            profile="p",
            target="t",
            thresholds=("http p95 < 300ms",),
            seconds=20,
            warm_up_seconds=5,
            kept=80,
            broken=113,
            steps=steps,
            rerun="crybsim sweep",
        )
    )
    assert "80 requests a second are borne, 113 are not" in page
    assert page.count('<line class="mark"') == 4
    assert "<script" not in page
    assert "http://" not in page


SLOTS, SECONDS = 4, 0.2


@contextmanager
def limited_server() -> Iterator[str]:
    """So many requests at once, each for that long: 20 a second, and not one more."""
    slots = threading.Semaphore(SLOTS)

    class Answer(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            with slots:
                time.sleep(SECONDS)
            self.send_response(200)
            self.send_header("Content-Length", "2")
            self.end_headers()
            self.wfile.write(b"ok")

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Answer)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


USERS = """
import sys
from locust import HttpUser, task

class Visitor(HttpUser):
    @task
    def look(self):
        self.client.get("/")
"""


@pytest.mark.accept
@pytest.mark.timeout(1_200)  # half a minute and more for each of six rates
def test_a_server_of_known_capacity_has_it_found(tmp_path: Path) -> None:
    """Its users are a team's own; the plan counts their iterations, one request each."""
    users = tmp_path / "users.py"
    users.write_text(USERS)
    profile = Profile.model_validate(
        {
            "name": "limited",
            "description": "a server with four slots",
            "start": "2026-01-05T20:00:00",
            "duration": "1m",
            "load": {"thresholds": ["http p50 < 3s"]},  # above its capacity, waits grow without end
        }
    )
    with limited_server() as url:
        found = sweep_rates(
            profile,
            RateSweep(lowest=5, highest=160, seconds=15, warm_up_seconds=4, points=6),
            tmp_path / "steps",
            hosts=[url],
            settings=Settings(),
            clock=WallClock(),
            target=url,
            rerun="",
            locustfiles=[users],
        )
    assert found.kept is not None
    assert found.kept <= 1.6 * SLOTS / SECONDS
    if found.broken is None:  # a machine too busy for its own generator
        assert found.told.startswith("at least")
    else:
        assert found.broken >= 0.4 * SLOTS / SECONDS


def test_the_profile_of_a_step_has_the_rate_and_nothing_else_that_moves() -> None:
    profile = Profile.model_validate(
        {
            "name": "p",
            "description": "d",
            "start": "2026-01-05T20:00:00",
            "duration": "1h",
            "traffic": {"peak": "20/s", "shape": "evening", "growth": 0.5},
            "load": {"scale": 0.5, "abort_after": "5s", "thresholds": ["http p95 < 1s"]},
            "faults": [{"id": "f", "kind": "http_errors", "at": "1s", "for": "10s"}],
        }
    )
    chosen = profile_at(profile, 300, 20, 5)
    plan = LoadPlan(chosen)
    assert (plan.at(0).rate, plan.at(24_000).rate) == (pytest.approx(300), pytest.approx(300))
    assert (chosen.duration, chosen.load.warm_up, chosen.faults, chosen.load.abort_after) == (25_000, 5_000, (), None)
    assert chosen.load.model is LoadModel.OPEN
    assert chosen.load.thresholds == profile.load.thresholds
