"""Relabelling as Prometheus does it: `relabel_configs` on targets, `metric_relabel_configs` on samples.

Sources: https://prometheus.io/docs/prometheus/latest/configuration/configuration/#relabel_config and
model/relabel/relabel.go of Prometheus 2.42 to 3.9, which differ in three corners: see `_Dialect`.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from simulator.engine.go_regexp import compile_pattern, expand, replace_all
from simulator.engine.schedule import major_minor

_LABEL_NAME: Final = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]*", re.ASCII)


@dataclass(frozen=True)
class RelabelRule:
    """One step. Defaults are Prometheus's."""

    action: str = "replace"
    source_labels: tuple[str, ...] = ()
    separator: str = ";"
    regex: str = "(.*)"
    target_label: str = ""
    replacement: str = "$1"
    modulus: int = 0


@dataclass(frozen=True)
class _Dialect:
    """What changed between versions: whether a dot matches a line's end, whether any text is a label's name, and
    whether an empty replacement deletes the label that `target_label` expands to, or only one of that very name."""

    dot_matches_all: bool
    any_name: bool
    deletes_expanded: bool

    @classmethod
    def of(cls, prometheus_version: str) -> _Dialect:
        version = major_minor(prometheus_version)
        return cls(version >= (3, 0), version >= (3, 0), version >= (2, 50))

    def is_name(self, text: str) -> bool:
        """Whether this can be the name of a label."""
        return bool(text) if self.any_name else _LABEL_NAME.fullmatch(text) is not None


class Relabelling:
    """Steps that are applied one after another, as a server of some version applies them."""

    def __init__(self, rules: Iterable[RelabelRule], prometheus_version: str = "2.42") -> None:
        """Raises ValueError for a `regex` that is none."""
        self._dialect = _Dialect.of(prometheus_version)
        flags = "s" if self._dialect.dot_matches_all else ""
        self._rules = tuple((rule, compile_pattern(f"^(?{flags}:{rule.regex})$")) for rule in rules)

    @property
    def may_rename(self) -> bool:
        """Whether a step may write the metric's name."""
        return any(
            rule.action == "labelmap" or rule.target_label == "__name__" or "$" in rule.target_label
            for rule, _ in self._rules
        )

    def apply(self, labels: Mapping[str, str]) -> dict[str, str] | None:
        """The labels afterwards, empty ones left out; None where a step drops them."""
        current = {name: value for name, value in labels.items() if value}
        for rule, pattern in self._rules:
            if not self._apply(rule, pattern, current):
                return None
        return current

    def _apply(self, rule: RelabelRule, pattern: Any, labels: dict[str, str]) -> bool:
        """Change the labels in place; False where they are dropped."""
        value = rule.separator.join(labels.get(name, "") for name in rule.source_labels)
        match rule.action:
            case "keep":
                return pattern.search(value) is not None
            case "drop":
                return pattern.search(value) is None
            case "keepequal":
                return labels.get(rule.target_label, "") == value
            case "dropequal":
                return labels.get(rule.target_label, "") != value
            case "replace":
                self._replace(rule, pattern.search(value), labels)
            case "lowercase":
                _set(labels, rule.target_label, value.lower())
            case "uppercase":
                _set(labels, rule.target_label, value.upper())
            case "hashmod":
                digest = hashlib.md5(value.encode(), usedforsecurity=False).digest()
                _set(labels, rule.target_label, str(int.from_bytes(digest[8:], "big") % rule.modulus))
            case "labelmap":
                for name, text in sorted(labels.items()):
                    if pattern.search(name):
                        _set(labels, replace_all(pattern, rule.replacement, name), text)
            case "labeldrop":
                for name in [name for name in labels if pattern.search(name)]:
                    del labels[name]
            case "labelkeep":
                for name in [name for name in labels if not pattern.search(name)]:
                    del labels[name]
        return True

    def _replace(self, rule: RelabelRule, found: Any, labels: dict[str, str]) -> None:
        if found is None:
            return
        target = expand(rule.target_label, found)
        if not self._dialect.is_name(target):
            return
        text = expand(rule.replacement, found)
        if text:
            labels[target] = text
        else:
            labels.pop(target if self._dialect.deletes_expanded else rule.target_label, None)


def read_rules(written: Sequence[Mapping[str, Any]] | None) -> tuple[RelabelRule, ...]:
    """The steps of a `relabel_configs` list that Prometheus accepted."""
    return tuple(
        RelabelRule(
            action=_text(step.get("action"), "replace").lower(),
            source_labels=tuple(map(str, step.get("source_labels") or ())),
            separator=_text(step.get("separator"), ";"),
            regex=_text(step.get("regex"), "(.*)"),
            target_label=_text(step.get("target_label"), ""),
            replacement=_text(step.get("replacement"), "$1"),
            modulus=int(step.get("modulus") or 0),
        )
        for step in written or ()
    )


def _set(labels: dict[str, str], name: str, value: str) -> None:
    if value:
        labels[name] = value
    else:
        labels.pop(name, None)


def _text(written: Any, default: str) -> str:
    if isinstance(written, bool):  # YAML's, but a string to Prometheus
        return str(written).lower()
    return default if written is None else str(written)
