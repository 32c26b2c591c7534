"""One live rehearsal and its twins that must not pass, at a pace for every test run: real servers, load, faults."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path

import jsonschema
import pytest

from simulator.errors import ExitCode
from simulator.report import verdict_schema
from tests.rehearsals.agreement import disagreements
from tests.rehearsals.running import Finished, Rehearsal, changed

QUICK = Path(__file__).parent / "quick"
WITHIN_SECONDS = 240
NOT_FOR_PROMETHEUS = "  - {name: graphite, type: graphite, rules: [{alert: OfAnother, expr: sumSeries(x)}]}\n"
STAGGER_SECONDS = 4.0
"""Between starts: a run's start is the only moment at which it needs a whole core."""

pytestmark = [pytest.mark.stack, pytest.mark.slow, pytest.mark.timeout(300)]


def _arguments(folder: Path, mode: str = "live", **files: Path) -> list[str | Path]:
    names = {"profile": "quick.yaml", "prometheus": "prometheus.yml", "alertmanager": "alertmanager.yml"}
    chosen = {which: QUICK / name for which, name in names.items()} | files
    arguments: list[str | Path] = [
        chosen["profile"],
        "--mode", mode,
        "--prometheus-config", chosen["prometheus"],
        "--alertmanager-config", chosen["alertmanager"],
    ]  # fmt: skip
    if "rules" in files:
        arguments += ["--rules", files["rules"]]
    return arguments


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Finished]]:
    """All variants side by side: what is measured is Prometheus's evaluation, not this machine's speed."""
    folder = tmp_path_factory.mktemp("quick")
    deaf = changed(QUICK / "alertmanager.yml", folder / "deaf.yml", {'[severity="critical"]': '[severity="page"]'})
    lenient = changed(QUICK / "rules.yml", folder / "lenient.yml", {"> 0.05": "> 0.5"})
    lenient.write_text(lenient.read_text() + NOT_FOR_PROMETHEUS)
    asked = changed(QUICK / "quick.yaml", folder / "quick.yaml", {"[APIServiceDown]": "[APIServiceDown, OfAnother]"})
    variants = {
        "as written": {},
        "dropped route": {"alertmanager": deaf},
        "threshold of 50 %": {"rules": lenient, "profile": asked},
    }
    rehearsals: dict[str, Rehearsal] = {}
    for name, files in variants.items():
        home = folder / name.replace(" ", "-").replace("%", "percent")
        home.mkdir()
        more = ("--no-history",) if name == "dropped route" else ()
        rehearsals[name] = Rehearsal(home, *_arguments(home, **files), *more)
        time.sleep(STAGGER_SECONDS)
    home = folder / "virtual"
    home.mkdir()
    rehearsals["virtual"] = Rehearsal(home, *_arguments(home, "virtual"))
    try:
        yield {name: rehearsal.finish(WITHIN_SECONDS) for name, rehearsal in rehearsals.items()}
    finally:
        for rehearsal in rehearsals.values():
            rehearsal.kill()


def test_the_incident_is_noticed_in_time_and_heard(finished: dict[str, Finished]) -> None:
    run = finished["as written"]
    assert run.exit_code == ExitCode.PASS, run.output
    assert run.words("HighErrorRate") == {"met"}
    assert "of history, up to the servers' start" in run.output
    assert not any((run.folder / "data" / "prometheus").glob("*/index"))  # its blocks are gone with the servers
    heard = {(told["kind"], told["destination"], told["status"]) for told in run.verdict["notifications"]}
    assert heard >= {
        ("slack", "#critical-alerts", "firing"),
        ("email", "devops@cryb.ai", "firing"),
        ("slack", "#critical-alerts", "resolved"),
    }


@pytest.mark.parametrize("variant", ["as written", "virtual"])
def test_what_is_silenced_fires_and_is_not_heard(finished: dict[str, Finished], variant: str) -> None:
    run = finished[variant]
    assert run.words("ErrorsInMaintenance") == {"met"}
    heard = {alert["alert"] for told in run.verdict["notifications"] for alert in told["alerts"]}
    assert heard == {"HighErrorRate"}


def test_live_and_virtual_time_agree(finished: dict[str, Finished]) -> None:
    live, virtual = finished["as written"], finished["virtual"]
    assert virtual.exit_code == ExitCode.PASS, virtual.output
    a_scrape_and_an_evaluation_ms = 2_000 + 2_000
    for run in (live, virtual):
        (exactly,) = [claim["text"] for claim in run.verdict["claims"] if claim["title"] == "How exactly"]
        assert "±4s" in exactly
    assert disagreements(live.verdict, virtual.verdict, resolution_ms=a_scrape_and_an_evaluation_ms) == []
    assert len([alert for alert in live.verdict["alerts"] if alert["resolved"]]) == 2


def test_the_run_folder_says_what_was_run(finished: dict[str, Finished]) -> None:
    folder = finished["as written"].folder
    jsonschema.validate(json.loads((folder / "verdict.json").read_text()), json.loads(verdict_schema()))
    assert (folder / "junit.xml").read_text().startswith("<?xml")
    assert "proxy_url" in (folder / "configs" / "prometheus.yml").read_text()
    assert "hooks.slack.com" not in (folder / "configs" / "alertmanager.yml").read_text()
    everything = b"".join(path.read_bytes() for path in folder.rglob("*") if path.is_file())
    assert b"secret-of-slack" not in everything


def test_nothing_of_a_run_is_left(finished: dict[str, Finished], tmp_path: Path) -> None:
    assert finished
    rehearsal = Rehearsal(tmp_path, "--help")
    rehearsal.finish(30)
    assert rehearsal.survivors() == []


def test_a_route_that_drops_the_alert_fails_and_names_who_heard_nothing(finished: dict[str, Finished]) -> None:
    run = finished["dropped route"]
    assert run.exit_code == ExitCode.FAIL, run.output
    assert "misrouted" in run.words("HighErrorRate")
    assert "of history" not in run.output  # it was started without
    assert "#critical-alerts" in run.messages("misrouted")
    assert "devops@cryb.ai" in run.messages("misrouted")


def test_a_threshold_out_of_reach_fails_and_names_the_silent_alert(finished: dict[str, Finished]) -> None:
    run = finished["threshold of 50 %"]
    assert run.exit_code == ExitCode.FAIL, run.output
    assert "missing" in run.words("HighErrorRate")


def test_a_rule_that_prometheus_cannot_load_is_left_out_of_a_live_run_and_the_rest_is_judged(
    finished: dict[str, Finished],
) -> None:
    run = finished["threshold of 50 %"]
    assert "OfAnother is not evaluated: type is vmalert's, and Prometheus has nothing like it" in run.output
    assert run.words("OfAnother") == {"unobserved"}
    assert run.words("HighErrorRate")
