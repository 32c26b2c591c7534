"""--remote-write on `backfill` and `emit`: what is refused before anything is sent, totals, exit codes, Ctrl-C."""

from __future__ import annotations

import base64
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from simulator.cli.main import main
from simulator.errors import ExitCode
from simulator.sinks.scrape import OWN_PATH
from simulator.sinks.tsdb_blocks import read_blocks
from simulator.streams.shards import Shard
from simulator.transport import http_client
from simulator.wire.tsdb.chunks import STALE_NAN
from tests.sinks.remote_write.receiver import Receiver, Say

QUICK = ("quiet-evening", "--job", "redis", "--from", "2026-01-07T10:00:00Z", "--to", "2026-01-07T11:00:00Z")
SECRET = "not-to-be-shown"


@pytest.fixture(autouse=True)
def nothing_set(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in [name for name in os.environ if name.startswith("CRYBSIM_REMOTE_WRITE")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver() as one:
        yield one


@pytest.mark.parametrize("command", ["backfill", "emit"])
@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("127.0.0.1:9090", "is not an address such as http://127.0.0.1:9090"),
        ("ftp://127.0.0.1", "is not an address such as http://127.0.0.1:9090"),
        ("http://", "is not an address such as http://127.0.0.1:9090"),
        ("http://127.0.0.1:99999/x", "is not an address such as http://127.0.0.1:9090"),
        ("http://127.0.0.1/x#y", "has no part after #"),
        ("https://prometheus.example/api/v1/write", "'prometheus.example' is not this machine; "),
        (f"http://me:{SECRET}@127.0.0.1:9090", "set CRYBSIM_REMOTE_WRITE_USER and CRYBSIM_REMOTE_WRITE_PASSWORD"),
    ],
)
def test_an_address_that_will_not_do_is_told_in_a_line(
    command: str, url: str, said: str, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    assert main([command, "quiet-evening", "--remote-write", url, "--dry-run"]) == ExitCode.USAGE
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("crybsim: error: --remote-write: ")
    assert said in line
    assert SECRET not in line
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("variables", "said"),
    [
        ({"TOKEN": "a", "USER": "b", "PASSWORD": "c"}, "are both set; one way in is enough"),
        ({"USER": "b"}, "belong together; one of them is not set"),
        ({"TOKEN_FILE": "/nowhere"}, "CRYBSIM_REMOTE_WRITE_TOKEN_FILE: /nowhere: No such file or directory"),
        ({"TOKEN": f"{SECRET}\nX: y"}, "has characters that no header can carry"),
    ],
)
def test_credentials_that_will_not_do_are_told_in_a_line(
    variables: dict[str, str], said: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(f"CRYBSIM_REMOTE_WRITE_{name}", value)
    assert main(["backfill", *QUICK, "--remote-write", "http://127.0.0.1:9", "--dry-run"]) == ExitCode.USAGE
    (line,) = capsys.readouterr().err.splitlines()
    assert said in line
    assert SECRET not in line


@pytest.mark.slow
def test_a_backfill_shows_its_credentials_and_tells_its_totals(
    receiver: Receiver, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "password").write_text(f"{SECRET}\n")
    monkeypatch.setenv("CRYBSIM_REMOTE_WRITE_USER", "me")
    monkeypatch.setenv("CRYBSIM_REMOTE_WRITE_PASSWORD_FILE", str(tmp_path / "password"))
    arguments = ["backfill", *QUICK, "--label", "simulation=x", "--remote-write", receiver.url]

    assert main([*arguments, "--dry-run"]) == ExitCode.PASS
    assert capsys.readouterr().err.startswith("would send 1h of 43 series (2026-01-07T10:00:00.000Z to ")
    assert receiver.requests == []

    assert main([*arguments, "--json", "--tsdb", str(tmp_path / "data")]) == ExitCode.PASS
    captured = capsys.readouterr()
    document = json.loads(captured.out)
    totals = document["remote_write"]
    assert totals["sent"] == totals["generated"] == sum(map(len, receiver.samples.values()))
    assert totals["sent"] == sum(meta.stats.samples for meta in read_blocks(tmp_path / "data")) == document["samples"]
    assert f"{totals['sent']:,} samples of 43 series sent to {receiver.url} in " in captured.err
    assert all(dict(labels)["simulation"] == "x" for labels in receiver.samples)
    expected = "Basic " + base64.b64encode(f"me:{SECRET}".encode()).decode()
    assert {headers["authorization"] for headers in receiver.headers} == {expected}
    assert SECRET not in captured.out + captured.err
    assert [path.name for path in (tmp_path / "state").rglob("position")] == []


@pytest.mark.slow
def test_what_was_refused_is_inconclusive_and_in_the_servers_words(
    receiver: Receiver, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CRYBSIM_REMOTE_WRITE_TOKEN", SECRET)
    receiver.script = lambda number: Say(413, "at most 10 samples") if number == 1 else None
    assert main(["backfill", *QUICK, "--remote-write", receiver.url, "--json"]) == ExitCode.INCONCLUSIVE
    captured = capsys.readouterr()
    totals = json.loads(captured.out)["remote_write"]
    ((reason, count),) = totals["dropped"].items()
    assert reason.endswith(": at most 10 samples; it takes only smaller requests")
    assert totals["sent"] + count == totals["generated"]
    last = captured.err.splitlines()[-1]
    assert last == f"crybsim: error: {receiver.url}: {count:,} samples were refused and are missing"
    assert receiver.headers[0]["authorization"] == f"Bearer {SECRET}"
    assert SECRET not in captured.out + captured.err


@pytest.mark.slow
def test_ctrl_c_says_what_was_sent(receiver: Receiver, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "simulator", "backfill", *QUICK, "--remote-write", receiver.url]
    command += ["--remote-write-rate", "200", "--spool", str(tmp_path / "spool")]
    root = str(Path(__file__).parents[2])
    environment = {**os.environ, "PYTHONPATH": root}
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=environment) as child:
        while not receiver.requests:
            assert child.poll() is None
        child.send_signal(signal.SIGINT)
        _, said = child.communicate(timeout=120)
    assert child.returncode == 130, said
    sent = sum(map(len, receiver.samples.values()))
    assert f"stopped: {sent:,} samples were sent; the same command goes on from there" in said
    assert "Traceback" not in said
    assert (tmp_path / "spool" / "position").exists()


@pytest.mark.slow
def test_an_emitter_that_is_stopped_ends_every_series_of_its_shard(receiver: Receiver, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "simulator", "emit", "quiet-evening", "--shard", "1/3", "--json"]
    command += ["--remote-write", receiver.url, "--spool", str(tmp_path / "spool")]
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    with subprocess.Popen(command, env=environment, **pipes) as child:  # type: ignore[call-overload]
        url = json.loads(child.stdout.readline())["urls"]["scrape"]
        while not receiver.samples:
            assert child.poll() is None
        with http_client(url, timeout=60) as client:
            own = {family.name: family for family in text_string_to_metric_families(client.get(OWN_PATH).text)}
        child.send_signal(signal.SIGINT)
        out, said = child.communicate(timeout=120)
    assert child.returncode == 130, said
    totals = json.loads(out)["remote_write"]
    sent = sum(map(len, receiver.samples.values()))
    assert (totals["generated"], totals["sent"], totals["waiting"]) == (sent, sent, 0)
    assert {samples[-1][1] for samples in receiver.samples.values()} == {STALE_NAN}
    assert all(Shard(1, 3).holds_stored(labels) for labels in receiver.samples)
    assert f"{sent:,} of {sent:,} samples sent" in said
    assert {
        f"crybsim_remote_write_{name}" for name in ("samples", "samples_sent", "lag_seconds", "spool_bytes")
    } <= set(own)
    assert 0 < own["crybsim_remote_write_samples"].samples[0].value <= sent
