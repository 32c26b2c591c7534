"""`crybsim catalog` from the command line: the list, the comparison with a real platform, the overlay learnt."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from simulator.catalog.catalogue import PLATFORM
from simulator.catalog.exposed import claimed
from simulator.cli.main import main
from simulator.rehearsal.comparison_record import load_comparison
from simulator.telemetry.samples import MetricType


def exposition(job: str) -> str:
    """What a target of that job would answer, were the catalogue right."""
    lines = []
    for family in claimed(PLATFORM, [job]):
        assert family.type is not None
        lines.append(f"# TYPE {family.name} {family.type}")
        labels = [f'{name}="v"' for name in family.labels or ()]
        if family.type is MetricType.HISTOGRAM:
            for bound in (*family.bounds, "+Inf"):
                inside = ",".join([*labels, f'le="{bound}"'])
                lines.append(f"{family.name}_bucket{{{inside}}} 1")
            lines += [f"{family.name}_{part}{{{','.join(labels)}}} 1" for part in ("sum", "count")]
        else:
            lines.append(f"{family.name}{{{','.join(labels)}}} 1")
    return "\n".join(lines) + "\n"


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def printed(capsys: pytest.CaptureFixture[str], *arguments: str, code: int = 0) -> str:
    """What a command wrote to stdout."""
    assert main(["catalog", *arguments]) == code, capsys.readouterr().err
    return capsys.readouterr().out


def test_the_list_has_every_family_and_its_filters_keep_what_they_say(capsys: pytest.CaptureFixture[str]) -> None:
    families = json.loads(printed(capsys, "list", "--json"))
    assert {(f["job"], f["name"]) for f in families} == {(f.job, f.name) for f in PLATFORM.families}
    redis = json.loads(printed(capsys, "list", "--json", "--job", "redis"))
    assert {f["job"] for f in redis} == {"redis"}
    http = json.loads(printed(capsys, "list", "--json", "--area", "http"))
    assert {f["area"] for f in http} == {"http"}
    (requests,) = [f for f in http if f["name"] == "http_requests_total"]
    assert (requests["type"], requests["labels"], requests["caused_by"]) == (
        "counter",
        ["code", "method", "route"],
        "api",
    )
    assert requests["signal"].startswith("http.")


def test_the_table_has_a_line_for_each_family(capsys: pytest.CaptureFixture[str]) -> None:
    lines = printed(capsys, "list", "--area", "redis").splitlines()
    assert lines[0].split() == ["job", "family", "type", "labels", "buckets", "driven", "by"]
    assert len(lines) - 1 == len(json.loads(printed(capsys, "list", "--area", "redis", "--json")))


def test_families_that_nothing_looks_at(capsys: pytest.CaptureFixture[str], folder: Path) -> None:
    (folder / "r.yml").write_text('{"groups": [{"name": "g", "rules": [{"alert": "A", "expr": "redis_up == 0"}]}]}')
    (folder / "d.json").write_text('{"panels": [{"targets": [{"expr": "redis_db_keys"}]}]}')
    whole = {f["name"] for f in json.loads(printed(capsys, "list", "--json", "--job", "redis"))}
    flags = ["--unused-by", "r.yml", "--unused-by", "*.json"]
    left = {f["name"] for f in json.loads(printed(capsys, "list", "--json", "--job", "redis", *flags))}
    assert whole - left == {"redis_up", "redis_db_keys"}


def test_unknown_filters_are_refused_with_the_nearest_name(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["catalog", "list", "--job", "rediss"]) == 2
    assert "did you mean 'redis'?" in capsys.readouterr().err


def test_a_platform_like_the_catalogue_does_not_differ(capsys: pytest.CaptureFixture[str], folder: Path) -> None:
    (folder / "metrics.txt").write_text(exposition("redis"))
    assert printed(capsys, "diff", "metrics.txt") == ""
    found = load_comparison(folder, PLATFORM)
    assert found is not None
    assert found.differences == 0


def test_differences_are_told_counted_and_noted(capsys: pytest.CaptureFixture[str], folder: Path) -> None:
    text = (
        exposition("redis")
        .replace("redis_up{", "redis_is_up{")
        .replace("redis_up ", "redis_is_up ")
        .replace("cmd=", "command=")
    )
    (folder / "metrics.txt").write_text(text)
    lines = printed(capsys, "diff", "metrics.txt", code=1).splitlines()
    assert "redis: redis_up is not there; nearest there: redis_is_up" in lines
    answer = json.loads(printed(capsys, "diff", "metrics.txt", "--json", code=1))
    assert len(answer["differences"]) == len(lines)
    assert answer["only_there"] == [{"job": "redis", "name": "redis_is_up"}]
    found = load_comparison(folder, PLATFORM)
    assert found is not None
    assert found.differences == len(lines)


@pytest.mark.parametrize("source", ["none.txt", "page.html", "http://127.0.0.1:1/metrics", "http://127.0.0.1:1"])
def test_what_cannot_be_read_is_inconclusive(capsys: pytest.CaptureFixture[str], folder: Path, source: str) -> None:
    (folder / "page.html").write_text("<html>\n")
    assert main(["catalog", "diff", source]) == 3
    assert len(capsys.readouterr().err.splitlines()) == 1


def test_a_host_that_was_not_allowed_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["catalog", "diff", "http://metrics.example.org/metrics"]) == 2
    assert "allowed_hosts" in capsys.readouterr().err


@pytest.fixture
def exporter() -> Iterator[str]:
    """A target of the job redis that answers as the catalogue says."""
    body = exposition("redis").encode()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}/metrics"
    server.shutdown()
    server.server_close()
    thread.join()


def test_a_running_exporter_is_read(capsys: pytest.CaptureFixture[str], exporter: str) -> None:
    assert printed(capsys, "diff", exporter) == ""


def test_what_was_learnt_makes_the_differences_go(capsys: pytest.CaptureFixture[str], folder: Path) -> None:
    text = (
        exposition("redis")
        .replace("redis_up{", "redis_is_up{")
        .replace("redis_up ", "redis_is_up ")
        .replace("cmd=", "command=")
    )
    (folder / "metrics.txt").write_text(text + "# TYPE redis_more_total counter\nredis_more_total 5\n")
    assert printed(capsys, "learn", "metrics.txt", "--out", "ours.yaml") == "ours.yaml\n"
    assert printed(capsys, "diff", "metrics.txt", "--overlay", "ours.yaml") == ""
    names = {f["name"] for f in json.loads(printed(capsys, "list", "--json", "--overlay", "ours.yaml"))}
    assert {"redis_is_up", "redis_more_total"} <= names
    assert main(["catalog", "learn", "metrics.txt", "--out", "ours.yaml"]) == 2  # never over a file that is there


def test_overlays_of_crybsim_yaml_apply(capsys: pytest.CaptureFixture[str], folder: Path) -> None:
    (folder / "ours.yaml").write_text("drop: [redis_up]\n")
    (folder / "crybsim.yaml").write_text("overlays: [ours.yaml]\n")
    assert "redis_up" not in {f["name"] for f in json.loads(printed(capsys, "list", "--json"))}


def test_signals_are_listed_with_their_units(capsys: pytest.CaptureFixture[str]) -> None:
    by_name = {row["name"]: row for row in json.loads(printed(capsys, "signals", "--json"))}
    assert by_name["http.served"]["unit"] == "1/s"
    assert "http.served" in printed(capsys, "signals")
