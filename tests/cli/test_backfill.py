"""`crybsim backfill`: what it writes and says, what it refuses, how it stops."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from simulator.cli.instants import parse_instant
from simulator.cli.main import main
from simulator.clock import parse_rfc3339
from simulator.errors import ExitCode, InputError
from simulator.sinks.tsdb_blocks import read_blocks
from simulator.units import HOUR
from tests.wire.tsdb.reader import blocks, read_index

QUICK = ("quiet-evening", "--job", "redis", "--days", "0.25")


def backfill(folder: Path, *arguments: str) -> int:
    return main(["backfill", *arguments, "--tsdb", str(folder)])


@pytest.mark.slow
def test_it_writes_a_history_that_ends_with_the_last_full_hour(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert backfill(tmp_path, *QUICK, "--label", "simulation=demo", "--json") == ExitCode.PASS
    captured = capsys.readouterr()
    document = json.loads(captured.out)
    metas = read_blocks(tmp_path)
    assert document["written"] == [meta.ulid for meta in metas]
    assert document["samples"] == sum(meta.stats.samples for meta in metas)
    begin, end = parse_rfc3339(document["from"]), parse_rfc3339(document["to"])
    assert (end % HOUR, end - begin) == (0, 6 * HOUR)
    assert (metas[0].span.start_ms, metas[-1].span.end_ms) == (begin, end)
    for block in blocks(tmp_path):
        index = read_index((block / "index").read_bytes())
        assert index.label_values["simulation"] == ["demo"]
        assert index.label_values["job"] == ["redis"]
        assert {"up", "scrape_duration_seconds", "redis_up"} <= set(index.label_values["__name__"])
    assert f"{document['samples']:,} samples" in captured.err
    assert f"open it with: prometheus --storage.tsdb.path={tmp_path}\n" in captured.err


@pytest.mark.slow
def test_the_same_command_uses_what_is_there_even_an_hour_later(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert backfill(tmp_path, *QUICK) == ExitCode.PASS
    written = read_blocks(tmp_path)
    memory = tmp_path / "crybsim-history.json"
    content = json.loads(memory.read_bytes())
    capsys.readouterr()

    assert backfill(tmp_path, *QUICK) == ExitCode.PASS
    assert "there already" in capsys.readouterr().err
    assert read_blocks(tmp_path) == written

    memory.write_text(json.dumps({**content, "started_ms": content["started_ms"] - 48 * HOUR}))
    assert backfill(tmp_path, *QUICK, "--json") == ExitCode.PASS
    document = json.loads(capsys.readouterr().out)
    assert parse_rfc3339(document["to"]) == content["started_ms"] - 48 * HOUR


@pytest.mark.slow
def test_another_history_of_the_same_time_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert backfill(tmp_path, *QUICK) == ExitCode.PASS
    capsys.readouterr()
    assert backfill(tmp_path, *QUICK, "--seed", "99") == ExitCode.USAGE
    last = capsys.readouterr().err.splitlines()[-1]
    assert last.startswith(f"crybsim: error: {tmp_path}: block ")
    assert last.endswith("choose another folder, or another time (--from, --to)")


def test_a_dry_run_writes_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert backfill(tmp_path / "data", *QUICK, "--dry-run") == ExitCode.PASS
    assert capsys.readouterr().err.startswith("would write 6h of 1 target (")
    assert not (tmp_path / "data").exists()


@pytest.mark.slow
def test_blocks_may_be_short_or_one(tmp_path: Path) -> None:
    times = ("--from", "2026-01-05T00:00:00Z", "--to", "2026-01-05T12:00:00Z")
    for block_range, count in (("2h", 6), ("whole", 1)):
        folder = tmp_path / block_range
        assert backfill(folder, "quiet-evening", "--job", "redis", *times, "--block-range", block_range) == 0
        assert len(read_blocks(folder)) == count


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--label", "9=x"), "--label: '9=x' is not NAME=VALUE, such as simulation=demo"),
        (("--label", "__name__=x"), "--label: '__name__=x' is not NAME=VALUE, such as simulation=demo"),
        (("--label", "job=x"), "--label: 'job' is there already"),
        (("--label", "a=1", "--label", "a=2"), "--label: 'a' is there already"),
        (("--job", "reddis"), "--job: there is no job 'reddis'; did you mean 'redis'?"),
        (("--days", "1", "--from", "-3h"), "--days and --from both say where to begin; give one of them"),
        (("--from", "now", "--to", "-3h"), "is not before the end"),
        (("--from", "yesterday"), "--from: Invalid isoformat string"),
        (("--to", "-3"), "--to: '3' has no unit"),
        (("--days", "50"), "--from: the platform began 45 days before the run, at "),
        (("--block-range", "1h"), "--block-range: 1h is shorter than a block can be; at least 2h"),
        (("--resolution", "often"), "--resolution: 'often' is not a duration"),
    ],
)
def test_mistakes_are_told_in_a_line(
    arguments: tuple[str, ...], said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert backfill(tmp_path, "quiet-evening", *arguments) == ExitCode.USAGE
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("crybsim: error: ")
    assert said in line
    assert list(tmp_path.iterdir()) == []


def test_a_folder_is_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["backfill", "quiet-evening"]) == ExitCode.USAGE
    assert "--tsdb" in capsys.readouterr().err


@pytest.mark.slow
def test_ctrl_c_stops_between_blocks_and_says_what_is_there(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "simulator", "backfill", "quiet-evening", "--tsdb", str(tmp_path)]
    command += ["--days", "45", "--resolution", "0", "--block-range", "6h"]
    root = Path(__file__).parents[2]
    with subprocess.Popen(
        command, stderr=subprocess.PIPE, text=True, cwd=root, env={**os.environ, "PYTHONPATH": str(root)}
    ) as child:
        while not read_blocks(tmp_path):
            assert child.poll() is None
        child.send_signal(signal.SIGINT)
        _, said = child.communicate()
    assert child.returncode == 130
    finished = len(read_blocks(tmp_path))
    assert f"stopped: {finished} of 18" in said
    assert "the same command goes on from there" in said
    assert [path for path in tmp_path.iterdir() if "tmp" in path.name] == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [("now", 10**12), ("-3h", 10**12 - 3 * HOUR), ("+1h", 10**12 + HOUR), ("2001-09-09T01:46:40Z", 10**12)],
)
def test_instants(text: str, expected: int) -> None:
    assert parse_instant(text, flag="--at", now_ms=10**12) == expected


def test_an_instant_needs_a_zone() -> None:
    with pytest.raises(InputError, match="has no time zone"):
        parse_instant("2026-01-05T20:00:00", flag="--at", now_ms=0)
