"""`crybsim backfill --loki`: every line of the span, the model's totals, limits looked at before anything is sent."""

from __future__ import annotations

import json

import pytest

from simulator.cli.main import main
from simulator.clock import parse_rfc3339
from simulator.streams.logs import ModelLogs
from simulator.telemetry.interval import Interval
from tests.sinks.loki.receiver import Receiver, Say, receiving

SPAN = Interval(parse_rfc3339("2026-02-01T19:58:00Z"), parse_rfc3339("2026-02-01T20:00:00Z"))
ARGUMENTS = ["backfill", "quiet-evening", "--from", "2026-02-01T19:58:00Z", "--to", "2026-02-01T20:00:00Z"]


def expected() -> dict[str, int]:
    """Lines by level, of the model itself."""
    from simulator.cli.run_manifest import manifest_for

    run = manifest_for("quiet-evening", None, mode="virtual").model_copy(update={"started_ms": SPAN.end_ms})
    found: dict[str, int] = {}
    for entry in ModelLogs(run).entries(SPAN):
        level = dict(entry.labels).get("level", "none")
        found[level] = found.get(level, 0) + 1
    return found


@pytest.mark.parametrize("form", ["protobuf", "json"])
def test_every_line_of_the_span_with_totals_that_are_the_models(form: str, capsys: pytest.CaptureFixture[str]) -> None:
    with receiving(Receiver(script=[Say(503, takes=3), Say(429, retry_after="0")])) as receiver:
        assert main([*ARGUMENTS, "--loki", receiver.url, "--loki-format", form, "--json", "--loki-rate", "100MB"]) == 0
    captured = capsys.readouterr()
    totals = json.loads(captured.out)["loki"]
    assert receiver.broken == []
    assert totals["by_level"] == expected()
    assert totals["sent"] == totals["drawn"] == sum(map(len, receiver.held.values())) > 100
    assert totals["retried"] == 2
    assert f"{totals['sent']:,} lines" in captured.err


CONFIG = "limits_config:\n  reject_old_samples: true\n  reject_old_samples_max_age: 168h\n"


def test_a_span_that_is_too_old_is_refused_before_anything_is_sent(capsys: pytest.CaptureFixture[str]) -> None:
    with receiving(Receiver(config=CONFIG)) as receiver:
        assert main([*ARGUMENTS, "--loki", receiver.url]) == 2
    assert "limits_config.reject_old_samples_max_age: " in capsys.readouterr().err
    assert receiver.requests == []


def test_a_refusal_ends_it_with_how_to_go_on(capsys: pytest.CaptureFixture[str]) -> None:
    with receiving(Receiver(script=[Say(400, "entry has timestamp too old: …")])) as receiver:
        assert main([*ARGUMENTS, "--loki", receiver.url, "--quiet"]) == 3
    said = capsys.readouterr().err
    assert "refused lines: 400" in said
    assert "go on with --from 2026-02-01T19:58:00.000Z" in said
    assert said.count("\n") == 1


def test_a_dry_run_estimates_and_sends_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    with receiving(Receiver()) as receiver:
        assert main([*ARGUMENTS, "--loki", receiver.url, "--dry-run"]) == 0
    said = capsys.readouterr().err
    assert "would push log lines of 2m" in said
    assert f"about {sum(expected().values()):,} lines" in said  # of two minutes, both are looked at
    assert receiver.requests == []


def test_labels_that_streams_have_already(capsys: pytest.CaptureFixture[str]) -> None:
    with receiving(Receiver()) as receiver:
        assert main([*ARGUMENTS, "--loki", receiver.url, "--label", "level=x"]) == 2
    assert "'level' is a label of log streams already" in capsys.readouterr().err
