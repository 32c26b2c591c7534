"""The copied prometheus.yml: what stays, what changes and is said to, and what may never be in it."""

from __future__ import annotations

import subprocess
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.errors import InputError
from simulator.resources import shipped
from simulator.stack.binaries import Binaries
from simulator.stack.discovery import Discovered
from simulator.stack.prometheus_config import PrometheusConfig
from tests.stack.prometheus_copies import ALERTMANAGER, EMITTER, load

TEAM = """\
# token: in-a-comment
global:
  scrape_interval: 20s
  scrape_timeout: 7s
  evaluation_interval: 30s
  query_log_file: /var/log/prometheus/queries.log
  external_labels: {cluster: eu-1, "on": yes}
rule_files:
  - rules/*.yml
  - more.yml
alerting:
  alert_relabel_configs:
    - {regex: replica, action: labeldrop}
  alertmanagers:
    - scheme: https
      path_prefix: /alertmanager/
      timeout: 5s
      api_version: v2
      basic_auth: {username: prometheus, password: am-secret}
      tls_config: {ca_file: ca.pem}
      kubernetes_sd_configs: [{role: pod}]
      relabel_configs: [{source_labels: [__meta_kubernetes_pod], regex: am, action: keep}]
remote_write: [{url: "https://mimir.example/push", basic_auth: {password: rw-secret}}]
remote_read: [{url: "https://mimir.example/read"}]
tracing: {endpoint: "otel:4317"}
storage: {exemplars: {max_exemplars: 7}}
scrape_configs:
  - job_name: api servers
    scheme: https
    scrape_interval: 5s
    metrics_path: /internal/metrics
    params: {format: [prometheus], token: [url-secret]}
    honor_labels: true
    sample_limit: 0100
    basic_auth: {username: u, password: job-secret}
    tls_config: {insecure_skip_verify: true}
    proxy_url: http://corp:proxy-secret@proxy:3128
    static_configs:
      - targets: ["api-a.example", "api-b.example:8443"]
        labels: {tier: 1}
    relabel_configs: &short
      - {source_labels: [__address__], regex: '([^.]+)\\..*', target_label: instance}
    metric_relabel_configs:
      - {source_labels: [__name__], regex: "go_.*", action: drop}
  - job_name: files
    file_sd_configs: [{files: ["sd/*.json", "sd/*.yml"]}]
    relabel_configs: *short
  - job_name: Pods & more
    kubernetes_sd_configs: [{role: pod, bearer_token_file: /k8s}]
    relabel_configs: [{source_labels: [__meta_kubernetes_pod_label_app], target_label: app}]
"""


@pytest.fixture
def team(tmp_path: Path) -> Path:
    rules = "groups: [{name: g, rules: [{record: a:b, expr: up}]}]\n"
    for name, text in {
        "prometheus.yml": TEAM,
        "rules/one.yml": rules,
        "more.yml": rules.replace("name: g", "name: h"),
        "sd/a.json": '[\n {"targets": ["one:9100", "two:9100"],\n "labels": {"zone": "a"}}\n]\n',
        "sd/b.yml": "---\n- targets:\n    - three:9100\n",
    }.items():
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
    return tmp_path / "prometheus.yml"


def test_what_shapes_series_and_alerts_stays_as_written(team: Path) -> None:
    copy = load(PrometheusConfig.read(team).copy(emitter_url=EMITTER, alertmanager_url=ALERTMANAGER))
    original = load(TEAM)
    assert copy["global"] == {k: v for k, v in original["global"].items() if k != "query_log_file"}
    assert copy["storage"] == original["storage"]
    assert copy["alerting"]["alert_relabel_configs"] == original["alerting"]["alert_relabel_configs"]
    assert copy["rule_files"] == [f"{team.parent}/rules/*.yml", f"{team.parent}/more.yml"]
    for job, written in zip(copy["scrape_configs"], original["scrape_configs"], strict=True):
        for key in ("job_name", "scrape_interval", "metrics_path", "honor_labels", "sample_limit", "scheme"):
            assert job.get(key) == written.get(key)
        assert job.get("metric_relabel_configs") == written.get("metric_relabel_configs")
        assert job["relabel_configs"][: len(written["relabel_configs"])] == written["relabel_configs"]


def test_scalars_are_spelled_as_in_the_original(team: Path) -> None:
    """`yes` and `0100` mean something else to Prometheus's YAML than to ours, so they are not interpreted."""
    text = PrometheusConfig.read(team).copy(emitter_url=EMITTER, alertmanager_url=ALERTMANAGER)
    assert "sample_limit: 0100\n" in text
    assert "yes" in text
    assert '"on"' in text


def test_targets_of_instances_that_are_not_there_are_not_scraped(team: Path) -> None:
    config = PrometheusConfig.read(team)
    first, *others = config.jobs[0].targets
    without = {("api servers", target) for target in others} | {("files", first)}
    copy = load(config.copy(emitter_url=EMITTER, alertmanager_url=ALERTMANAGER, without=without))
    whole = load(config.copy(emitter_url=EMITTER, alertmanager_url=ALERTMANAGER))
    assert [group["targets"] for group in copy["scrape_configs"][0]["static_configs"]] == [[first]]
    assert copy["scrape_configs"][1] == whole["scrape_configs"][1]


def test_jobs_go_through_the_emitter_and_say_who_they_are(team: Path) -> None:
    config = PrometheusConfig.read(team)
    copy = load(config.copy(emitter_url=EMITTER, alertmanager_url=ALERTMANAGER))
    assert [job["proxy_url"] for job in copy["scrape_configs"]] == [
        "http://api%20servers@127.0.0.1:4001",
        "http://files@127.0.0.1:4001",
        "http://Pods%20%26%20more@127.0.0.1:4001",
    ]
    assert copy["scrape_configs"][0]["static_configs"] == [
        {"targets": [target], "labels": {"tier": "1", "__param_crybsim_target": target}}
        for target in ("api-a.example", "api-b.example:8443")
    ]
    assert [(job.name, job.targets) for job in config.jobs] == [
        ("api servers", ("api-a.example", "api-b.example:8443")),
        ("files", ("one:9100", "two:9100", "three:9100")),
        ("Pods & more", ("pods-more:80", *(f"pods-more-{number}:80" for number in range(2, 33)))),
    ]
    assert config.jobs[2].spare == set(config.jobs[2].targets[1:])


def test_https_becomes_http_after_the_teams_own_relabelling(team: Path) -> None:
    config = PrometheusConfig.read(team)
    job = load(config.copy(emitter_url=EMITTER, alertmanager_url=ALERTMANAGER))["scrape_configs"][0]
    assert job["relabel_configs"][-1] == {"target_label": "__scheme__", "replacement": "http"}
    assert job["relabel_configs"][-2]["replacement"] == "$1:443"
    newer = PrometheusConfig.read(team, default_ports=False)
    job = load(newer.copy(emitter_url=EMITTER, alertmanager_url=ALERTMANAGER))["scrape_configs"][0]
    assert len(job["relabel_configs"]) == 2


def test_alerts_go_to_the_local_alertmanager_under_the_teams_prefix(team: Path) -> None:
    config = PrometheusConfig.read(team)
    copy = load(config.copy(emitter_url=EMITTER, alertmanager_url=ALERTMANAGER))
    assert config.alertmanager_prefix == "/alertmanager"
    assert config.sends_alerts
    assert copy["alerting"]["alertmanagers"] == [
        {
            "path_prefix": "/alertmanager/",
            "timeout": "5s",
            "api_version": "v2",
            "static_configs": [{"targets": ["127.0.0.1:4002"]}],
        }
    ]


def test_two_alertmanagers_become_one_under_the_first_ones_prefix(tmp_path: Path) -> None:
    """One local Alertmanager answers under one prefix only; what each is sent (relabelling) stays apart."""
    text = """
alerting:
  alertmanagers:
    - {path_prefix: /a, static_configs: [{targets: [a]}], alert_relabel_configs: [{regex: x, action: labeldrop}]}
    - {path_prefix: /b/, static_configs: [{targets: [b]}]}
"""
    config = PrometheusConfig(text, tmp_path / "p.yml")
    sections = load(config.copy(emitter_url=EMITTER, alertmanager_url=ALERTMANAGER))["alerting"]["alertmanagers"]
    assert config.alertmanager_prefix == "/a"
    assert [section["path_prefix"] for section in sections] == ["/a", "/a"]
    assert [section["static_configs"][0]["targets"] for section in sections] == [["127.0.0.1:4002"]] * 2
    assert "alert_relabel_configs" in sections[0]
    assert "alertmanager 2: path_prefix /b became /a" in config.changes


def test_every_change_is_listed(team: Path) -> None:
    changes = "\n".join(PrometheusConfig.read(team).changes)
    for expected in (
        "global: query_log_file removed",
        "rule_files: rules/*.yml made absolute",
        "alertmanager: basic_auth removed",
        "alertmanager: tls_config removed",
        "alertmanager: https becomes http",
        "alertmanager: kubernetes_sd_configs replaced",
        "alertmanager: relabel_configs removed",
        "remote_write removed",
        "remote_read removed",
        "tracing removed",
        "job 'api servers': basic_auth removed",
        "job 'api servers': proxy_url removed",
        "job 'api servers': parameter token masked",
        "job 'api servers': https becomes http",
        f"job 'files': file_sd_configs replaced by the 3 targets of {team.parent}/sd/a.json",
        "job 'Pods & more': kubernetes_sd_configs replaced by pods-more:80, pods-more-2:80, …: one target for each",
        "job 'Pods & more': labels that only discovery knows are guessed: __meta_kubernetes_pod_label_app=Pods & more",
    ):
        assert expected in changes


def test_what_discovery_would_find_can_be_given(team: Path) -> None:
    pods = Discovered(("pod-1:80", "pod-2:80"), {"__meta_kubernetes_pod_label_app": "api"})
    given_by_hand = {"Pods & more": (pods, Discovered(("pod-3:80",)))}
    config = PrometheusConfig.read(team, discovered=given_by_hand)
    job = load(config.copy(emitter_url=EMITTER, alertmanager_url=ALERTMANAGER))["scrape_configs"][2]
    assert [group["targets"] for group in job["static_configs"]] == [["pod-1:80"], ["pod-2:80"], ["pod-3:80"]]
    assert job["static_configs"][0]["labels"]["__meta_kubernetes_pod_label_app"] == "api"


def test_other_rules_can_be_given(team: Path) -> None:
    other = team.parent / "more.yml"
    config = PrometheusConfig.read(team, rules=[str(other)])
    copy = load(config.copy(emitter_url=EMITTER, alertmanager_url=ALERTMANAGER))
    assert copy["rule_files"] == [str(other)]
    assert config.rule_files == (other,)


def test_rules_that_are_not_there_are_a_mistake_not_a_silence(team: Path) -> None:
    (team.parent / "more.yml").unlink()
    with pytest.raises(InputError, match=r"prometheus\.yml:9:3: rule_files: .*/more\.yml: no such rule file"):
        PrometheusConfig.read(team)
    with pytest.raises(InputError, match="no such rule file"):
        PrometheusConfig.read(team, rules=["nowhere/*.yml"])


def test_a_pattern_that_matches_nothing_beside_one_that_does_is_only_listed(team: Path) -> None:
    (team.parent / "rules/one.yml").unlink()
    config = PrometheusConfig.read(team)
    assert f"rule_files: {team.parent}/rules/*.yml matches no file here" in config.changes


def test_files_of_scrape_configs_are_inlined(team: Path) -> None:
    (team.parent / "jobs").mkdir()
    (team.parent / "jobs/x.yml").write_text("scrape_configs: [{job_name: x, file_sd_configs: [{files: [t.json]}]}]\n")
    (team.parent / "jobs/t.json").write_text('[{"targets": ["t:1"]}]')
    team.write_text(TEAM + "scrape_config_files: [jobs/*.yml]\n")
    config = PrometheusConfig.read(team)
    assert (config.jobs[-1].name, config.jobs[-1].targets) == ("x", ("t:1",))
    assert "scrape_config_files" not in load(config.copy(emitter_url=EMITTER, alertmanager_url=ALERTMANAGER))


def test_a_file_without_alertmanager_notifies_nobody_and_says_so(tmp_path: Path) -> None:
    config = PrometheusConfig("global: {}\n", tmp_path / "p.yml")
    assert not config.sends_alerts
    assert any("nobody is notified" in change for change in config.changes)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: [", r"p\.yml:\d+:\d+: not YAML"),
        ("- a\n", r"p\.yml: not a prometheus\.yml: the document is not a mapping"),
        ("scrape_configs: [{scheme: http}]\n", r"p\.yml:1:18: scrape_configs: a job without job_name"),
        ("scrape_configs: [job]\n", r"p\.yml:1:18: scrape_configs: a job has to be a mapping"),
        ("global: {}\nglobal: {}\n", r"p\.yml:2:1: .*twice"),
    ],
)
def test_what_is_no_prometheus_yml_is_refused_with_its_place(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        PrometheusConfig(text, tmp_path / "p.yml")


@given(job=st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=20).filter(str.strip))
def test_any_job_name_comes_back_from_the_proxys_user(job: str) -> None:
    text = f"scrape_configs: [{{job_name: {_quoted(job)}}}]\n"
    copy = load(PrometheusConfig(text, Path("p.yml")).copy(emitter_url=EMITTER, alertmanager_url=ALERTMANAGER))
    url = urlsplit(copy["scrape_configs"][0]["proxy_url"])
    assert (unquote(url.username or ""), url.hostname, url.port) == (job, "127.0.0.1", 4001)
    assert copy["scrape_configs"][0]["job_name"] == job


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


@pytest.mark.stack
@pytest.mark.parametrize("which", ["team", "reference"])
def test_promtool_accepts_the_copy(which: str, team: Path, tmp_path: Path, binaries: Binaries) -> None:
    original = team if which == "team" else shipped("monitoring") / "prometheus/prometheus.yml"
    copy = tmp_path / "copy.yml"
    copy.write_text(PrometheusConfig.read(original).copy(emitter_url=EMITTER, alertmanager_url=ALERTMANAGER))
    done = subprocess.run(
        [binaries.promtool.path, "check", "config", copy], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "SUCCESS" in done.stdout


def test_jobs_of_an_overlay_are_added_and_jobs_may_be_called_otherwise(team: Path) -> None:
    named = [job.name for job in PrometheusConfig.read(team).jobs]
    first = named[0]
    config = PrometheusConfig.read(
        team,
        more_jobs={"mailer": ("mailer:80", "mailer-2:80"), first: ("ignored:1",)},
        called={"web": first, "x": first},
    )
    assert [job.name for job in config.jobs] == ["web", *named[1:], "x", first, "mailer"] or "mailer" in named
    assert next(job.targets for job in config.jobs if job.name == "mailer") == ("mailer:80", "mailer-2:80")
    of = {job.name: job.targets for job in config.jobs}
    assert of["web"] == of["x"]
    assert f"job {first!r} is called 'web', as crybsim.yaml says" in config.changes


def test_what_says_how_to_scrape_or_when_to_evaluate_is_newer_than_the_engine(tmp_path: Path) -> None:
    text = """
global: {scrape_protocols: [PrometheusProto], rule_query_offset: 1m}
otlp: {promote_resource_attributes: [x]}
scrape_configs:
- {job_name: a, fallback_scrape_protocol: PrometheusText0.0.4, static_configs: [{targets: ['a:1']}]}
"""
    config = PrometheusConfig(text, tmp_path / "prometheus.yml")
    copy = config.copy(emitter_url=EMITTER, alertmanager_url=ALERTMANAGER)
    assert not any(word in copy for word in ("scrape_protocol", "rule_query_offset", "otlp"))
    assert config.lacking == ("rule_query_offset (1m) is not simulated: rules are evaluated at once",)
    assert "job 'a': fallback_scrape_protocol removed" in config.changes
    assert PrometheusConfig("global: {rule_query_offset: 0s}\n", tmp_path / "prometheus.yml").lacking == ()
