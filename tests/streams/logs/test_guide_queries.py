"""The four LogQL queries of the guide find what they should. Their meaning is restated here, in a few lines.

    {level="error"} |= "" | json
    {service="api"} | json | status >= 400
    {service="postgresql"} |= "slow query" | json
    {service="auth"} |= "failed" | json

`| json` keeps a line that is no JSON and marks it with `__error__`; nested fields are joined with underscores
(https://grafana.com/docs/loki/latest/query/log_queries/#json).
"""

from __future__ import annotations

import json
from collections.abc import Iterator

from simulator.streams.logs import ModelLogs
from simulator.telemetry.interval import Interval
from simulator.telemetry.logs import LogEntry
from simulator.units import MINUTE
from tests.streams.risen import Risen
from tests.streams.runs import fault, run_of

RUN = run_of(fault("http_errors", intensity=0.2), fault("database_slow", intensity=0.5), size="default")
SPAN = Interval(RUN.started_ms + 10 * MINUTE, RUN.started_ms + 20 * MINUTE)
RISEN = Risen(RUN, SPAN)
ENTRIES = list(ModelLogs(RUN).entries(SPAN))


def flattened(value: object, name: str = "") -> Iterator[tuple[str, object]]:
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from flattened(inner, f"{name}_{key}" if name else key)
    else:
        yield name, value


def query(selector: tuple[str, str], contains: str = "") -> list[tuple[LogEntry, dict[str, object]]]:
    """Entries of the selected streams with the text in them, and the fields that `| json` adds to their labels."""
    found = []
    for entry in ENTRIES:
        labels = dict(entry.labels)
        if labels.get(selector[0]) == selector[1] and contains.encode() in entry.line:
            try:
                fields = dict(flattened(json.loads(entry.line)))
            except ValueError:
                fields = {"__error__": "JSONParserErr"}
            found.append((entry, {**fields, **labels}))
    return found


def test_error_logs_are_the_failed_requests_their_errors_and_little_else() -> None:
    found = query(("level", "error"))
    assert {"api", "web", "workers", "auth", "postgresql"} >= {dict(entry.labels)["service"] for entry, _ in found}
    assert sum(fields["service"] == "api" for _, fields in found) == 2 * RISEN.total("http_requests_total", code="5")
    assert {fields["service"] for _, fields in found if "__error__" in fields} <= {"postgresql"}  # which writes text


def test_api_requests_with_an_error_status() -> None:
    found = [fields for _, fields in query(("service", "api")) if int(fields.get("status", 0)) >= 400]
    assert (
        len(found) == RISEN.total("http_requests_total", code="4") + RISEN.total("http_requests_total", code="5") > 1000
    )
    assert all(fields["method"] and fields["duration"] and fields["trace_id"] for fields in found)


def test_slow_queries_of_the_database() -> None:
    found = [fields for _, fields in query(("service", "postgresql"), "slow query")]
    assert len(found) == RISEN.total("cryb_db_slow_queries_total") > 100
    assert all(fields["duration_ms"] >= 1000 and fields["statement"] and fields["database"] for fields in found)


def test_security_events() -> None:
    found = [fields for _, fields in query(("service", "auth"), "failed")]
    assert len(found) == RISEN.total("cryb_auth_failures_total") > 20
    assert all(fields["success"] is False and fields["reason"] and fields["srcip"] for fields in found)
    succeeded = [fields for _, fields in query(("service", "auth"), "succeeded")]
    assert len(found) + len(succeeded) == RISEN.total("cryb_auth_attempts_total")
