"""Labels of targets and samples against those that a live Prometheus stores, over generated configurations."""

from __future__ import annotations

import itertools
import json
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from simulator.engine.relabel import Relabelling, read_rules
from simulator.engine.scrape_labels import is_storable, stored_labels, target_labels
from simulator.stack.binaries import Binaries
from simulator.stack.local import LocalStack
from simulator.telemetry.samples import Labels, labels_of
from simulator.transport import http_client

EXPOSED: list[dict[str, str]] = [
    {"__name__": "requests_total", "code": "200", "env": "exposed"},
    {"__name__": "requests_total", "code": "503", "job": "inner", "exported_job": "older", "instance": "me"},
    {"__name__": "errors_total", "path": "/a b", "Mixed": "ÄpfelX", "exported_env": "e"},
    {"__name__": "plain"},
    {"__name__": "clashing", "env": "one", "exported_env": "two", "exported_exported_env": "three"},
    {"__name__": "empties", "job": "", "team": ""},
    {"__name__": "api_1:ratio", "le": "+Inf", "a": "x", "ab": "y", "exported_instance": "i"},
]

TARGETS = ["api-1.example:3001", "api-2.example:3001", "db.example", "[::1]:80"]
_GROUP = {"env": "PROD-eu", "exported_env": "group", "__meta_zone": "a", "__meta_exported_x": "m", "team": "core"}
_jobs = itertools.count()

_LABELS = ["env", "team", "job", "instance", "code", "new", "exported_job", "a", "ab", "path"]
_SOURCES = st.lists(st.sampled_from([*_LABELS, "__address__", "__meta_zone", "__name__", "missing"]), max_size=3)
_REGEXES = st.sampled_from(
    [
        "(.*)",
        ".+",
        "",
        "(api-(\\d)).*",
        "(?i)prod-(?P<place>.*)",
        "__meta_(.+)",
        "(.+)_total",
        "job|env",
        "a.*",
        "([^;]*);?(.*)",
        "exported_(.*)",
        "[0-9]+",
    ]
)
_REPLACEMENTS = st.sampled_from(["$1", "${1}", "$2", "x-$1-y", "$1x", "${place}", "$$1", "", "fixed", "$0", "${1}${2}"])
_TARGETS = st.sampled_from([*_LABELS, "__address__", "__name__", "new_${1}", "$1", "__param_x"])
_PLAIN = st.sampled_from([*_LABELS, "__address__", "__name__"])


def _step(action: str, **fields: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries({"action": st.just(action)}, optional=fields)


def _requiring(steps: st.SearchStrategy[dict[str, Any]], **fields: st.SearchStrategy[Any]) -> Any:
    return st.tuples(steps, st.fixed_dictionaries(fields)).map(lambda both: both[0] | both[1])


_SEPARATORS = st.sampled_from([";", "", "-"])
_STEPS = st.one_of(
    _requiring(
        _step("replace", source_labels=_SOURCES, regex=_REGEXES, replacement=_REPLACEMENTS, separator=_SEPARATORS),
        target_label=_TARGETS,
    ),
    _requiring(_step("Keep", separator=_SEPARATORS), source_labels=_SOURCES, regex=_REGEXES),
    _requiring(_step("drop", separator=_SEPARATORS), source_labels=_SOURCES, regex=_REGEXES),
    _requiring(_step("keepequal"), source_labels=_SOURCES, target_label=_PLAIN),
    _requiring(_step("dropequal"), source_labels=_SOURCES, target_label=_PLAIN),
    _requiring(
        _step("hashmod", separator=_SEPARATORS), source_labels=_SOURCES, target_label=_PLAIN, modulus=st.just(97)
    ),
    _requiring(_step("labelmap"), regex=_REGEXES, replacement=st.sampled_from(["$1", "new_$1", "${1}", "fixed"])),
    _requiring(_step("labeldrop"), regex=_REGEXES),
    _requiring(_step("labelkeep"), regex=st.sampled_from(["__.*|job|env|instance", "__name__|job", "a.*|__.*"])),
    _requiring(_step("lowercase", source_labels=_SOURCES), target_label=_PLAIN),
    _requiring(_step("uppercase", source_labels=_SOURCES), target_label=_PLAIN),
)
_CONFIGS = st.fixed_dictionaries(
    {
        "honor_labels": st.booleans(),
        "relabel_configs": st.lists(_STEPS, max_size=3),
        "metric_relabel_configs": st.lists(_STEPS, max_size=3),
    }
)


class _Exporter:
    """Answers as the proxy of every scrape, whatever the target."""

    def __init__(self) -> None:
        body = "".join(map(_exposition, EXPOSED)).encode()

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self.send_response(200)
                self.send_header("Content-Type", "text/plain; version=0.0.4")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                return

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


def _exposition(sample: dict[str, str]) -> str:
    labels = (f"{k}={json.dumps(v, ensure_ascii=False)}" for k, v in sample.items() if k != "__name__")
    return f"{sample['__name__']}{{{','.join(labels)}}} 1\n"


@dataclass
class _Live:
    """A Prometheus whose scrape jobs can be exchanged."""

    client: httpx.Client
    stack: LocalStack
    proxy_url: str

    def scrape(self, configs: dict[str, dict[str, Any]]) -> None:
        """Scrape each target of these jobs at least once."""
        jobs = [
            config
            | {
                "job_name": name,
                "proxy_url": self.proxy_url,
                "static_configs": [{"targets": TARGETS, "labels": _GROUP}],
                # marks what comes of this job, whatever its labels have become
                "metric_relabel_configs": [
                    *config["metric_relabel_configs"],
                    {"target_label": "zz_config", "replacement": name},
                ],
            }
            for name, config in configs.items()
        ]
        # nobody tells when targets are discovered, but all jobs' are at the same time: one job surely has some
        sentinel = f"sentinel-{next(_jobs)}"
        jobs.append({"job_name": sentinel, "proxy_url": self.proxy_url, "static_configs": [{"targets": TARGETS}]})
        document = {"global": {"scrape_interval": "1s", "scrape_timeout": "1s"}, "scrape_configs": jobs}
        (self.stack.configs / "prometheus.yml").write_text(json.dumps(document))
        self.client.post("/-/reload").raise_for_status()
        deadline = time.monotonic() + 200
        while not self._has_scraped({*configs, sentinel}, sentinel):
            assert time.monotonic() < deadline, "targets were not scraped in time"
            time.sleep(0.1)

    def _has_scraped(self, jobs: set[str], sentinel: str) -> bool:
        active = self.client.get("/api/v1/targets?state=active").json()["data"]["activeTargets"]
        return (
            {target["scrapePool"] for target in active} <= jobs
            and any(target["scrapePool"] == sentinel for target in active)
            and all(target["health"] != "unknown" for target in active)
        )

    def targets(self) -> dict[str, set[Labels]]:
        """The labels of each job's targets."""
        found: dict[str, set[Labels]] = {}
        for target in self.client.get("/api/v1/targets?state=active").json()["data"]["activeTargets"]:
            found.setdefault(target["scrapePool"], set()).add(labels_of(target["labels"]))
        return found

    def samples(self, names: set[str]) -> dict[str, set[Labels]]:
        """The labels of each job's stored samples."""
        answer = self.client.post("/api/v1/query", data={"query": '{zz_config!=""}'}).json()
        found: dict[str, set[Labels]] = {}
        for item in answer["data"]["result"]:
            labels = dict(item["metric"])
            job = labels.pop("zz_config")
            if job in names:
                found.setdefault(job, set()).add(labels_of(labels))
        return found


@pytest.fixture(scope="module")
def live(binaries: Binaries, tmp_path_factory: pytest.TempPathFactory) -> Iterator[_Live]:
    exporter = _Exporter()
    stack = LocalStack(
        tmp_path_factory.mktemp("scrape"),
        prometheus=binaries.prometheus.path,
        alertmanager=binaries.alertmanager.path,
    )
    with stack:
        url = stack.start_prometheus(lambda _: "{}", flags=["--web.enable-lifecycle"])
        with http_client(url, timeout=30) as client:
            yield _Live(client, stack, exporter.url)
    exporter.close()


def _discovered(job: str, target: str) -> dict[str, str]:
    return _GROUP | {
        "job": job,
        "__address__": target,
        "__scheme__": "http",
        "__metrics_path__": "/metrics",
        "__scrape_interval__": "1s",
        "__scrape_timeout__": "1s",
    }


def _targets(job: str, config: dict[str, Any]) -> set[Labels]:
    relabel = Relabelling(read_rules(config["relabel_configs"]))
    found = (target_labels(_discovered(job, target), relabel, default_ports=True) for target in TARGETS)
    return {labels for labels in found if labels is not None}


def _samples(job: str, config: dict[str, Any]) -> set[Labels]:
    metric_relabel = Relabelling(read_rules(config["metric_relabel_configs"]))
    stored: set[Labels] = set()
    for target in _targets(job, config):
        found = [
            stored_labels(exposed, target, metric_relabel, honor_labels=config["honor_labels"]) for exposed in EXPOSED
        ]
        kept = [labels for labels in found if labels is not None]
        if all(map(is_storable, kept)):
            stored.update(kept)
    return stored


@pytest.mark.accept
@pytest.mark.stack
@pytest.mark.slow
@settings(
    max_examples=3,
    phases=[Phase.explicit, Phase.reuse, Phase.generate],  # each takes seconds, and holds dozens of configurations
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.large_base_example],
)
@given(configs=st.lists(_CONFIGS, min_size=40, max_size=60))
def test_labels_are_those_of_a_live_scrape(live: _Live, configs: list[dict[str, Any]]) -> None:
    jobs = {f"c{next(_jobs)}": config for config in configs}
    live.scrape(jobs)
    targets, samples = live.targets(), live.samples(set(jobs))
    for job, config in jobs.items():
        assert _targets(job, config) == targets.get(job, set()), config
        assert _samples(job, config) == samples.get(job, set()), config
