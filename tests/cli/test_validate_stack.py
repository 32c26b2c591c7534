"""`crybsim validate` with URLs: a stack that is well, and one where each part has something wrong with it."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest

from simulator.cli.main import main
from simulator.errors import ExitCode
from simulator.stack.binaries import find_binaries
from simulator.stack.local import LocalStack
from tests.sinks.sentry_receiver import KEY, Receiver, Say, receiving
from tests.stack.loki import running_loki

RULES = """\
groups:
  - name: g
    interval: 1s
    rules:
      - {record: "job:up:sum", expr: sum by (job) (up)}
      - {alert: Seen, expr: "job:up:sum > 100", labels: {severity: critical}}
      - {alert: Blind, expr: "up_and_away > 0", labels: {severity: critical}}
      - {alert: Ill, expr: "up * on () group_left () (up or vector(1))", labels: {severity: page}}
"""
ROUTES = """\
route:
  receiver: web
  group_wait: 0s
  routes:
    - {receiver: web, matchers: [severity="critical"]}
    - {receiver: nobody, matchers: [severity="critical", team="web"]}
    - {receiver: web, matchers: [severity="unheard-of"]}
receivers:
  - name: web
    webhook_configs: [{url: "RECEIVER"}]
  - name: nobody
"""


class Listening(BaseHTTPRequestHandler):
    """Takes notifications; as a Grafana it has two data sources, one of which is ill."""

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self._say(200, {})

    def do_GET(self) -> None:
        known: dict[str, tuple[int, Any]] = {
            "/api/health": (200, {"database": "ok"}),
            "/api/datasources": (200, [{"uid": "a", "name": "Prometheus"}, {"uid": "b", "name": "Loki"}]),
            "/api/datasources/uid/a/health": (200, {"status": "OK", "message": "Successfully queried"}),
            "/api/datasources/uid/b/health": (400, {"status": "ERROR", "message": "connection refused"}),
            "/api/search": (200, [{"uid": "x"}]),
        }
        path = self.path.partition("?")[0]
        if path != "/api/health" and self.headers.get("Authorization") != "Bearer let-me-in":
            self._say(401, {"message": "Unauthorized"})
        else:
            self._say(*known.get(path, (404, {})))

    def _say(self, status: int, body: Any) -> None:
        content = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *arguments: object) -> None:
        pass


@contextmanager
def listening() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Listening) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.fixture(scope="module")
def ailing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, str]]:
    """A Prometheus and an Alertmanager, with a target, a rule, a metric and a route that are not as they should be."""
    folder: Path = tmp_path_factory.mktemp("ailing")
    (folder / "rules.yml").write_text(RULES)
    binaries = find_binaries()
    with (
        listening() as receiver,
        LocalStack(folder, prometheus=binaries.prometheus.path, alertmanager=binaries.alertmanager.path) as stack,
    ):
        alertmanager = stack.start_alertmanager(ROUTES.replace("RECEIVER", receiver))

        def config(url: str) -> str:
            jobs = [
                {"job_name": "self", "static_configs": [{"targets": [url.removeprefix("http://")]}]},
                {"job_name": "gone", "static_configs": [{"targets": ["127.0.0.1:1"]}]},
            ]
            sending = [{"static_configs": [{"targets": [alertmanager.removeprefix("http://")]}]}]
            return json.dumps(
                {
                    "global": {"scrape_interval": "1s"},
                    "rule_files": [str(folder / "rules.yml")],
                    "alerting": {"alertmanagers": sending},
                    "scrape_configs": jobs,
                }
            )

        prometheus = stack.start_prometheus(config)
        deadline = time.monotonic() + 60
        while not _settled(prometheus):
            assert time.monotonic() < deadline
            time.sleep(0.2)
        yield prometheus, alertmanager


def _settled(url: str) -> bool:
    targets = httpx.get(f"{url}/api/v1/targets").json()["data"]["activeTargets"]
    groups = httpx.get(f"{url}/api/v1/rules").json()["data"]["groups"]
    known = httpx.get(f"{url}/api/v1/alertmanagers").json()["data"]["activeAlertmanagers"]
    healths = [rule["health"] for group in groups for rule in group["rules"]]
    return bool(known) and all(t["health"] != "unknown" for t in targets) and healths == ["ok", "ok", "ok", "err"]


def validated(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, dict[str, list[dict[str, str]]]]:
    """The exit code, and the checks by name."""
    code = main(["validate", *arguments, "--json"])
    found: dict[str, list[dict[str, str]]] = {}
    for check in json.loads(capsys.readouterr().out)["checks"]:
        found.setdefault(check["name"], []).append(check)
    return code, found


@pytest.mark.stack
@pytest.mark.slow
def test_what_is_wrong_has_a_line_of_its_own(ailing: tuple[str, str], capsys: pytest.CaptureFixture[str]) -> None:
    prometheus, alertmanager = ailing
    code, found = validated(capsys, "--prometheus-url", prometheus, "--alertmanager-url", alertmanager)
    assert code == ExitCode.INCONCLUSIVE
    assert found["targets"][0]["found"] == "1 of 2 up"
    (target,) = found["target"]
    assert "gone 127.0.0.1:1" in target["found"]
    assert "http://127.0.0.1:1/metrics" in target["next"]
    assert "3 alerts and 1 recordings in 1 groups, 1 of them fail" in found["rules"][0]["found"]
    (rule,) = found["rule"]
    assert "g Ill:" in rule["found"]
    (metric,) = found["metric"]
    assert metric["found"].startswith("up_and_away has no series; Blind can see nothing")
    assert found["alerting"][0]["state"] == "ok"
    cut_off, *others = found["route"]
    assert "route.routes[1] hears nothing: route.routes[0] comes first" in cut_off["found"]
    assert any("route.routes[2]" in one["found"] and one["state"] == "note" for one in others)


@pytest.mark.stack
@pytest.mark.slow
def test_dashboards_are_looked_at_panel_by_panel(
    ailing: tuple[str, str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    panels = [{"type": "stat", "title": expr, "targets": [{"refId": "A", "expr": expr}]} for expr in ("up", "upp")]
    (tmp_path / "d.json").write_text(json.dumps({"title": "D", "panels": panels}))
    _, found = validated(capsys, "--prometheus-url", ailing[0], "--dashboards", str(tmp_path / "*.json"))
    assert found["panels"][0]["found"] == "panels with data: 1 of 2"
    (empty,) = found["panel"]
    assert empty["found"] == "D / upp: upp has no series; did you mean 'up'?"
    assert empty["state"] == "note"


@pytest.mark.stack
def test_crybsim_yaml_names_a_stack_that_is_looked_at_after_the_machine(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    with listening() as url:
        (tmp_path / "crybsim.yaml").write_text(f"grafana_url: {url}\n")
        _, found = validated(capsys)
        assert found["python"][0]["state"] == found["grafana"][0]["state"] == "ok"
        _, found = validated(capsys, "--api-url", url)
        assert "api" in found
        assert not {"python", "grafana"} & found.keys(), "a flag beats the file"


@pytest.mark.stack
@pytest.mark.slow
def test_a_test_notification_is_taken(ailing: tuple[str, str], capsys: pytest.CaptureFixture[str]) -> None:
    _, alertmanager = ailing
    code, found = validated(capsys, "--alertmanager-url", alertmanager, "--test-notification", "severity=critical")
    assert found["notification"][0]["found"] == "web: webhook took a test notification"
    assert code == ExitCode.INCONCLUSIVE, "a route is out of reach"


def test_grafana_is_asked_for_its_sources_where_it_lets_us_in(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with listening() as url:
        code, found = validated(capsys, "--grafana-url", url)
        assert code == ExitCode.PASS
        assert "GRAFANA_TOKEN" in found["grafana"][1]["next"]
        monkeypatch.setenv("GRAFANA_TOKEN", "let-me-in")
        code, found = validated(capsys, "--grafana-url", url)
        assert code == ExitCode.INCONCLUSIVE
        assert [check["state"] for check in found["data source"]] == ["ok", "broken"]
        assert "Loki: connection refused" in found["data source"][1]["found"]
        assert found["dashboards"][0]["found"] == "1 dashboards"
        monkeypatch.setenv("GRAFANA_TOKEN", "wrong")
        code, found = validated(capsys, "--grafana-url", url)
        assert code == ExitCode.INCONCLUSIVE
        assert "401" in found["grafana"][1]["found"]


def test_sentry_takes_an_event_or_says_why_not(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with receiving(Receiver()) as receiver:
        monkeypatch.setenv("SENTRY_DSN", receiver.dsn)
        code, found = validated(capsys, "--sentry", "SENTRY_DSN")
        assert code == ExitCode.PASS
        assert "took an event" in found["sentry"][0]["found"]
        assert len(receiver.of("event")) == 1
    with receiving(Receiver(lambda number, kind: Say(403))) as receiver:
        monkeypatch.setenv("SENTRY_DSN", receiver.dsn)
        code, found = validated(capsys, "--sentry", "SENTRY_DSN")
        assert code == ExitCode.INCONCLUSIVE
        assert "key" in found["sentry"][0]["found"]
        assert KEY not in json.dumps(found)


@pytest.mark.parametrize("flag", ["--prometheus-url", "--alertmanager-url", "--loki-url", "--grafana-url", "--api-url"])
def test_what_does_not_answer_is_said_with_what_to_look_at(flag: str, capsys: pytest.CaptureFixture[str]) -> None:
    code, found = validated(capsys, flag, "http://127.0.0.1:1")
    assert code == ExitCode.INCONCLUSIVE
    (first, *_) = [check for checks in found.values() for check in checks]
    assert first["state"] == "broken"
    assert "does not answer" in first["found"]
    assert first["next"]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--prometheus-url", "nowhere"], "--prometheus-url nowhere: is not a URL"),
        (["--loki-url", "http://loki.example:3100"], "allowed_hosts"),
        (["--test-notification", "a=b"], "give its URLs"),
        (["--api-url", "http://127.0.0.1:1", "--test-notification", "a=b"], "needs --alertmanager-url"),
        (["--alertmanager-url", "http://127.0.0.1:1", "--test-notification", "ab"], "'ab' is not a label"),
    ],
)
def test_bad_usage_is_one_line(arguments: list[str], words: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["validate", *arguments]) == ExitCode.USAGE
    told = capsys.readouterr()
    assert words in told.err
    assert len(told.err.splitlines()) == 1


@pytest.mark.slow
def test_a_real_loki_gives_the_canary_back(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with running_loki(tmp_path) as url:
        code, found = validated(capsys, "--loki-url", url)
    assert code == ExitCode.PASS, found
    assert "written and read back" in found["loki"][-1]["found"]
