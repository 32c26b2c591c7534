"""`crybsim emit --at`: one instant of a platform, whole or in parts, under the team's names."""

from __future__ import annotations

from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from simulator.cli.main import main

PROFILE = """
name: tiny
description: A tiny platform that fails for a while.
start: 2026-01-07T20:00:00
duration: 10m
platform: {size: tiny}
faults:
  - {id: out, kind: outage, at: 2m, for: 1m}
"""


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "tiny.yaml").write_text(PROFILE)
    return tmp_path


def printed(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    assert main(["emit", "tiny.yaml", *arguments]) == 0, capsys.readouterr().err
    return capsys.readouterr().out


def series(text: str) -> list[str]:
    return sorted(line for line in text.splitlines() if not line.startswith("#"))


def test_an_instant_is_a_valid_exposition_of_all_jobs(capsys: pytest.CaptureFixture[str]) -> None:
    text = printed(capsys, "--at", "2026-01-07T20:01:00Z")
    families = {family.name: family for family in text_string_to_metric_families(text)}
    jobs = {sample.labels["job"] for sample in families["up"].samples}
    assert {"cryb-api", "redis", "postgresql", "node-exporter"} <= jobs
    assert families["redis_up"].samples[0].labels["instance"] == "redis-1"
    kinds = [line.split()[2] for line in text.splitlines() if line.startswith("# TYPE")]
    assert len(kinds) == len(set(kinds))


def test_the_same_instant_is_the_same_text_however_it_is_written(capsys: pytest.CaptureFixture[str]) -> None:
    flags = ("--job", "cryb-api", "--job", "redis")
    text = printed(capsys, "--at", "2026-01-07T20:01:30Z", *flags)
    assert printed(capsys, "--at", "+90s", *flags) == text
    assert printed(capsys, "--at", "2026-01-07T21:01:30+01:00", *flags) == text
    assert printed(capsys, "--at", "+105s", *flags) != text


def test_a_month_before_the_run_there_was_a_platform_too(capsys: pytest.CaptureFixture[str]) -> None:
    early = text_string_to_metric_families(printed(capsys, "--at", "-30d", "--job", "cryb-api"))
    late = text_string_to_metric_families(printed(capsys, "--at", "now", "--job", "cryb-api"))
    totals = [
        sum(sample.value for family in families if family.name == "http_requests" for sample in family.samples)
        for families in (early, late)
    ]
    assert 0 < totals[0] < totals[1]


def test_a_target_that_is_down_is_only_in_up(capsys: pytest.CaptureFixture[str]) -> None:
    lines = series(printed(capsys, "--at", "+150s", "--job", "cryb-api"))
    assert lines == ['up{instance="api-1",job="cryb-api"} 0']


def test_the_parts_are_the_whole(capsys: pytest.CaptureFixture[str]) -> None:
    flags = ("--at", "+60s", "--job", "redis", "--job", "postgresql")
    parts = [series(printed(capsys, *flags, "--shard", f"{number}/3")) for number in (1, 2, 3)]
    assert all(parts)
    assert sorted(line for part in parts for line in part) == series(printed(capsys, *flags))


def test_overlays_apply(capsys: pytest.CaptureFixture[str], folder: Path) -> None:
    (folder / "ours.yaml").write_text("change: [{family: redis_up, name: cache_up, with: {env: prod}}]\n")
    lines = series(printed(capsys, "--at", "+1m", "--job", "redis", "--overlay", "ours.yaml"))
    assert 'cache_up{env="prod",instance="redis-1",job="redis"} 1' in lines
    (folder / "tiny.yaml").write_text(PROFILE + "overlays: [ours.yaml]\n")
    assert series(printed(capsys, "--at", "+1m", "--job", "redis")) == lines


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--at", "yesterday"], "--at: Invalid isoformat string: 'yesterday'"),
        (["--at", "-90d"], "--at: 2025-10-09T20:00:00.000Z is before the platform was started; 2025-11-23"),
        (["--at", "now", "--job", "rediss"], "--job: there is no job 'rediss'; did you mean 'redis'?"),
        (["--at", "now", "--shard", "3/2"], "--shard: '3/2' is not a shard; of 2 there are 1/2 to 2/2"),
        (["--job", "redis"], "--job goes with --at"),
        (["--at", "now", "--overlay", "none.yaml"], "none.yaml: no such file"),
    ],
)
def test_what_makes_no_sense_is_refused(capsys: pytest.CaptureFixture[str], arguments: list[str], message: str) -> None:
    assert main(["emit", "tiny.yaml", *arguments]) == 2
    assert message in capsys.readouterr().err
