"""A real Prometheus finds the emitter's targets by `http_sd_configs`, scrapes them, and keeps their labels."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from simulator.clock import WallClock
from simulator.sinks.scrape import ScrapeSink
from simulator.sinks.scrape_server import ScrapeServer
from simulator.stack.binaries import Binaries
from simulator.stack.local import LocalStack
from simulator.transport import http_client
from tests.rehearsal.toy_platform import Toy

pytestmark = [pytest.mark.stack, pytest.mark.slow]

CONFIG = """\
global: {scrape_interval: 1s}
scrape_configs:
  - job_name: anything
    http_sd_configs: [{url: "%s/sd", refresh_interval: 1s}]
"""


@pytest.fixture
def emitter() -> Iterator[str]:
    """A toy platform whose targets carry a label."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    sink = ScrapeSink(Toy(), WallClock(), labels=(("simulation", "run-7"),))
    server = ScrapeServer(sink.answer)
    yield asyncio.run_coroutine_threadsafe(server.start(), loop).result(30)
    asyncio.run_coroutine_threadsafe(server.stop(), loop).result(30)
    loop.call_soon_threadsafe(loop.stop)
    thread.join()
    loop.close()
    sink.close()


def test_targets_are_found_and_scraped_with_their_labels(tmp_path: Path, binaries: Binaries, emitter: str) -> None:
    expected = {(job, instance, "run-7") for job in Toy().jobs() for instance in Toy().instances(job)}
    stack = LocalStack(tmp_path, prometheus=binaries.prometheus.path, alertmanager=binaries.alertmanager.path)
    with stack, http_client(stack.start_prometheus(lambda _: CONFIG % emitter), timeout=30) as client:
        deadline = time.monotonic() + 120
        while True:
            answers = {
                query: client.get("/api/v1/query", params={"query": query}).json()["data"]["result"]
                for query in ("up == 1", 'ticks_total{number="2"}', "level")
            }
            found = [
                {(one["metric"]["job"], one["metric"]["instance"], one["metric"].get("simulation")) for one in answer}
                for answer in answers.values()
            ]
            if found == [expected] * 3:
                return
            assert time.monotonic() < deadline, answers
            time.sleep(0.1)
