"""`crybsim init`: from the files that are here, without touching any of them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from simulator.catalog.sizes import Size
from simulator.cli.discovery import Found, discover
from simulator.cli.main import main
from simulator.profile.load import load_profile
from simulator.profile.settings import load_settings

RULES = "groups:\n- name: g\n  rules:\n  - alert: {alert}\n    expr: {expr}\n    for: 1m\n"


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def team(folder: Path) -> Path:
    """A team's repository, its files named as nobody would expect."""
    files = {
        "ops/alerts/one.yaml": RULES.format(alert="Quiet", expr="moon_phase == 1"),
        "ops/alerts/two.yaml": RULES.format(alert="Gone", expr='up{job="cryb-api"} == 0'),
        "ops/alone.rules": RULES.format(alert="Alone", expr="x"),
        "ops/notify.yml": "route:\n  receiver: x\nreceivers:\n- name: x\n",
        "ops/scrape.yml": "scrape_configs: []\n",
        "boards/api.json": json.dumps({"title": "API", "panels": []}),
        "boards/other.json": json.dumps({"panels": "none"}),
        "perf/users.py": "from locust import HttpUser\n",
        "perf/tool.py": "print('about locust')\n",
        "compose.yml": "services: {}\n",
        "node_modules/x/rules.yml": RULES.format(alert="NotOurs", expr="x"),
        ".git/rules.yml": RULES.format(alert="NotOurs", expr="x"),
        "broken.yml": "groups:\n\tx",
    }
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return folder


def test_files_are_told_by_their_content(team: Path) -> None:
    found = discover(team)
    assert [str(path) for path in found.rules] == ["ops/alerts/one.yaml", "ops/alerts/two.yaml", "ops/alone.rules"]
    assert [str(path) for path in found.alertmanager] == ["ops/notify.yml"]
    assert [str(path) for path in found.prometheus] == ["ops/scrape.yml"]
    assert [str(path) for path in found.locustfiles] == ["perf/users.py"]
    assert [str(path) for path in found.dashboards] == ["boards/api.json"]


def test_of_a_clone_of_crybsim_nothing_is_a_team_s() -> None:
    assert discover(Path(__file__).parents[2]) == Found()


def test_settings_and_a_first_profile_are_written(team: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["init"]) == 0
    said = capsys.readouterr().err
    assert "found 3 rule files: ops/alerts/one.yaml" in said
    settings = load_settings()
    assert settings.rules == ("ops/alerts/*.yaml", "ops/alone.rules")
    assert len(settings.files(settings.rules)) == 3
    assert settings.alertmanager_config == "ops/notify.yml"
    profile = load_profile(team / "profiles" / "first-rehearsal.yaml")
    assert profile.expect.alerts[0].name == "Gone", "the one alert whose cause is known"
    assert not profile.expect.reviewed
    Draft202012Validator.check_schema(json.loads((team / "crybsim.schema.json").read_text()))


def test_nothing_is_overwritten(team: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (team / "crybsim.yaml").write_text("rules: []\n")
    (team / "profiles").mkdir()
    (team / "profiles" / "first-rehearsal.yaml").write_text("mine\n")
    assert main(["init"]) == 0
    assert (team / "crybsim.yaml").read_text() == "rules: []\n"
    assert (team / "profiles" / "first-rehearsal.yaml").read_text() == "mine\n"
    said = capsys.readouterr().err
    assert "kept crybsim.yaml, which was there already" in said
    assert "kept profiles/first-rehearsal.yaml, which was there already" in said


def test_a_dry_run_writes_nothing(team: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = sorted(team.rglob("*"))
    assert main(["init", "--dry-run"]) == 0
    assert sorted(team.rglob("*")) == before
    assert "would write crybsim.yaml:" in capsys.readouterr().out


def test_an_empty_folder_gets_a_starter(folder: Path) -> None:
    assert main(["init"]) == 0
    assert load_settings().rules == ()
    assert load_profile(folder / "profiles" / "first-rehearsal.yaml").faults[0].kind == "http_errors"


def test_rules_that_cannot_be_read_are_told_and_do_not_stop_it(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "r.yml").write_text("groups:\n- rules:\n  - alert: [1]\n    expr: up\n  name: x\n")
    assert main(["init"]) == 0
    assert "r.yml:3:12: groups[0].rules[0].alert" in capsys.readouterr().err
    assert load_profile(folder / "profiles" / "first-rehearsal.yaml").expect.reviewed


def test_a_folder_that_cannot_be_written_to_is_one_line(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "profiles").write_text("a file where a folder should be")
    assert main(["init"]) == 2
    assert "profiles/first-rehearsal.yaml: cannot be written" in capsys.readouterr().err


def test_what_the_catalogue_lacks_is_learnt_and_rehearsed_by_the_first_profile(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "r.yml").write_text(RULES.format(alert="QueueStuck", expr='mail_queue{job="mailer"} > 100'))
    assert main(["init"]) == 0
    assert "1 families added" in capsys.readouterr().err
    assert load_settings().overlays == ("overlays/learnt.yaml",)
    profile = load_profile(folder / "profiles/first-rehearsal.yaml")
    assert [(fault.id, fault.kind) for fault in profile.faults] == [("queue-stuck", "custom")]
    assert not profile.expect.no_other_alerts
    assert main(["profile", "check", "first-rehearsal"]) == 0


def test_the_first_profile_is_about_an_alert_that_is_there(folder: Path) -> None:
    (folder / "r.yml").write_text(RULES.format(alert="Odd", expr="absent(nothing_like_it)"))
    assert main(["init"]) == 0
    profile = load_profile(folder / "profiles/first-rehearsal.yaml")
    assert [expected.name for expected in profile.expect.alerts] == ["Odd"]


def test_jobs_that_rules_ask_for_are_the_platform_s(folder: Path) -> None:
    (folder / "r.yml").write_text(RULES.format(alert="A", expr='rate(http_requests_total{job="shop"}[5m]) > 0'))
    assert main(["init"]) == 0
    assert load_settings().jobs == {"shop": "cryb-api"}


def test_files_that_cannot_be_learnt_from_do_not_stop_it(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "r.yml").write_text(RULES.format(alert="A", expr="my_gauge > 1"))
    (folder / "p.yml").write_text("scrape_configs:\n- {}\n")
    assert main(["init"]) == 0
    assert "scrape jobs not learnt from: p.yml:2:3: scrape_configs: a job without job_name" in capsys.readouterr().err


def test_the_first_alert_is_one_that_a_fault_of_the_model_can_set_off(folder: Path) -> None:
    rule = "  - alert: {}\n    expr: {}\n"
    (folder / "r.yml").write_text(
        "groups:\n- name: g\n  rules:\n"
        + rule.format("CertOfOurs", "our_cert_expires_in_days < 3")  # looks like one of the model's, and is a guess
        + rule.format("DatabaseGone", "pg_up == 0\n    for: 5m")
    )
    assert main(["init"]) == 0
    profile = load_profile(folder / "profiles/first-rehearsal.yaml")
    assert [expected.name for expected in profile.expect.alerts] == ["DatabaseGone"]


def test_the_first_profile_has_what_the_rules_look_at_and_lets_the_watchdog_be(folder: Path) -> None:
    (folder / "down.yml").write_text(RULES.format(alert="ApiDown", expr='up{job="cryb-api"} == 0'))
    (folder / "watchdog.yml").write_text(RULES.format(alert="DeadManSwitch", expr="vector(1)"))
    main(["init"])
    first = folder / "profiles" / "first-rehearsal.yaml"
    profile = load_profile(first)
    assert (profile.expect.ignore, profile.platform.size) == (("DeadManSwitch",), Size.TINY)
    (folder / "meta.yml").write_text(RULES.format(alert="Wal", expr="prometheus_tsdb_wal_corruptions_total > 0"))
    first.unlink()
    main(["init"])
    assert load_profile(first).platform.size == Size.DEFAULT


def test_what_no_prometheus_evaluates_is_told_and_left_out(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data = {"refId": "A", "datasourceUid": "p", "model": {"expr": "up == 0"}}
    rule = {"uid": "u", "title": "Down", "condition": "A", "data": [data], "for": "5m"}
    exported = {"apiVersion": 1, "groups": [{"orgId": 1, "name": "g", "folder": "f", "rules": [rule]}]}
    files = {
        "grafana/rules.json": json.dumps(exported),
        "grafana/rules.yaml": "apiVersion: 1\ngroups:\n- name: g\n  rules:\n  - data:\n    - datasourceUid: p\n",
        "grafana/contacts.yaml": "apiVersion: 1\ncontactPoints:\n- name: slack\n",
        "grafana/sources.yaml": "datasources:\n- jsonData: {exemplarTraceIdDestinations: [{datasourceUid: t}]}\n",
        "loki.yml": RULES.format(alert="Lines", expr='\'sum(rate({app="x"} |= "error" [5m])) > 1\''),
        "json.yml": RULES.format(alert="Fields", expr="'sum(rate({app=\"x\"} | json [5m])) > 1'"),
        "rules.yml": RULES.format(alert="Down", expr="'up{job=~\"a|b\"} == 0 # | json'"),
        "v2.json": json.dumps({"apiVersion": "dashboard.grafana.app/v2beta1", "kind": "Dashboard", "spec": {}}),
        "v1.json": json.dumps({"panels": [{"datasourceUid": "x"}], "groups": []}),
    }
    for name, text in files.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(text)
    found = discover(folder)
    assert [str(path) for path in found.rules] == ["rules.yml"]
    assert [str(path) for path in found.dashboards] == ["v1.json"]
    main(["init"])
    said = capsys.readouterr().err
    for name in ("contacts.yaml", "rules.json", "rules.yaml"):
        assert f"grafana/{name}: alerting that Grafana manages itself" in said
    assert "loki.yml: rules in LogQL" in said
    assert "json.yml: rules in LogQL" in said
    assert "v2.json: a dashboard in schema v2" in said
    assert "sources.yaml" not in said
