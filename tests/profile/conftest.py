"""A profile that uses every field there is, and a YAML writer that knows where it put everything.

The writer is the oracle for the places that crybsim reports: it shares no code with the reader.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest

EVERY_FIELD: dict[str, Any] = {
    "name": "every-field",
    "description": "Uses every field of a profile: nothing is left to its default – not even here.",
    "seed": 7,
    "start": "2026-01-07T20:00:00",
    "duration": "20m",
    "history": {"length": "6h", "resolution": "1m"},
    "platform": {
        "size": "tiny",
        "registered_users": 1000,
        "instances": {"api": 3, "web": 2, "postgres": 2, "redis": 1, "node": 4, "livekit": 1},
        "routes": 12,
        "regions": {"europe": 3, "asia": 1.5},
    },
    "overlays": ["overlays/ours.yaml"],
    "traffic": {
        "peak": "20/s",
        "shape": "evening",
        "trough": 0.2,
        "weekend": 1.5,
        "time_zone": "Europe/Berlin",
        "growth": 0.1,
        "holidays": [{"day": "2026-12-25", "factor": 0.4}],
    },
    "load": {
        "scenarios": ["http"],
        "scale": 0.5,
        "max_users": 50,
        "stages": [{"for": "1m", "to": 2}],
        "day": "1h",
        "model": "open",
        "max_in_flight": 500,
        "tolerance": 0.1,
        "thresholds": ["http p95 < 300ms"],
        "warm_up": "30s",
        "abort_after": "1m",
        "allowed_hosts": ["staging.example.org"],
        "journeys": {
            "lurker": 5,
            "poster": 1,
            "searcher": 1,
            "uploader": 1,
            "moderator": 1,
            "newcomer": 1,
            "buyer": 1,
        },
    },
    "faults": [
        {
            "id": "errors",
            "kind": "http_errors",
            "target": {"service": "api", "instance": "api-2", "route": "/api/v1/posts"},
            "at": "1m",
            "for": "5m",
            "ramp": "30s",
            "shape": "pulses",
            "period": "1m",
            "duty": 0.5,
            "intensity": 0.3,
        },
        {"id": "slow", "kind": "latency", "at": "8m", "for": "4m", "parameters": {"delay": "2s"}},
    ],
    "silences": [{"matchers": ['severity="info"', 'team=~"a|b"'], "at": "1m", "for": "2m", "comment": "A deploy."}],
    "expect": {
        "alerts": [
            {
                "name": "HighErrorRate",
                "labels": {"severity": "critical"},
                "caused_by": "errors",
                "fires_within": "4m",
                "fires_after": "1m",
                "resolves_within": "5m",
                "notifies": ["#critical-alerts", "devops@cryb.ai", "pagerduty", "receiver:critical"],
            },
            {"name": "SLOLatencyViolated", "caused_by": "slow"},
        ],
        "silent": ["APIServiceDown", "DatabaseDown"],
        "no_other_alerts": True,
        "ignore": ["SLOAvailabilityFastBurn"],
        "reviewed": True,
    },
}


Steps = tuple[str | int, ...]
Place = tuple[int, int]


@dataclass
class Written:
    """YAML text and the line and column (from 1) of each value and key in it."""

    lines: list[str] = field(default_factory=list)
    values: dict[Steps, Place] = field(default_factory=dict)
    keys: dict[Steps, Place] = field(default_factory=dict)

    @property
    def text(self) -> str:
        return "\n".join(self.lines) + "\n"


def write(data: dict[str, object], *, indent: int = 2, flow_below: int = 99, comments: bool = False) -> Written:
    """Write block style, flow style from depth `flow_below` on, with comments and blank lines between if asked."""
    written = Written()
    if comments:
        written.lines += ["# a comment", ""]
    _mapping(written, data, (), 0, indent, flow_below, comments)
    return written


def _mapping(
    out: Written, data: dict[str, object], steps: Steps, column: int, indent: int, flow: int, comments: bool
) -> None:
    out.values[steps] = (len(out.lines) + 1, column + 1)
    for number, (key, value) in enumerate(data.items()):
        inside = (*steps, key)
        if comments and number:
            out.lines.append("" if number % 2 else " " * column + "# on " + key)
        written_key = json.dumps(key) if key in ("null", "on", "1") else key
        out.keys[inside] = (len(out.lines) + 1, column + 1)
        _entry(out, " " * column + written_key + ":", value, inside, column + indent, indent, flow, comments)


def _entry(
    out: Written, head: str, value: object, steps: Steps, column: int, indent: int, flow: int, comments: bool
) -> None:
    """A value behind `head` (a key with its colon), on the same line or below it."""
    if isinstance(value, dict) and value and len(steps) < flow:
        out.lines.append(head)
        _mapping(out, value, steps, column, indent, flow, comments)
    elif isinstance(value, list) and value and len(steps) < flow:
        out.lines.append(head)
        out.values[steps] = (len(out.lines) + 1, column + 1)
        for index, item in enumerate(value):
            inside = (*steps, index)
            if isinstance(item, dict) and item and len(inside) < flow:
                start = len(out.lines)
                _mapping(out, item, inside, column + 2, indent, flow, comments=False)
                out.lines[start] = " " * column + "- " + out.lines[start][column + 2 :]
            else:
                line = " " * column + "- "
                out.lines.append(line + _flow(out, item, inside, len(line)))
    else:
        out.lines.append(head + " " + _flow(out, value, steps, len(head) + 1))


def _flow(out: Written, value: object, steps: Steps, column: int) -> str:
    """Flow style in the line that is about to be appended."""
    line = len(out.lines) + 1
    out.values[steps] = (line, column + 1)
    if isinstance(value, dict):
        text = "{"
        for number, (key, item) in enumerate(value.items()):
            text += ", " if number else ""
            out.keys[(*steps, key)] = (line, column + len(text) + 1)
            text += f"{key}: "
            text += _flow(out, item, (*steps, key), column + len(text))
        return text + "}"
    if isinstance(value, list):
        text = "["
        for index, item in enumerate(value):
            text += ", " if index else ""
            text += _flow(out, item, (*steps, index), column + len(text))
        return text + "]"
    return json.dumps(value, ensure_ascii=False)


@pytest.fixture(scope="session")
def every_field() -> Callable[[], dict[str, Any]]:
    """Makes copies, to be changed at will."""
    return lambda: copy.deepcopy(EVERY_FIELD)


@pytest.fixture(scope="session")
def writer() -> Callable[..., Written]:
    """`write`."""
    return write
