"""The team's rule files as they go to a local Prometheus, and the rules that it cannot load."""

from __future__ import annotations

import shutil
import tempfile
import weakref
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from simulator.rehearsal.request import Servers
from simulator.stack.loadable_rules import LeftOut
from simulator.stack.prometheus_config import PrometheusConfig
from simulator.stack.redirect_tree import entries, get, text_of
from simulator.stack.rule_files import check_rule_files
from simulator.telemetry.observations import RecordingEvaluated, RuleEvaluated
from simulator.telemetry.samples import labels_of
from simulator.units import SECOND, parse_duration


class LoadedRules:
    """Copies of the files that this Prometheus would refuse as they are, without the rules that it lacks something for.

    They last as long as this does. `changes` is what the copies say otherwise, and `told` a line on each rule that is
    left out, for people.
    """

    def __init__(self, config: PrometheusConfig, servers: Servers) -> None:
        """Raises InputError for mistakes in the files; UnobservedError where nobody can tell what is lacking."""
        checked = check_rule_files(servers.promtool, config.rule_files, servers.prometheus_version)
        self.changes = checked.changes
        self.told = checked.told
        self._left_out = checked.left_out
        self._originals: dict[Path, Path] = {}
        if not checked.texts:
            return
        folder = Path(tempfile.mkdtemp(prefix="crybsim-rules-"))
        weakref.finalize(self, shutil.rmtree, folder, ignore_errors=True)
        for number, (file, text) in enumerate(checked.texts.items()):
            copy = folder / str(number) / file.name
            copy.parent.mkdir()
            copy.write_text(text, encoding="utf-8")
            self._originals[copy] = file
        config.load_instead({file: copy for copy, file in self._originals.items()})

    def original(self, file: str) -> str:
        """The path of the team's file behind one that Prometheus names."""
        return str(self._originals.get(Path(file), file))

    @property
    def left_out(self) -> list[Mapping[str, Any]]:
        """The rules that are not evaluated, each as a group of Prometheus's rules API."""
        return [_group(file, rule) for file, rule in self._left_out]

    def never_evaluated(self, at_ms: int) -> Iterable[RuleEvaluated | RecordingEvaluated]:
        """What is to be told of each rule that is left out."""
        for _, one in self._left_out:
            if get(one.rule, "record") is None:
                yield RuleEvaluated(at_ms, one.group, one.name, "unknown", one.reason, labels=labels_of(_labels(one)))
            else:
                yield RecordingEvaluated(at_ms, one.group, one.name, "unknown", one.reason)


def _group(file: Path, one: LeftOut) -> Mapping[str, Any]:
    """A group of one rule, in the shape of Prometheus's rules API."""
    rule = {
        "type": "recording" if get(one.rule, "record") is not None else "alerting",
        "name": one.name,
        "query": text_of(get(one.rule, "expr")),
        "duration": _seconds(text_of(get(one.rule, "for"))),
        "labels": _labels(one),
    }
    return {"name": one.group, "file": str(file), "rules": [rule]}


def _labels(one: LeftOut) -> dict[str, str]:
    return {name: text_of(value) for name, value in entries(get(one.rule, "labels"))}


def _seconds(duration: str) -> float:
    try:
        return parse_duration(duration) / SECOND
    except ValueError:
        return 0.0
