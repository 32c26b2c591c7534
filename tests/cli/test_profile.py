"""`crybsim profile`: check, list, new, schema."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from simulator.cli.main import main
from simulator.profile.load import load_profile
from simulator.resources import shipped

RULES = """\
groups:
  - name: api
    interval: 30s
    rules:
      - record: job:errors:ratio
        expr: sum(rate(http_requests_total{code=~"5.."}[5m])) / sum(rate(http_requests_total[5m]))
      - alert: ManyErrors
        expr: job:errors:ratio > 0.05
        for: 2m
        labels: {severity: critical, team: "{{ $labels.team }}"}
      - alert: SlowApi
        expr: histogram_quantile(0.95, sum by (le) (rate(http_request_duration_seconds_bucket[10m]))) > 1
        for: 5m
      - alert: ApiGone
        expr: absent(up{job="cryb-api"})
        for: 1m
      - alert: QueriesSlow
        expr: rate(pg_stat_activity_max_tx_duration[5m]) > 1
      - alert: MoonFull
        expr: moon_phase == 1
"""


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "rules.yml").write_text(RULES)
    return tmp_path


def test_check_tells_every_mistake_of_every_file(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    bad = folder / "bad.yaml"
    bad.write_text("name: bad\ndescription: d\nstart: 2026-01-07T20:00:00\nduration: 90\nfaultz: []\n")
    assert main(["profile", "check", "api-errors", str(bad), "nowhere"]) == 2
    shown = capsys.readouterr()
    assert shown.out == ""
    lines = shown.err.splitlines()
    assert lines[0].endswith("api-errors.yaml: fine (4m15s, bad-release, 1 alerts expected)")
    assert lines[1] == f"{bad}:4:11: duration: '90' has no unit; write 90s or 90m"
    assert lines[2].startswith(f"{bad}:5:1: faultz: 'faultz' is not a key here; did you mean 'faults'?")
    assert lines[3].startswith("'nowhere' is not a profile")
    assert len(lines) == 4


def test_check_for_machines(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "bad.yaml").write_text("name: bad\n")
    assert main(["profile", "check", "api-errors", "bad.yaml", "--json"]) == 2
    fine, bad = json.loads(capsys.readouterr().out)
    assert fine == {"file": "api-errors", "valid": True, "problems": []}
    assert [problem["path"] for problem in bad["problems"]] == ["description", "start", "duration"]
    assert {problem["line"] for problem in bad["problems"]} == {1}


def test_list_shows_shipped_and_local_profiles(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "profiles").mkdir()
    (folder / "profiles" / "broken.yaml").write_text("name: [")
    shutil.copy(shipped("profiles") / "quiet-evening.yaml", folder / "profiles" / "quiet-evening.yaml")
    assert main(["profile", "list", "--json"]) == 0
    rows = {row["name"]: row for row in json.loads(capsys.readouterr().out)}
    assert rows["api-errors"]["faults"] == ["http_errors"]
    assert rows["quiet-evening"]["file"] == "profiles/quiet-evening.yaml"
    assert rows["broken"] == {"name": "broken", "file": "profiles/broken.yaml", "valid": False}
    assert main(["profile", "list"]) == 0
    assert "has mistakes; see crybsim profile check profiles/broken.yaml" in capsys.readouterr().out


def test_a_new_profile_is_right_and_overwrites_nothing(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["profile", "new", "friday-night"]) == 0
    assert capsys.readouterr().out == "profiles/friday-night.yaml\n"
    path = folder / "profiles" / "friday-night.yaml"
    assert load_profile(path).expect.reviewed
    assert (folder / "profiles" / "profile.schema.json").exists()
    before = path.read_text()
    assert main(["profile", "new", "friday-night"]) == 2
    assert "is there already" in capsys.readouterr().err
    assert path.read_text() == before
    assert main(["profile", "new", "../evil"]) == 2


@pytest.mark.parametrize(
    ("alert", "kind", "fires_within"),
    [
        ("ManyErrors", "http_errors", "8m"),
        ("SlowApi", "latency", "16m"),
        ("ApiGone", "outage", "2m"),
        ("QueriesSlow", "database_slow", "6m"),
        ("MoonFull", "http_errors", "1m"),
    ],
)
def test_a_draft_for_an_alert_guesses_its_cause_and_its_time(
    alert: str, kind: str, fires_within: str, folder: Path
) -> None:
    assert main(["profile", "new", "draft", "--alert", alert, "--rules", "*.yml"]) == 0
    path = folder / "profiles" / "draft.yaml"
    profile = load_profile(path)
    assert not profile.expect.reviewed, "nobody has looked at it yet"
    assert profile.faults[0].kind == kind
    (expected,) = profile.expect.alerts
    assert expected.name == alert
    assert expected.caused_by == profile.faults[0].id
    assert f"fires_within: {fires_within}\n" in path.read_text()
    if alert == "ManyErrors":
        assert expected.labels == {"severity": "critical"}, "a templated label is not known beforehand"
    if alert == "MoonFull":
        assert "nothing in the expression points to a fault kind" in path.read_text()


def test_rules_of_the_settings_serve_for_a_draft(folder: Path) -> None:
    (folder / "crybsim.yaml").write_text("rules: [rules.yml]\n")
    assert main(["profile", "new", "draft", "--alert", "SlowApi"]) == 0


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--alert", "SlowApp", "--rules", "rules.yml"], "no rule there is called 'SlowApp'; did you mean 'SlowApi'?"),
        (["--alert", "SlowApi"], "--alert needs the rules"),
        (["--rules", "rules.yml"], "say which one with --alert NAME"),
        (["--alert", "SlowApi", "--rules", "nothing/*.yml"], "nothing/*.yml: no such file"),
        (["--alert", "A", "--rules", "bad.yml"], "bad.yml:3:5: groups[0].rules[0].alert: is missing"),
        (["--alert", "A", "--rules", "worse.yml"], "worse.yml:1:9: groups: is not a list"),
    ],
)
def test_a_draft_that_cannot_be_is_one_line(
    arguments: list[str], words: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "bad.yml").write_text("groups:\n- rules:\n  - expr: up\n  name: x\n")
    (folder / "worse.yml").write_text("groups: 5\n")
    assert main(["profile", "new", "draft", *arguments]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert words in line
    assert not (folder / "profiles").exists()


def test_the_schema_is_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["profile", "schema"]) == 0
    assert capsys.readouterr().out == (shipped("profiles") / "profile.schema.json").read_text("utf-8")


def test_fault_kinds_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["catalog", "faults"]) == 0
    assert "delay: median of the delay added to each affected request" in capsys.readouterr().out
    assert main(["catalog", "faults", "--json"]) == 0
    assert "http_errors" in {kind["name"] for kind in json.loads(capsys.readouterr().out)}


def test_a_profile_is_checked_with_its_overlays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    head = "name: p\ndescription: x\nstart: 2026-01-07T20:00:00\nduration: 10m\noverlays: [o.yaml]\n"
    (tmp_path / "p.yaml").write_text(head + "faults: [{id: stuck, kind: latency, at: 1m, for: 2m}]\n")
    assert main(["profile", "check", "p.yaml"]) == 2
    assert "o.yaml: cannot be read" in capsys.readouterr().err
    (tmp_path / "o.yaml").write_text("drop: [nothing]\n")
    assert main(["profile", "check", "p.yaml"]) == 2
    assert "o.yaml:1:8: drop[0]: no family is called 'nothing'" in capsys.readouterr().err
    added = "{name: q, job: redis, type: gauge, values: '1', during: {stuk: '2'}, confirm: true}"
    (tmp_path / "o.yaml").write_text(f"add: [{added}]\n")
    assert main(["profile", "check", "p.yaml"]) == 0
    said = capsys.readouterr().err
    assert "o.yaml: to be confirmed: q" in said
    assert "o.yaml: reacts to 'stuk', which is no fault of p; did you mean 'stuck'?" in said


def test_a_profile_is_shown_in_the_terminal_and_on_a_page(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["profile", "show", "api-errors", "--signals", "http.failing_percent"]) == 0
    shown = capsys.readouterr().out
    assert "bad-release: http_errors" in shown
    assert "http.failing_percent" in shown
    file = tmp_path / "page.html"
    assert main(["profile", "show", "api-errors", "--html", str(file)]) == 0
    assert capsys.readouterr().out == f"{file}\n"
    assert "traffic.requests" in file.read_text("utf-8")
    assert main(["profile", "show", "api-errors", "--html", str(tmp_path / "no" / "page.html")]) == 2
    assert "cannot be written" in capsys.readouterr().err
