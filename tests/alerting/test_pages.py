"""What is made is as it would be made now, and what is written by hand says true things."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from alerting.__main__ import main, outdated, rules
from alerting.rules import read_alerts, read_recordings
from alerting.slo_file import SLO_FILE, read_slos
from alerting.slo_rules import slo_rules
from alerting.table import RUNBOOKS, pages, read_profiles, rehearsed_by
from simulator.catalog.catalogue import FAMILIES
from simulator.errors import InputError

ALERTS = {alert.name: alert for alert in read_alerts()}


def test_what_is_made_is_up_to_date() -> None:
    """`python -m alerting` brings it up to date."""
    assert outdated({**rules(), **pages()}) == ()


def test_an_objective_that_changes_changes_the_rules(tmp_path: Path) -> None:
    changed = tmp_path / "slo.yml"
    changed.write_text(
        SLO_FILE.read_text().replace("target: 0.999", "target: 0.99").replace("value: 0.5", "value: 0.3")
    )
    text = slo_rules(read_slos(changed))
    assert "ratio_rate1h > 14.4 * 0.01\n" in text
    assert "the objective is 99 %" in text
    assert "p95_rate5m > 0.3\n" in text
    assert text != slo_rules(read_slos())


@pytest.mark.parametrize(("old", "new"), [("op: lte", "op: gt"), ("target: 0.999", "target: 99.9"), ("total:", "sum:")])
def test_an_slo_file_that_no_rules_can_be_made_of_is_refused(tmp_path: Path, old: str, new: str) -> None:
    changed = tmp_path / "slo.yml"
    changed.write_text(SLO_FILE.read_text().replace(old, new))
    with pytest.raises(InputError, match=r"slo\.yml: one SLO with"):
        read_slos(changed)


def test_the_check_says_what_would_change(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--check"]) == 0
    assert capsys.readouterr().out == ""


def test_every_alert_has_a_profile_that_rehearses_it() -> None:
    profiles = read_profiles()
    alone = {alert.name for alert in ALERTS.values() if not alert.by_logs and not rehearsed_by(alert, profiles)}
    assert alone == {"Watchdog"}


def test_profiles_expect_alerts_that_there_are() -> None:
    for profile in read_profiles():
        expect = profile.expect
        assert {*(one.name for one in expect.alerts), *expect.silent, *expect.ignore} <= ALERTS.keys(), profile.name


@pytest.mark.parametrize("name", ALERTS)
def test_a_runbook_says_what_it_means_and_what_to_look_at(name: str) -> None:
    text = (RUNBOOKS / f"{name}.md").read_text()
    assert re.findall(r"^#+ (.*)$", text, re.M) == [name, "What it means", "First checks", "Rehearsed by"]
    assert len(re.findall(r"^\d\. ", text, re.M)) >= 2
    assert len(text.splitlines()) < 50


def test_metrics_that_runbooks_name_are_exported() -> None:
    known = {f"{family.name}{end}" for family in FAMILIES for end in ("", "_bucket", "_count")} | {
        "up",
        *read_recordings(),
    }
    known |= {"scrape_duration_seconds", *ALERTS}
    prefixes = (
        r"\b(?:cryb|http|node|container|pg|redis|queue|livekit|socketio|minio|elasticsearch|prometheus|alertmanager)"
    )
    for name in ALERTS:
        quoted = " ".join(re.findall(r"`([^`]+)`", (RUNBOOKS / f"{name}.md").read_text()))
        named = set(re.findall(rf"{prefixes}_\w+", quoted))
        assert {
            one
            for one in named
            if one not in known
            and not one.startswith(("pg_stat_act", "pg_last", "pg_locks", "pg_is", "pg_term", "pg_stat_rep"))
        } == set(), name
