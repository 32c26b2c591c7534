"""What our scrapes leave, against what a real Prometheus leaves that scraped the same answers."""

from __future__ import annotations

import math
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from simulator.rehearsal.history.scrapes import PlainRelabelling, Scraper, Target
from simulator.stack.binaries import find_binaries
from simulator.stack.local import LocalStack
from simulator.telemetry.samples import FamilyBlock, Labels, MetricType, Series
from tests.sinks.test_tsdb_blocks import as_dumped, dumped

pytestmark = [pytest.mark.accept, pytest.mark.stack, pytest.mark.slow]

INTERVAL_MS = 500
ANSWERS: tuple[str | None, ...] = (
    "abc",
    "abc",
    "ab",
    "abc",
    None,
    None,
    "ab",
    "abc",
    "a",
    "a",
    "ab",
    None,
    "abc",
    "c",
    "",
)
"""Which series each scrape shows; None: it is refused. The last one goes on for ever."""

DEADLINE_SECONDS = 60.0


def value(series: str, scrape: int) -> float:
    """What a series shows at a scrape."""
    return scrape * 10 + float(ord(series))


@dataclass(frozen=True)
class Script:
    """A source that answers as ANSWERS says, the scrapes having been at these instants."""

    times: tuple[int, ...]

    def jobs(self) -> tuple[str, ...]:
        return ("script",)

    def instances(self, job: str) -> tuple[str, ...]:
        return ("it",)

    def answered(self, job: str, instance: str, times_ms: NDArray[np.int64]) -> NDArray[np.bool_]:
        return np.array([ANSWERS[self.times.index(at)] is not None for at in times_ms.tolist()], dtype=np.bool_)

    def is_up(self, job: str, instance: str, at_ms: int) -> bool:
        return bool(self.answered(job, instance, np.array([at_ms]))[0])

    def blocks(self, job: str, instance: str, times_ms: NDArray[np.int64]) -> tuple[FamilyBlock, ...]:
        scrapes = [self.times.index(at) for at in times_ms.tolist()]
        values = [
            [value(series, scrape) if series in (ANSWERS[scrape] or "") else math.nan for series in "abc"]
            for scrape in scrapes
        ]
        series = tuple(Series("shown", (("series", series),)) for series in "abc")
        return (FamilyBlock("shown", MetricType.GAUGE, "", series, times_ms, np.array(values).reshape(-1, 3)),)


@contextmanager
def scripted_target() -> Iterator[tuple[int, list[int]]]:
    """A target that answers as ANSWERS says: its port, and a list that grows with each scrape."""
    seen: list[int] = []
    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=_answer, args=(listener, seen), daemon=True)
        thread.start()
        yield listener.getsockname()[1], seen
        listener.shutdown(socket.SHUT_RDWR)
        thread.join(DEADLINE_SECONDS)


def _answer(listener: socket.socket, seen: list[int]) -> None:
    while True:
        try:
            connection, _ = listener.accept()
        except OSError:  # the end of the test
            return
        with connection:
            request = b""
            while b"\r\n\r\n" not in request:
                request += connection.recv(4096)
            scrape = len(seen)
            shown = ANSWERS[min(scrape, len(ANSWERS) - 1)]
            if shown is not None:
                body = "".join(f'shown{{series="{series}"}} {value(series, scrape)}\n' for series in shown)
                head = "HTTP/1.1 200 OK\r\nContent-Type: text/plain; version=0.0.4\r\nConnection: close\r\n"
                connection.sendall(f"{head}Content-Length: {len(body)}\r\n\r\n{body}".encode())
            seen.append(scrape)


@pytest.fixture(scope="module")
def theirs(tmp_path_factory: pytest.TempPathFactory) -> dict[Labels, list[tuple[int, str]]]:
    """The samples of a real Prometheus, staleness markers (as NaN) among them."""
    folder: Path = tmp_path_factory.mktemp("scraped")
    found = find_binaries()
    with scripted_target() as (port, seen):
        config = f"""
            scrape_configs:
            - job_name: script
              scrape_interval: {INTERVAL_MS}ms
              scrape_timeout: {INTERVAL_MS}ms
              static_configs: [{{targets: ["127.0.0.1:{port}"], labels: {{instance: it}}}}]
        """
        with LocalStack(folder, prometheus=found.prometheus.path, alertmanager=found.alertmanager.path) as stack:
            stack.start_prometheus(lambda _: config)
            deadline = time.monotonic() + DEADLINE_SECONDS
            while len(seen) <= len(ANSWERS):
                assert time.monotonic() < deadline
                time.sleep(INTERVAL_MS / 1000)
    return dumped(found.promtool.path, folder / "data" / "prometheus")


def test_samples_markers_and_counts_are_the_same(theirs: dict[Labels, list[tuple[int, str]]]) -> None:
    own = (("instance", "it"), ("job", "script"))
    times = [at for at, _ in theirs[(("__name__", "up"), *own)]][: len(ANSWERS)]
    assert len(times) == len(ANSWERS)
    instants = np.array(times, dtype=np.int64)
    scraped = Scraper(Script(tuple(times)), PlainRelabelling(), 1).scrape(
        Target("script", "it", INTERVAL_MS), instants, instants[:0]
    )
    ours = {
        labels: [
            (int(times[at]), as_dumped(int(scraped.values[row, at]))) for at in np.flatnonzero(scraped.present[row])
        ]
        for row, labels in enumerate(scraped.series)
    }
    assert set(ours) == set(theirs)
    for labels, samples in theirs.items():
        if dict(labels)["__name__"] == "scrape_duration_seconds":
            continue  # a matter of the day's luck
        found = [(at, repr(float(text))) for at, text in samples if at <= times[-1]]
        assert [(at, repr(number)) for at, number in ours[labels]] == found, labels
