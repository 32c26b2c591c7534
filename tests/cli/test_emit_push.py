"""`crybsim emit --loki … --sentry …` against receivers on real ports: all that happened, once, and nothing secret."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest

from simulator.cli.run_manifest import manifest_for
from simulator.profile.manifest import Manifest
from simulator.streams.errors import ModelErrors
from simulator.streams.logs import ModelLogs
from simulator.telemetry.interval import Interval
from tests.sinks import sentry_receiver
from tests.sinks.loki import receiver as loki_receiver

pytestmark = pytest.mark.slow
SECRET = "hunter2hunter2"


def test_lines_and_reports_are_those_of_the_model_and_secrets_stay_secret(tmp_path: Path) -> None:
    manifest = tmp_path / "manifest.json"
    manifest_for("quiet-evening", None, mode="emit").write(manifest)
    unwanted = sentry_receiver.Say(200, {"X-Sentry-Rate-Limits": "86400:transaction:organization"})
    with (
        loki_receiver.receiving(loki_receiver.Receiver()) as loki,
        sentry_receiver.receiving(sentry_receiver.Receiver(lambda number, kind: unwanted)) as sentry,
    ):
        command = [sys.executable, "-m", "simulator", "emit", "--manifest", str(manifest), "--json"]
        command += ["--loki", loki.url, "--loki-tenant", "team-a", "--label", "simulation=x", "--sentry", "MY_DSN"]
        environment = {**os.environ, "MY_DSN": sentry.dsn, "CRYBSIM_LOKI_TOKEN": SECRET}
        with subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment
        ) as process:
            assert process.stdout is not None
            assert process.stderr is not None
            try:
                assert json.loads(process.stdout.readline())["event"] == "ready"
                deadline = time.monotonic() + 120
                while sum(map(len, loki.held.values())) < 20:
                    assert time.monotonic() < deadline
                    time.sleep(0.05)
                process.send_signal(signal.SIGTERM)
                ended, said = json.loads(process.stdout.readline()), process.stderr.read()
                assert process.wait(120) == 0
            finally:
                process.kill()
    assert loki.broken == sentry.broken == []
    assert {(head["authorization"], head["x-scope-orgid"]) for head in loki.headers} == {(f"Bearer {SECRET}", "team-a")}
    assert SECRET not in said
    assert sentry_receiver.KEY not in said

    run = Manifest.read(manifest)
    times = [at // 1_000_000 for entries in loki.held.values() for at, _ in entries]
    span = Interval(min(times), max(times) + 1)
    expected = Counter((dict(entry.labels).get("level", "none"), entry.line) for entry in ModelLogs(run).entries(span))
    held = Counter(
        (dict(labels).get("level", "none"), line) for labels, lines in loki.lines().items() for line in lines
    )
    assert held == expected
    assert {dict(labels)["simulation"] for labels in loki.held} == {"x"}
    assert ended["loki"]["sent"] == ended["loki"]["drawn"] == held.total()
    assert ended["loki"]["by_level"] == Counter(level for level, _ in held.elements())

    own = {event.id for event in ModelErrors(run).events(Interval(run.started_ms, span.end_ms + 600_000))}
    assert {event["event_id"] for event in sentry.of("event")} <= own
    assert ended["sentry"]["sent"].get("error", 0) == len(sentry.of("event"))


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        (["--loki", "http://me:pw@127.0.0.1:1"], "CRYBSIM_LOKI_PASSWORD"),
        (["--loki", "http://127.0.0.1:1", "--loki-format", "jsn"], "did you mean 'json'"),
        (["--loki", "http://127.0.0.1:1", "--loki-rate", "fast"], "'fast' is not a size"),
        (["--loki", "http://127.0.0.1:1"], "no Loki answers there"),
        (["--sentry", "NO_SUCH_DSN"], "the environment has no NO_SUCH_DSN"),
        (["--sentry", "SENTRY_DSN", "--shard", "2/3"], "shard 1 only"),
    ],
)
def test_what_cannot_be_is_one_line(flags: list[str], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    from simulator.cli.main import main

    assert main(["emit", "quiet-evening", *flags]) == 2
    error = capsys.readouterr().err
    assert said in error
    assert error.count("\n") == 1


def test_a_dry_run_names_where_without_going_there(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from simulator.cli.main import main

    monkeypatch.setenv("SENTRY_DSN", f"http://{sentry_receiver.KEY}@127.0.0.1:1/7")
    assert main(["emit", "quiet-evening", "--loki", "http://127.0.0.1:1", "--sentry", "SENTRY_DSN", "--dry-run"]) == 0
    said = capsys.readouterr().err
    assert "would push its log lines to http://127.0.0.1:1\n" in said
    assert "would report its errors to http://127.0.0.1:1, project 7\n" in said
    assert sentry_receiver.KEY not in said
