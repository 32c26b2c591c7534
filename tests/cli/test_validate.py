"""`crybsim validate`: one line for everything looked at, and an exit code that scripts can trust."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

from simulator.cli.main import main
from simulator.errors import ExitCode
from simulator.stack.binaries import find_binaries

GOOD_RULES = "groups:\n- name: a\n  rules:\n  - alert: Down\n    expr: up == 0\n"
BAD_RULES = "groups:\n- name: a\n  rules:\n  - alert: Down\n    expr: rate(up[5m]\n"
GOOD_ROUTES = "route:\n  receiver: team\nreceivers:\n- name: team\n"
BAD_ROUTES = "route:\n  receiver: nobody\nreceivers:\n- name: team\n"
GOOD_SCRAPES = "scrape_configs:\n- job_name: api\n  static_configs:\n  - targets: [api:3001]\n"
BAD_SCRAPES = "scrape_configs:\n- job_name: api\n- job_name: api\n"

pytestmark = pytest.mark.stack  # promtool and amtool read the files


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A team's folder, all of it in order; the current one."""
    (tmp_path / "rules.yml").write_text(GOOD_RULES)
    (tmp_path / "routes.yml").write_text(GOOD_ROUTES)
    (tmp_path / "scrapes.yml").write_text(GOOD_SCRAPES)
    monkeypatch.chdir(tmp_path)
    return tmp_path


FILES = ["--rules", "*rules.yml", "--alertmanager-config", "routes.yml", "--prometheus-config", "scrapes.yml"]


def validate(capsys: pytest.CaptureFixture[str], *flags: str) -> tuple[int, dict[str, dict[str, str]]]:
    """The exit code, and the checks by name (the last one where a name has several)."""
    code, checks = validate_all(capsys, *flags)
    return code, {check["name"]: check for check in checks}


def validate_all(capsys: pytest.CaptureFixture[str], *flags: str) -> tuple[int, list[dict[str, str]]]:
    """The exit code, and the checks in their order."""
    code = main(["validate", "--json", *flags])
    document = json.loads(capsys.readouterr().out)
    assert document["ready"] == (code == ExitCode.PASS)
    return code, document["checks"]


def test_the_shipped_reference_is_in_order(capsys: pytest.CaptureFixture[str]) -> None:
    code, checks = validate(capsys)
    assert code == ExitCode.PASS
    assert {name: checks[name]["state"] for name in ("rules", "prometheus.yml", "alertmanager.yml")} == {
        "rules": "ok",
        "prometheus.yml": "ok",
        "alertmanager.yml": "ok",
    }
    assert {"python", "locust", "prometheus", "promtool", "alertmanager", "amtool", "port 9090"} <= checks.keys()


def test_a_teams_own_files(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, checks = validate(capsys, *FILES)
    assert code == ExitCode.PASS
    assert "rules.yml" in checks["rules"]["found"]


@pytest.mark.parametrize(
    ("file", "content", "name", "complaint"),
    [
        ("rules.yml", BAD_RULES, "rules", "unclosed left parenthesis"),
        ("routes.yml", BAD_ROUTES, "alertmanager.yml", 'undefined receiver "nobody"'),
        ("scrapes.yml", BAD_SCRAPES, "prometheus.yml", 'job name "api"'),
    ],
)
def test_what_promtool_and_amtool_refuse(
    folder: Path, capsys: pytest.CaptureFixture[str], file: str, content: str, name: str, complaint: str
) -> None:
    (folder / file).write_text(content)
    code, checks = validate(capsys, *FILES)
    assert code == ExitCode.INCONCLUSIVE
    assert [check["name"] for check in checks.values() if check["state"] == "broken"] == [name]
    assert complaint in checks[name]["found"]


def test_crybsim_yaml_names_files_programs_and_production(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "rules.yml").write_text(BAD_RULES)
    (folder / "crybsim.yaml").write_text(
        "rules: [rules.yml]\nprometheus_bin: nowhere/prometheus\nproduction: {prometheus: '3.5', alertmanager: '0'}\n"
    )
    code, checks = validate(capsys)
    assert code == ExitCode.INCONCLUSIVE
    assert checks["rules"]["state"] == "broken"
    assert checks["prometheus"]["state"] == "missing"
    assert "nowhere/prometheus" in checks["prometheus"]["found"]
    assert checks["alertmanager in production"] == {
        "name": "alertmanager in production",
        "state": "ok",
        "found": "0",
        "next": "",
    }


def test_another_version_in_production_is_worth_a_note(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "crybsim.yaml").write_text("production: {prometheus: '3.5'}\n")
    code, checks = validate(capsys)
    assert code == ExitCode.PASS
    assert checks["prometheus in production"]["state"] == "note"
    assert checks["prometheus in production"]["found"].startswith("3.5, not ")


def test_a_missing_program_is_told_and_its_files_are_not_called_fine(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, checks = validate(capsys, "--alertmanager-bin", "/nosuch/alertmanager")
    assert code == ExitCode.INCONCLUSIVE
    assert checks["alertmanager"]["state"] == "missing"
    assert checks["amtool"]["state"] == "ok"


def test_a_file_that_is_not_there_is_bad_usage(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["validate", "--alertmanager-config", "nosuch.yml"]) == ExitCode.USAGE
    assert capsys.readouterr().err == "crybsim: error: nosuch.yml: no such file\n"


def test_for_people_a_line_for_each_check(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["validate"]) == ExitCode.PASS
    lines = capsys.readouterr().out.splitlines()
    assert lines[-1] == "everything is here"
    assert {line.split()[0] for line in lines[:-1]} <= {"ok", "note"}


def test_a_terminal_gets_a_table() -> None:
    leader, follower = pty.openpty()
    with subprocess.Popen(
        [Path(sys.executable).with_name("crybsim"), "validate"],
        stdout=follower,
        stderr=subprocess.DEVNULL,
        env=os.environ | {"TERM": "xterm", "COLUMNS": "200"},
    ) as process:
        os.close(follower)
        shown = b""
        try:
            while chunk := os.read(leader, 65_536):
                shown += chunk
        except OSError:  # how a pseudo-terminal says that the other side is done
            pass
        os.close(leader)
    assert process.returncode == ExitCode.PASS
    assert b"\x1b[32mok" in shown
    assert b"everything is here" in shown


def test_discovery_that_this_promtool_was_built_without_is_no_mistake(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Debian's has no Kubernetes; where this one has, nothing is to be said."""
    pods = "- job_name: pods\n  kubernetes_sd_configs: [{role: pod}]\n"
    (folder / "scrapes.yml").write_text(GOOD_SCRAPES + pods)
    code, checks = validate(capsys, *FILES)
    assert code == ExitCode.PASS, checks["prometheus.yml"]
    (folder / "scrapes.yml").write_text(GOOD_SCRAPES + pods + "- job_name: api\n")
    code, checks = validate(capsys, *FILES)
    assert code == ExitCode.INCONCLUSIVE
    assert 'job name "api"' in checks["prometheus.yml"]["found"]


def test_rules_that_a_rehearsal_leaves_out_are_no_mistake(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    of_another = "- {name: b, type: graphite, rules: [{alert: OfAnother, expr: sumSeries(x)}]}\n"
    (folder / "rules.yml").write_text(GOOD_RULES + of_another)
    code, checks = validate_all(capsys, *FILES)
    assert code == ExitCode.PASS
    note, fine = (check for check in checks if check["name"] == "rules")
    assert (note["state"], fine["state"]) == ("note", "ok")
    assert note["found"].startswith("left out here: ")
    assert "OfAnother is not evaluated: type is vmalert's" in note["found"]
    (folder / "rules.yml").write_text(BAD_RULES + of_another)
    code, checks = validate_all(capsys, *FILES)
    assert code == ExitCode.INCONCLUSIVE
    assert any("unclosed left parenthesis" in check["found"] for check in checks if check["state"] == "broken")


def test_what_a_newer_server_has_is_left_out_here_and_no_mistake(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    found = find_binaries()
    if not found.alertmanager.version.startswith("0.25") or not found.prometheus.version.startswith("2.42"):
        pytest.skip("these servers know more")
    teams = "  msteamsv2_configs: [{webhook_url: 'https://x.example/y'}]\n"
    (folder / "routes.yml").write_text(GOOD_ROUTES + teams)
    (folder / "scrapes.yml").write_text("global: {scrape_protocols: [PrometheusProto]}\n" + GOOD_SCRAPES)
    code, checks = validate_all(capsys, *FILES)
    assert code == ExitCode.PASS
    notes = [check["found"] for check in checks if check["state"] == "note"]
    assert "left out here: receiver team: msteamsv2_configs needs Alertmanager ≥ 0.28" in notes
    assert any(note.startswith("left out here: scrape_protocols, newer than Prometheus 2.42") for note in notes)
    assert [check["name"] for check in checks if check["state"] == "ok"][-6:-4] == [
        "prometheus.yml",
        "alertmanager.yml",
    ]
    (folder / "routes.yml").write_text(GOOD_ROUTES + teams + "  slak_configs: []\n")
    (folder / "scrapes.yml").write_text("global: {scrape_protocols: [PrometheusProto]}\n" + BAD_SCRAPES)
    code, checks = validate_all(capsys, *FILES)
    assert code == ExitCode.INCONCLUSIVE
    broken = "\n".join(check["found"] for check in checks if check["state"] == "broken")
    assert "slak_configs" in broken
    assert "msteamsv2" not in broken
    assert 'job name "api"' in broken


def test_what_a_deployment_has_yet_to_fill_in_is_no_mistake(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    hook = "  slack_configs: [{channel: x, api_url: '${SLACK_URL}'}]\n"
    (folder / "routes.yml").write_text(GOOD_ROUTES + hook)
    code, checks = validate(capsys, *FILES)
    assert code == ExitCode.PASS, checks["alertmanager.yml"]
    assert checks["alertmanager.yml"]["state"] == "ok"
    (folder / "routes.yml").write_text(BAD_ROUTES + hook)
    code, checks = validate(capsys, *FILES)
    assert code == ExitCode.INCONCLUSIVE
