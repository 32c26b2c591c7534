"""Remote write into a real Prometheus: every sample, staleness markers included, equals what an uninterrupted backfill
writes as blocks, whoever is killed, shut or away meanwhile."""

from __future__ import annotations

import json
import os
import random
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from simulator.cli.main import main
from simulator.cli.run_manifest import manifest_for
from simulator.clock import parse_rfc3339
from simulator.errors import ExitCode
from simulator.rehearsal.history.scrapes import PlainRelabelling, Scraper
from simulator.rehearsal.remote.live import Begun
from simulator.stack.binaries import Binaries
from simulator.streams.samples import ModelSamples
from simulator.wire.tsdb.chunks import STALE_NAN
from tests.stack.remote_prometheus import Door, RemotePrometheus, Samples, all_samples, serving

pytestmark = [pytest.mark.stack, pytest.mark.slow, pytest.mark.timeout(600)]

ROOT = Path(__file__).parents[2]
BEGIN = "2026-01-07T18:00:00Z"
SPAN = ("--from", "2026-01-07T16:30:00Z", "--to", "2026-01-07T18:35:00Z", "--resolution", "1m")
JOBS = ("--job", "redis", "--job", "postgresql")
PATIENT_SECONDS = 300.0
SMALL = """\
name: small
description: A small platform.
start: 2026-01-07T20:00:00
duration: 30m
platform: {size: tiny}
"""


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Samples]:
    """A run's manifest, and its time from before it until after its fault, as blocks: the truth."""
    folder = tmp_path_factory.mktemp("truth")
    run = manifest_for("redis-down", None, mode="virtual")
    path = folder / "manifest.json"
    run.model_copy(update={"started_ms": parse_rfc3339(BEGIN)}).write(path)
    assert main(["backfill", "--manifest", str(path), *SPAN, *JOBS, "--tsdb", str(folder / "data")]) == 0
    truth = all_samples(folder / "data")
    stale = [labels for labels, samples in truth.items() if STALE_NAN in (bits for _, bits in samples)]
    assert len(truth) > 100
    assert {"redis"} == {dict(labels)["job"] for labels in stale}
    return path, truth


class Crybsim:
    """A command in a process of its own."""

    def __init__(self, folder: Path, *arguments: str | Path) -> None:
        self.spool = folder / "spool"
        self._log = folder / "said.txt"
        with self._log.open("a") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "simulator", *map(str, arguments), "--spool", self.spool, "--json"],
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                env={**os.environ, "PYTHONPATH": str(ROOT), "COLUMNS": "200"},
            )

    def said(self) -> str:
        return self._log.read_text()

    def ended(self) -> tuple[int, str]:
        out, _ = self.process.communicate(timeout=PATIENT_SECONDS)
        return self.process.returncode, out

    def kill(self) -> None:
        self.process.kill()
        self.process.communicate()


def backfill(folder: Path, manifest: Path, url: str, *more: str) -> Crybsim:
    return Crybsim(folder, "backfill", "--manifest", manifest, *SPAN, *JOBS, "--remote-write", url, *more)


def until(true: Callable[[], bool], crybsim: Crybsim) -> None:
    deadline = time.monotonic() + PATIENT_SECONDS
    while not true():
        assert crybsim.process.poll() is None, crybsim.said()
        assert time.monotonic() < deadline, crybsim.said()
        time.sleep(0.02)


def sent(spool: Path) -> int:
    """Samples that a backfill has noted down as sent."""
    try:
        return int(np.frombuffer((spool / "position").read_bytes()[4096:], dtype=np.int64)[1::4].sum())
    except OSError:
        return 0


def test_sender_killed_and_receiver_restarted_in_the_middle(
    tmp_path: Path, written: tuple[Path, Samples], binaries: Binaries
) -> None:
    manifest, truth = written
    total = sum(map(len, truth.values()))
    with RemotePrometheus(tmp_path / "server", binaries) as server:
        server.start()
        first = backfill(tmp_path, manifest, server.url, "--remote-write-rate", str(total / 5))
        until(lambda: sent(first.spool) > total * 0.2, first)
        first.kill()
        there = sent(first.spool)
        second = backfill(tmp_path, manifest, server.url, "--remote-write-rate", str(total / 5))
        until(lambda: sent(second.spool) > total * 0.5, second)
        server.stop()
        server.start()
        code, out = second.ended()
        assert code == 0, second.said()
        totals = json.loads(out)["remote_write"]
        assert server.samples() == truth
    assert totals["sent_before"] >= there > 0
    assert totals["sent_before"] + totals["sent"] == total
    assert totals["generated"] == totals["sent"]
    assert totals["dropped"] == {}


@pytest.mark.accept
@pytest.mark.parametrize("seed", range(3))
def test_killed_at_random_points(tmp_path: Path, written: tuple[Path, Samples], binaries: Binaries, seed: int) -> None:
    manifest, truth = written
    total = sum(map(len, truth.values()))
    chance = random.Random(seed)
    with RemotePrometheus(tmp_path / "server", binaries) as server:
        server.start()
        done = 0.0
        while (done := done + chance.uniform(0.05, 0.4)) < 0.95:
            crybsim = backfill(tmp_path, manifest, server.url, "--remote-write-rate", str(total / 5))
            goal = total * done
            until(lambda: sent(crybsim.spool) > goal, crybsim)  # noqa: B023
            crybsim.kill()
        crybsim = backfill(tmp_path, manifest, server.url)
        code, out = crybsim.ended()
        assert (code, json.loads(out)["remote_write"]["dropped"]) == (0, {}), crybsim.said()
        assert server.samples() == truth


@pytest.mark.accept
def test_a_receiver_that_says_500_for_a_while_and_loses_answers(
    tmp_path: Path, written: tuple[Path, Samples], binaries: Binaries
) -> None:
    manifest, truth = written
    total = sum(map(len, truth.values()))
    with (
        RemotePrometheus(tmp_path / "server", binaries) as server,
        socket.create_server(("127.0.0.1", 0)) as listening,
    ):
        server.start()
        door = Door(server.url)
        porch = serving(door)
        thread = threading.Thread(target=porch.run, kwargs={"sockets": [listening]})
        thread.start()
        url = f"http://127.0.0.1:{listening.getsockname()[1]}/api/v1/write"
        crybsim = backfill(tmp_path, manifest, url, "--remote-write-rate", str(total / 10))
        until(lambda: sent(crybsim.spool) > total * 0.3, crybsim)
        door.shut = True
        until(lambda: door.turned_away > 12, crybsim)
        door.shut = False
        code, out = crybsim.ended()
        porch.should_exit = True
        thread.join()
        assert code == 0, crybsim.said()
        assert server.samples() == truth
    totals = json.loads(out)["remote_write"]
    assert (totals["sent"], totals["dropped"]) == (total, {})
    assert "500 Internal Server Error: not now; trying again" in crybsim.said()
    assert "answers again, after " in crybsim.said()


@pytest.mark.parametrize("window", ["", "3000d"])
def test_old_samples_need_a_window_and_a_server_that_has_none_is_told_about_in_a_line(
    tmp_path: Path,
    written: tuple[Path, Samples],
    binaries: Binaries,
    window: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """A server that watches itself has newer samples than those of a backfill."""
    manifest, truth = written
    config = "scrape_configs: [{job_name: self, scrape_interval: 1s, static_configs: [{targets: ['127.0.0.1:%d']}]}]\n"
    if window:
        config += f"storage: {{tsdb: {{out_of_order_time_window: {window}}}}}\n"
    server = RemotePrometheus(tmp_path / "server", binaries, "")
    server._config = config % server.port
    with server:
        server.start()
        deadline = time.monotonic() + PATIENT_SECONDS
        while not any(("job", "self") in labels for labels in server.samples()):
            assert time.monotonic() < deadline
            time.sleep(0.2)
        arguments = ["--manifest", str(manifest), *SPAN, *JOBS, "--spool", str(tmp_path / "spool")]
        code = main(["backfill", *arguments, "--remote-write", server.url])
        last = capsys.readouterr().err.splitlines()[-1]
        if window:
            assert code == ExitCode.PASS
            assert {labels: samples for labels, samples in server.samples().items() if labels in truth} == truth
        else:
            assert code == ExitCode.INCONCLUSIVE
            assert last.startswith(f"crybsim: error: {server.url}/api/v1/write: the last 20 requests were refused: ")
            assert "400 Bad Request: out of bounds; " in last
            assert "set storage.tsdb.out_of_order_time_window in its prometheus.yml" in last


def truth_of_stream(spool: Path, until_ms: int) -> Samples:
    """Every scrape of a stream from its first instant to the last before another, by the model."""
    begun = Begun.remembered(spool)
    assert begun is not None
    assert begun.ended
    scraper = Scraper(ModelSamples(begun.run, everything=True), PlainRelabelling(begun.labels), begun.run.seed)
    found: Samples = {}
    for target in scraper.targets():
        first = -(-begun.first_ms // target.interval_ms) * target.interval_ms
        times = np.arange(first, until_ms, target.interval_ms, dtype=np.int64)
        if len(times):
            scraped = scraper.scrape(target, times, times[:0])
            for row, labels in enumerate(scraped.series):
                there = np.flatnonzero(scraped.present[row])
                found[labels] = list(zip(times[there].tolist(), scraped.values[row, there].tolist(), strict=True))
    return {labels: samples for labels, samples in found.items() if samples}


@pytest.mark.accept
def test_an_emitter_whose_spool_is_full_then_killed_then_run_again_loses_nothing(
    tmp_path: Path, binaries: Binaries
) -> None:
    (tmp_path / "small.yaml").write_text(SMALL)
    with RemotePrometheus(tmp_path / "server", binaries) as server:
        emit = ("emit", tmp_path / "small.yaml", "--label", "simulation=x", "--remote-write", server.url)
        first = Crybsim(tmp_path, *emit, "--spool-limit", "0.1")
        until(lambda: " is full: its limit of 104,858 bytes is reached" in first.said(), first)
        first.process.send_signal(signal.SIGTERM)
        code, out = first.ended()
        assert code == ExitCode.INCONCLUSIVE
        last = first.said().splitlines()[-1]
        assert last.startswith(f"crybsim: error: {server.url}/api/v1/write: ")
        assert "samples were not taken ([Errno 111] Connection refused); the spool " in last
        totals = json.loads(out.splitlines()[-1])["remote_write"]
        assert (totals["sent"], totals["waiting"]) == (0, totals["generated"])

        second = Crybsim(tmp_path, *emit)  # goes on with it; there is room now, but still nobody to send to
        until(lambda: "goes on with small as begun at " in second.said(), second)
        spooled = sum(path.stat().st_size for path in second.spool.glob("*.spool"))
        until(lambda: sum(path.stat().st_size for path in second.spool.glob("*.spool")) > spooled, second)
        second.kill()

        server.start()
        third = Crybsim(tmp_path, *emit)
        until(lambda: "answers again" in third.said() or len(list(third.spool.glob("*.spool"))) > 0, third)
        ready = third.process.stdout
        assert ready is not None
        assert '"ready"' in ready.readline()
        third.process.send_signal(signal.SIGTERM)
        code, out = third.ended()
        assert code == 0, third.said()
        totals = json.loads(out.splitlines()[-1])["remote_write"]
        assert (totals["waiting"], totals["dropped"]) == (0, {})
        found = server.samples()
    (ended_ms,) = {samples[-1][0] for samples in found.values()}  # all ended, and together
    truth = truth_of_stream(third.spool, ended_ms)
    assert found == {labels: [*samples, (ended_ms, STALE_NAN)] for labels, samples in truth.items()}
