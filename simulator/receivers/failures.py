"""Notifications that never left Alertmanager, from its log: a template that does not render sends nothing to hear.

The log is logfmt: `ts=… level=error component=dispatcher msg="Notify for alerts failed" num_alerts=1
err="team/slack[0]: notify retry canceled …"` up to 0.27, the same with `time=… level=ERROR` from 0.28 on.
"""

from __future__ import annotations

import re
from pathlib import Path

from simulator.clock import parse_rfc3339
from simulator.telemetry.observations import NotificationKind, NotificationReceived
from simulator.wire.notifications import STAND_IN_SILENT

_PAIR = re.compile(r'([A-Za-z_]+)=("(?:[^"\\]|\\.)*"|\S*)')
_INTEGRATION = re.compile(r"(?:^|; |\n)([^\n;]*?)/([a-z0-9]+)\[(\d+)\]: ")
_UNREACHED = re.compile(
    r"\b(?:dial|read|write) tcp\b|\bEOF\b|connection reset|broken pipe|i/o timeout|context deadline exceeded"
)
_KINDS = {**{kind.value: kind for kind in NotificationKind}, "msteamsv2": NotificationKind.MSTEAMS}


def notification_failures(log_path: Path) -> list[NotificationReceived]:
    """Every failed notification in Alertmanager's log, the oldest first, with `problem` and without alerts.

    A failure that is retried appears once, not at each attempt. An empty list where there is no log. Every receiver of
    a local run is a stand-in of ours: where it could not be reached, the problem begins with `STAND_IN_SILENT`.
    """
    try:
        text = log_path.read_text(encoding="utf-8", errors="replace")
    except FileNotFoundError:
        return []
    failures: list[NotificationReceived] = []
    told: set[tuple[str, str, str]] = set()
    for line in text.splitlines():
        fields = {key: _unquote(value) for key, value in _PAIR.findall(line)}
        message, error = fields.get("msg", ""), fields.get("err", "")
        if message == "Notify for alerts failed":
            found = [(receiver, kind, what) for receiver, kind, what in _parts(error)]
        elif message == "Notify attempt failed, will retry later":
            kind = fields.get("integration", "").partition("[")[0]
            found = [(fields.get("receiver", ""), kind, error)]
        else:
            continue
        for receiver, kind, what in found:
            key = (receiver, kind, _essence(what))
            if key in told:  # the last word on what was told at its first attempt
                told.discard(key)
                continue
            if message != "Notify for alerts failed":
                told.add(key)
            if kind not in _KINDS:
                continue
            failures.append(_failure(fields, receiver, _KINDS[kind], _essence(what)))
    return failures


def _parts(error: str) -> list[tuple[str, str, str]]:
    """Receiver, kind and reason of each integration that one error is about."""
    marks = list(_INTEGRATION.finditer(error))
    ends = [mark.start() for mark in marks[1:]] + [len(error)]
    return [(mark[1], mark[2], error[mark.end() : end]) for mark, end in zip(marks, ends, strict=True)]


def _essence(error: str) -> str:
    """The reason without what Alertmanager's retries add in front of it."""
    return re.sub(r"^notify retry canceled (due to unrecoverable error )?after \d+ attempts: ", "", error).strip()


def _failure(fields: dict[str, str], receiver: str, kind: NotificationKind, reason: str) -> NotificationReceived:
    try:
        at_ms = parse_rfc3339(fields.get("ts") or fields.get("time", ""))
    except ValueError:
        at_ms = 0
    if _UNREACHED.search(reason):
        reason = f"{STAND_IN_SILENT}: {reason}"
    return NotificationReceived(
        at_ms=at_ms, kind=kind, receiver=receiver, destination="", status="", alerts=(), problem=reason
    )


def _unquote(value: str) -> str:
    if not value.startswith('"'):
        return value
    return re.sub(r"\\(.)", lambda match: {"n": "\n", "t": "\t"}.get(match[1], match[1]), value[1:-1])
