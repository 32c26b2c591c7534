"""Lines of PostgreSQL 15 and Redis 7 (contract, section 7).

PostgreSQL writes text, `2026-01-05 20:00:00.123 UTC [pid] LEVEL:  text`; a slow query is a JSON line with the words
`slow query`, so that the guide's query finds and parses it. Stream labels have the guide's words for levels.
"""

from __future__ import annotations

from typing import Final

from simulator.streams.logs.line import Line, Row

_PID: Final = "${int.3000.9999/backend}"
_HEAD: Final = f"${{time.postgres}} [{_PID}] "
_STATEMENTS: Final = {
    "select": "SELECT * FROM TABLE WHERE id = $1 ORDER BY created_at DESC LIMIT 50",
    "insert": "INSERT INTO TABLE (id, author_id, content, created_at) VALUES ($1, $2, $3, now())",
    "update": "UPDATE TABLE SET updated_at = now() WHERE id = $1",
    "delete": "DELETE FROM TABLE WHERE id = $1",
}
_SLOW: Final = (
    '{"timestamp":"${time.iso}","level":"warn","message":"slow query: ${duration.ms} ms","duration_ms":${duration.ms},'
    '"statement":"STATEMENT","database":"cryb","user":"cryb_app","pid":' + _PID + ',"service":"postgresql"}'
)


def slow_queries(row: Row) -> tuple[Line, ...]:
    """A statement over `log_min_duration_statement`."""
    statement = _STATEMENTS[row["operation"]].replace("TABLE", row["table"])
    return (Line(_SLOW.replace("STATEMENT", statement), {"level": "warn"}),)


_REFUSALS: Final = {
    "connection": "FATAL:  sorry, too many clients already",
    "timeout": "ERROR:  canceling statement due to statement timeout",
    "constraint": 'ERROR:  duplicate key value violates unique constraint "votes_post_id_user_id_key"',
}


def query_errors(row: Row) -> tuple[Line, ...]:
    """A query of the API that failed; what a deadlock's victim says is in `deadlocks`."""
    kind = row["error_type"]
    text = _REFUSALS.get(
        kind, "ERROR:  current transaction is aborted, commands ignored until end of transaction block"
    )
    return () if kind == "deadlock" else (Line(_HEAD + text, {"level": "error"}),)


def deadlocks(row: Row) -> tuple[Line, ...]:
    """What the backend that was chosen as the victim says, in three lines."""
    other = "${int.3000.9999/other}"
    transaction = "${int.800000.999999/transaction}"
    return (
        Line(f"{_HEAD}ERROR:  deadlock detected", {"level": "error"}),
        Line(
            f"{_HEAD}DETAIL:  Process {_PID} waits for ShareLock on transaction {transaction}; blocked by process "
            f"{other}.",
            {"level": "info"},
        ),
        Line(_HEAD + "STATEMENT:  " + _STATEMENTS["update"].replace("TABLE", "votes"), {"level": "info"}),
    )


def sessions(row: Row) -> tuple[Line, ...]:
    """A connection that was opened."""
    host = "10.0.3.${int.20.29/host}"
    return (
        Line(f"{_HEAD}LOG:  connection received: host={host} port=${{int.30000.60999/port}}", {"level": "info"}),
        Line(
            f"{_HEAD}LOG:  connection authorized: user=cryb_app database=cryb application_name=cryb-api",
            {"level": "info"},
        ),
    )


def checkpoints(row: Row) -> tuple[Line, ...]:
    """A checkpoint, by the clock."""
    written = "${int.200.9000/buffers}"
    return (
        Line("${time.postgres} [27] LOG:  checkpoint starting: time", {"level": "info"}),
        Line(
            f"${{time.postgres}} [27] LOG:  checkpoint complete: wrote {written} buffers; 0 WAL file(s) added, "
            "0 removed, ${int.0.4/recycled} recycled",
            {"level": "info"},
        ),
    )


def redis_saves(row: Row) -> tuple[Line, ...]:
    """A snapshot to disk."""
    head = "1:M ${time.redis} * "
    labels = {"level": "info", "role": "master"}
    child = "${int.200.32000/child}"
    return (
        Line(f"{head}10000 changes in 60 seconds. Saving...", labels),
        Line(f"{head}Background saving started by pid {child}", labels),
        Line(f"{child}:C ${{time.redis}} * DB saved on disk", {**labels, "role": "child"}),
        Line(f"{head}Background saving terminated with success", labels),
    )
