"""The pipeline stages of Promtail that monitoring/promtail uses, restated:
https://grafana.com/docs/loki/latest/send-data/promtail/stages/ . An unknown stage is a KeyError, not nothing."""

from __future__ import annotations

import json
import re
from datetime import datetime
from typing import Any

import re2

from simulator.engine.templates.builtins import BUILTINS
from simulator.engine.templates.interpreter import execute
from simulator.engine.templates.parser import parse
from simulator.engine.templates.values import GoMap

_LAYOUTS = {
    "RFC3339Nano": "%Y-%m-%dT%H:%M:%S.%f%z",
    "02/Jan/2006:15:04:05 -0700": "%d/%b/%Y:%H:%M:%S %z",
    "2006-01-02 15:04:05.000 MST": "%Y-%m-%d %H:%M:%S.%f %Z",
    "02 Jan 2006 15:04:05.000": "%d %b %Y %H:%M:%S.%f",
    "2006-01-02 15:04:05": "%Y-%m-%d %H:%M:%S",
}
_FUNCTIONS = frozenset({*BUILTINS, "and", "or"})
_SELECTOR = re.compile(r'\{(?P<matchers>[^}]*)\}(?: (?P<op>\|~|!~) (?P<text>"(?:[^"\\]|\\.)*"))?')
_MATCHER = re.compile(r'(\w+)="([^"]*)"')


class Line:
    """One line on its way: `labels` as they are, `found` what stages extracted, `at_ms` where a stage read the time."""

    def __init__(self, text: str, labels: dict[str, str]) -> None:
        self.text = text
        self.labels = dict(labels)
        self.found: dict[str, str] = dict(labels)
        self.at_ms: int | None = None
        self.dropped = False


def run(stages: list[dict[str, Any]], line: Line) -> None:
    """Send a line through the stages of a scrape job."""
    for stage in stages:
        ((name, settings),) = stage.items()
        if not line.dropped:
            _STAGES[name](settings, line)


def _json(settings: dict[str, Any], line: Line) -> None:
    try:
        content = json.loads(line.text)
    except ValueError:
        return
    for name, path in settings["expressions"].items():
        if (value := content.get(path)) is not None:
            line.found[name] = value if isinstance(value, str) else json.dumps(value)


def _regex(settings: dict[str, Any], line: Line) -> None:
    text = line.found[settings["source"]] if "source" in settings else line.text
    if match := re2.compile(settings["expression"]).search(text):
        line.found |= match.groupdict()


def _template(settings: dict[str, Any], line: Line) -> None:
    data = GoMap({**line.found, "Entry": line.text}, zero=None)
    text = execute(parse(settings["template"], _FUNCTIONS), data, {}, BUILTINS)
    if text:
        line.found[settings["source"]] = text
    else:
        line.found.pop(settings["source"], None)


def _timestamp(settings: dict[str, Any], line: Line) -> None:
    text, layout = line.found[settings["source"]].replace("Z", "+00:00"), _LAYOUTS[settings["format"]]
    if not layout.endswith("%z"):
        text, layout = f"{text} +0000", f"{layout} %z"
    read = datetime.strptime(text, layout)  # noqa: DTZ007  # it has a zone by now
    line.at_ms = round(read.timestamp() * 1000)


def _labels(settings: dict[str, Any], line: Line) -> None:
    for name, source in settings.items():
        if (source or name) in line.found:
            line.labels[name] = line.found[source or name]


def _labeldrop(settings: list[str], line: Line) -> None:
    for name in settings:
        line.labels.pop(name, None)


def _match(settings: dict[str, Any], line: Line) -> None:
    selector = _SELECTOR.fullmatch(settings["selector"])
    assert selector, settings["selector"]
    if any(line.labels.get(name, "") != value for name, value in _MATCHER.findall(selector["matchers"])):
        return
    if selector["op"]:
        there = bool(re2.compile(json.loads(selector["text"])).search(line.text))
        if there != (selector["op"] == "|~"):
            return
    run(settings["stages"], line)


def _drop(settings: dict[str, Any], line: Line) -> None:
    line.dropped = bool(re2.compile(settings["expression"]).search(line.text))


_STAGES = {
    "json": _json,
    "regex": _regex,
    "template": _template,
    "timestamp": _timestamp,
    "labels": _labels,
    "labeldrop": _labeldrop,
    "match": _match,
    "drop": _drop,
    "static_labels": lambda settings, line: line.labels.update(settings),
}
