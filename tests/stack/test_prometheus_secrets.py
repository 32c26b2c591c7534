"""No secret of a prometheus.yml reaches its copy, the targets or the list of changes, wherever it stands."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from simulator.stack.prometheus_config import PrometheusConfig
from tests.stack.prometheus_copies import ALERTMANAGER, EMITTER, load

SECRET = "hunter2-S3cr3t"
CLIENT: Mapping[str, object] = {
    "basic_auth": {"username": SECRET, "password": SECRET},
    "authorization": {"credentials": SECRET},
    "oauth2": {"client_id": "x", "client_secret": SECRET, "endpoint_params": {"a": SECRET}},
    "bearer_token": SECRET,
    "bearer_token_file": SECRET,
    "tls_config": {"cert": SECRET, "key": SECRET, "key_file": SECRET},
    "http_headers": {"X-Key": {"secrets": [SECRET]}},
    "proxy_url": f"http://u:{SECRET}@proxy:1",
    "proxy_connect_header": {"Proxy-Authorization": [SECRET]},
    "sigv4": {"secret_key": SECRET},
}
JOB: Mapping[str, object] = {
    **CLIENT,
    "params": {"api_key": [SECRET, SECRET]},
    "static_configs": [{"targets": [f"https://u:{SECRET}@host/health"], "labels": {"__param_token": SECRET}}],
    "relabel_configs": [{"target_label": "__param_auth_token", "replacement": SECRET}],
    "http_sd_configs": [{"url": f"https://u:{SECRET}@sd", "basic_auth": {"password": SECRET}}],
    "consul_sd_configs": [{"token": SECRET, "password": SECRET}],
    "ec2_sd_configs": [{"access_key": SECRET, "secret_key": SECRET}],
    "azure_sd_configs": [{"client_secret": SECRET}],
    "openstack_sd_configs": [{"password": SECRET, "application_credential_secret": SECRET}],
    "kubernetes_sd_configs": [{"api_server": f"https://u:{SECRET}@k", "oauth2": {"client_secret": SECRET}}],
    "digitalocean_sd_configs": [{"authorization": {"credentials": SECRET}}],
}
ELSEWHERE: Mapping[str, object] = {
    "remote_write": [{"url": f"https://u:{SECRET}@mimir", "headers": {"X": SECRET}, "azuread": {"x": SECRET}}],
    "remote_read": [{"url": "https://x", "authorization": {"credentials": SECRET}}],
    "tracing": {"headers": {"x": SECRET}, "tls_config": {"key": SECRET}},
    "something_new": [{"deeper": {"password": SECRET, "kept": "this"}}],
    "another": {"url": f"https://u:{SECRET}@host"},
}


def places() -> list[tuple[str, dict[str, Any]]]:
    found: list[tuple[str, dict[str, Any]]] = []
    for key, value in JOB.items():
        found.append((f"job.{key}", {"scrape_configs": [{"job_name": "x", key: value}]}))
    for key, value in CLIENT.items():
        found.append((f"alertmanager.{key}", {"alerting": {"alertmanagers": [{key: value}]}}))
    found += [(key, {key: value}) for key, value in ELSEWHERE.items()]
    return found


@pytest.mark.parametrize(("place", "document"), places(), ids=[place for place, _ in places()])
def test_no_secret_reaches_the_copy_the_targets_or_the_list(
    place: str, document: dict[str, Any], tmp_path: Path
) -> None:
    path = tmp_path / "prometheus.yml"
    with path.open("w") as file:
        YAML().dump(document, file)
    assert SECRET in path.read_text()
    config = PrometheusConfig.read(path)
    seen = config.copy(emitter_url=EMITTER, alertmanager_url=ALERTMANAGER) + repr(config.jobs) + repr(config.changes)
    assert SECRET not in seen
    assert any(word in "\n".join(config.changes) for word in ("removed", "replaced", "masked", "without")), place


def test_secrets_in_discovery_files_and_comments_stay_behind(tmp_path: Path) -> None:
    (tmp_path / "t.yml").write_text(f"- targets: ['https://u:{SECRET}@h/']\n  labels: {{__param_token: {SECRET}}}\n")
    path = tmp_path / "p.yml"
    path.write_text(
        f"# {SECRET}\nscrape_configs:\n- job_name: x  # {SECRET}\n  file_sd_configs: [{{files: [t.yml]}}]\n"
    )
    config = PrometheusConfig.read(path)
    text = config.copy(emitter_url=EMITTER, alertmanager_url=ALERTMANAGER)
    assert SECRET not in text + repr(config.jobs)
    assert "https://redacted@h/" in text


def test_a_regular_expression_is_not_taken_for_a_url_with_a_password(tmp_path: Path) -> None:
    rule = "relabel_configs: [{source_labels: [a], regex: 'https?://([^@]+)@.*', target_label: b}]"
    config = PrometheusConfig(f"scrape_configs: [{{job_name: x, {rule}}}]\n", tmp_path / "p.yml")
    job = load(config.copy(emitter_url=EMITTER, alertmanager_url=ALERTMANAGER))["scrape_configs"][0]
    assert job["relabel_configs"][0]["regex"] == "https?://([^@]+)@.*"
