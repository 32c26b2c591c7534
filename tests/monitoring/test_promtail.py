"""monitoring/promtail finds the files that `crybsim emit --logs` writes, and gives their lines the labels and times of
the same lines pushed to Loki."""

from __future__ import annotations

from collections.abc import Iterator
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from simulator.resources import shipped
from simulator.sinks.log_files import LogFiles
from simulator.streams.logs import ModelLogs
from simulator.telemetry.interval import Interval
from simulator.telemetry.logs import LogEntry
from simulator.units import MINUTE, SECOND
from tests.monitoring.promtail_stages import Line, run
from tests.streams.runs import fault, run_of

CONFIG: dict[str, Any] = YAML(typ="safe").load(shipped("monitoring") / "promtail" / "promtail.yml")
JOBS = {job["job_name"]: job for job in CONFIG["scrape_configs"]}
RUN = run_of(
    fault("http_errors", intensity=0.2),
    fault("database_slow", intensity=0.5),
    fault("deadlocks"),
    fault("brute_force_login"),
)
ENTRIES = list(ModelLogs(RUN).entries(Interval(RUN.started_ms + 8 * MINUTE, RUN.started_ms + 13 * MINUTE)))
HOST = "the-host-of-promtail"

# RFC 3164 has no year, so Promtail takes the time of reading, and no level either.
UNTIMED = {"system", "security"}


def patterns(path: str) -> Iterator[str]:
    """A path with one `{a,b}` as the patterns that it stands for."""
    head, brace, rest = path.partition("{")
    if not brace:
        yield path
        return
    names, _, tail = rest.partition("}")
    yield from (f"{head}{name}{tail}" for name in names.split(","))


def job_of(path: str) -> dict[str, Any]:
    """The one job that reads a file."""
    found = [
        job
        for job in JOBS.values()
        for target in job["static_configs"]
        if any(fnmatch(path, pattern) for pattern in patterns(target["labels"]["__path__"]))
    ]
    assert len(found) == 1, (path, [job["job_name"] for job in found])
    return found[0]


def read(entry: LogEntry) -> Line:
    """An entry as Promtail would send it."""
    path = f"/var/log/{LogFiles(Path()).path(dict(entry.labels)['service'])}"
    job = job_of(path)
    (target,) = job["static_configs"]
    labels = {name: str(value).replace("${HOSTNAME}", HOST) for name, value in target["labels"].items()}
    del labels["__path__"]
    line = Line(entry.line.decode(), {**labels, "filename": path})
    run(job["pipeline_stages"], line)
    return line


def sent(line: Line) -> dict[str, str]:
    (client,) = CONFIG["clients"]
    return {**client["external_labels"], **line.labels}


SERVICES = sorted({dict(entry.labels)["service"] for entry in ENTRIES})


def some(service: str) -> list[LogEntry]:
    """Entries of a service: at most forty of each of its streams."""
    count: dict[object, int] = {}
    found = []
    for entry in ENTRIES:
        if dict(entry.labels)["service"] == service and count.setdefault(entry.labels, 0) < 40:
            count[entry.labels] += 1
            found.append(entry)
    return found


@pytest.mark.parametrize("service", SERVICES)
def test_lines_get_the_labels_of_the_stream_that_they_would_be_pushed_to(service: str) -> None:
    for entry in some(service):
        expected = dict(entry.labels)
        found = sent(read(entry))
        if found["instance"] == HOST:  # this line does not name its host
            expected["instance"] = HOST
        if service == "system":
            expected.pop("level")
        assert found == expected, entry.line


@pytest.mark.parametrize("service", [service for service in SERVICES if service not in UNTIMED])
def test_lines_get_their_own_time(service: str) -> None:
    coarse = service == "nginx"  # which writes whole seconds
    for entry in some(service):
        at_ms = read(entry).at_ms
        assert at_ms is not None, entry.line
        assert at_ms == (entry.at_ms // SECOND * SECOND if coarse else entry.at_ms), entry.line


def test_lines_that_name_their_host_keep_it() -> None:
    kept = {service: {sent(read(entry))["instance"] for entry in some(service)} for service in SERVICES}
    assert {service for service, hosts in kept.items() if HOST not in hosts} == {"api", "workers", "system", "security"}


def test_jobs_of_cron_are_dropped_and_deployments_have_a_component() -> None:
    line = Line("Jan  5 19:38:30 cryb-node-1 CRON[15090]: session opened", {})
    run(JOBS["security"]["pipeline_stages"], line)
    assert line.dropped
    line = Line("[2026-01-05 19:38:30] [api] rolled out 1.0.1", {"service": "deployment"})
    run(JOBS["deployment"]["pipeline_stages"], line)
    assert (line.labels["component"], line.at_ms) == ("api", 1767641910000)


def test_every_service_of_the_guide_is_read() -> None:
    assert {"api", "auth", "nginx", "postgresql", "redis", "web", "workers", "system", "security"} >= set(SERVICES)
    assert {"api", "auth", "nginx", "postgresql"} <= set(SERVICES)
