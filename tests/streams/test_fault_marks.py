"""What marks a fault on a dashboard: told by the emitter as the model has it, scraped by stacks that are looked at."""

from __future__ import annotations

import numpy as np
from ruamel.yaml import YAML

from simulator.clock import ManualClock
from simulator.sinks.scrape import OWN_PATH, ScrapeRequest, ScrapeSink
from simulator.stack.fault_marks import JOB, with_fault_marks
from simulator.streams.fault_marks import fault_marks
from simulator.streams.samples import ModelSamples
from simulator.units import MINUTE
from tests.streams.runs import fault, run_of

RUN = run_of(fault("http_errors"), fault("latency", at="15m", shape="pulses", period="4m"))


def test_a_series_for_each_fault_is_one_while_it_acts() -> None:
    times_ms = RUN.started_ms + np.arange(-5, 60, dtype=np.int64) * MINUTE
    block = fault_marks(RUN, times_ms)
    acting = {
        dict(series.labels)["fault"]: set(np.flatnonzero(block.values[:, n]) - 5)
        for n, series in enumerate(block.series)
    }
    assert acting == {"http-errors": set(range(10, 20)), "latency": {15, 16, 19, 20, 23, 24}}
    assert set(np.unique(block.values)) == {0.0, 1.0}


def test_the_emitter_tells_it_beside_the_platform() -> None:
    for minute, value in ((9, 0), (10, 1)):
        clock = ManualClock(RUN.started_ms + minute * MINUTE)
        sink = ScrapeSink(ModelSamples(RUN), clock, own=lambda times_ms: [fault_marks(RUN, times_ms)])
        answer = sink.answer(ScrapeRequest(OWN_PATH))
        assert answer.status == 200
        assert f'crybsim_fault_active{{fault="http-errors",kind="http_errors"}} {value}'.encode() in answer.body
        assert OWN_PATH.encode() in sink.answer(ScrapeRequest("/")).body
    assert ScrapeSink(ModelSamples(RUN), clock).answer(ScrapeRequest(OWN_PATH)).status == 404


def test_without_faults_there_is_nothing_to_mark() -> None:
    block = fault_marks(run_of(), np.array([0], dtype=np.int64))
    assert (block.series, block.values.shape) == ((), (1, 0))


def test_a_stack_that_is_looked_at_scrapes_it_last_and_directly() -> None:
    copy = with_fault_marks("scrape_configs: [{job_name: x}]\n", "http://127.0.0.1:9400", OWN_PATH)
    first, own = YAML(typ="safe").load(copy)["scrape_configs"]
    assert first == {"job_name": "x"}
    assert (own["job_name"], own["metrics_path"]) == (JOB, OWN_PATH)
    assert own["static_configs"] == [{"targets": ["127.0.0.1:9400"]}]
    assert "proxy_url" not in own
