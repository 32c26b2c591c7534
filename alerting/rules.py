"""The reference rules as values: every alert of the rule files for Prometheus and for Loki's ruler."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from ruamel.yaml import YAML

MONITORING: Final = Path(__file__).parents[1] / "monitoring"
RULE_FILES: Final = (MONITORING / "prometheus" / "rules", MONITORING / "loki" / "rules")


@dataclass(frozen=True)
class Alert:
    """One alerting rule. `by_logs`: Loki's ruler evaluates it, so no rehearsal in virtual time does."""

    name: str
    expr: str
    hold: str
    labels: Mapping[str, str]
    annotations: Mapping[str, str]
    file: Path
    by_logs: bool

    @property
    def severity(self) -> str:
        return self.labels["severity"]

    @property
    def category(self) -> str:
        return self.labels["category"]


def read_alerts() -> tuple[Alert, ...]:
    """Every alert, in the order of files and of the rules in them."""
    found = []
    for folder in RULE_FILES:
        for path in sorted(folder.rglob("*.y*ml")):
            for group in _load(path).get("groups") or ():
                found += [_alert(rule, path) for rule in group["rules"] if "alert" in rule]
    return tuple(found)


def read_recordings() -> Mapping[str, str]:
    """Recorded names and their expressions, for Prometheus."""
    rules = [rule for path in RULE_FILES[0].glob("*.yml") for group in _load(path)["groups"] for rule in group["rules"]]
    return {str(rule["record"]): str(rule["expr"]) for rule in rules if "record" in rule}


def _alert(rule: Mapping[str, Any], path: Path) -> Alert:
    return Alert(
        name=str(rule["alert"]),
        expr=str(rule["expr"]).strip(),
        hold=str(rule.get("for", "0m")),
        labels={str(key): str(value) for key, value in (rule.get("labels") or {}).items()},
        annotations={str(key): str(value) for key, value in (rule.get("annotations") or {}).items()},
        file=path,
        by_logs="loki" in path.parts,
    )


def _load(path: Path) -> dict[str, Any]:
    return dict(YAML(typ="safe").load(path.read_text("utf-8")) or {})
