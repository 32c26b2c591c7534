"""What a deploy writes about itself, at the instants at which it does it."""

from __future__ import annotations

from simulator.profile.presence import releases
from simulator.streams.logs.deployment import deploy_lines
from simulator.streams.logs.model_logs import ModelLogs
from simulator.streams.shards import Shard
from simulator.telemetry.interval import Interval
from simulator.units import HOUR, MINUTE
from tests.streams.runs import fault, run_of

DEPLOY = fault("deploy", at="10m", length="20m", parameters={"downtime": "30s"})


def test_a_deploy_tells_when_each_instance_goes_and_comes_back() -> None:
    run = run_of(DEPLOY, api=2)
    whole = Interval(run.started_ms, run.started_ms + HOUR)
    entries = list(ModelLogs(run, services=["deployment"]).entries(whole))
    labels = [dict(entry.labels) for entry in entries]
    assert {label["service"] for label in labels} == {"deployment"}
    assert [label["component"] for label in labels] == ["deploy", *["api"] * 4, "deploy"]
    assert (
        entries[0].line.decode()
        == "[2026-01-05 19:40:00] [deploy] release cryb-api@1.43.0 (deploy): 2 of api to replace"
    )
    ups = [entry for entry in entries if b"is up" in entry.line]
    assert [entry.at_ms - run.started_ms for entry in ups] == [
        releases(run.profile, "api-1")[0],
        releases(run.profile, "api-2")[0],
    ]
    assert ups[0].line.endswith(b"[api] cryb-api-1 is up with release 1.43.0")


def test_the_next_deploy_brings_the_next_release() -> None:
    again = fault("deploy", at="40m", length="10m") | {"id": "again"}
    texts = [line.text for line in deploy_lines(run_of(DEPLOY, again))]
    assert [text.rpartition(" ")[2] for text in texts if "is up" in text] == ["1.43.0", "1.44.0"]
    assert sum("release 1.43.0" in text and "stopping" in text for text in texts) == 1


def test_nothing_is_said_without_a_deploy() -> None:
    assert deploy_lines(run_of(fault("http_errors"))) == ()


def test_lines_are_the_same_in_any_cut_and_shard() -> None:
    run = run_of(DEPLOY)
    start = run.started_ms
    whole = [entry.line for entry in ModelLogs(run, services=["deployment"]).entries(Interval(start, start + HOUR))]
    assert whole
    source = ModelLogs(run, services=["deployment"])
    cut = [
        entry.line
        for first in range(start, start + HOUR, 7 * MINUTE)
        for entry in source.entries(Interval(first, min(first + 7 * MINUTE, start + HOUR)))
    ]
    assert cut == whole
    parts = [
        entry.line
        for number in (1, 2)
        for entry in ModelLogs(run, services=["deployment"], shard=Shard(number, 2)).entries(
            Interval(start, start + HOUR)
        )
    ]
    assert sorted(parts) == sorted(whole)
