"""`promtool test rules`, asked whether it agrees."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from simulator.engine.groups import RecordingRule, Rule, RuleGroup
from simulator.telemetry.samples import Labels
from simulator.units import format_duration


def disagreement(
    promtool: Path,
    folder: Path,
    groups: Sequence[RuleGroup],
    series: Mapping[str, Sequence[float | str]],
    **test: Any,
) -> str:
    """What promtool has to say about a test; empty when it passes.

    `series` are values by step of 30 s; `test` is further keys of the test group, such as `alert_rule_test`.
    """
    rules = {
        "groups": [
            {"name": group.name, "interval": "30s", "limit": group.limit, "rules": [_yaml(r) for r in group.rules]}
            for group in groups
        ]
    }
    (folder / "rules.yml").write_text(json.dumps(rules))  # JSON is YAML
    inputs = [{"series": name, "values": " ".join(map(str, values))} for name, values in series.items()]
    document = {
        "rule_files": ["rules.yml"],
        "evaluation_interval": "30s",
        "group_eval_order": [group.name for group in groups],
        "tests": [{"interval": "30s", "input_series": inputs} | test],
    }
    (folder / "test.yml").write_text(json.dumps(document))
    ran = subprocess.run(
        [promtool, "test", "rules", folder / "test.yml"], capture_output=True, text=True, check=False, timeout=60
    )
    return "" if ran.returncode == 0 else ran.stdout + ran.stderr


def metric(labels: Labels) -> str:
    """A label set as promtool reads it."""
    return "{" + ",".join(f"{name}={json.dumps(value)}" for name, value in labels) + "}"


def _yaml(rule: Rule) -> dict[str, Any]:
    common = {"expr": rule.expr, "labels": dict(rule.labels)}
    if isinstance(rule, RecordingRule):
        return {"record": rule.name} | common
    written = {"alert": rule.name, "annotations": dict(rule.annotations)} | common
    if rule.for_ms:
        written["for"] = format_duration(rule.for_ms)
    if rule.keep_firing_for_ms:
        written["keep_firing_for"] = format_duration(rule.keep_firing_for_ms)
    return written
