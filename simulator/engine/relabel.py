"""Relabelling as Prometheus does it: `relabel_configs` on targets, `metric_relabel_configs` on samples.

Source: https://prometheus.io/docs/prometheus/latest/configuration/configuration/#relabel_config
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import re2

_REFERENCE: Final = re.compile(r"\$(?:(\$)|\{(\w+)\}|(\w+))", re.ASCII)
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


class Relabelling:
    """Steps that are applied one after another."""

    def __init__(self, rules: Iterable[RelabelRule]) -> None:
        self._rules = tuple((rule, re2.compile(f"^(?s:{rule.regex})$")) for rule in rules)

    def apply(self, labels: Mapping[str, str]) -> dict[str, str] | None:
        """The labels afterwards, empty ones left out; None where a step drops them."""
        current = {name: value for name, value in labels.items() if value}
        for rule, pattern in self._rules:
            if not _apply(rule, pattern, current):
                return None
        return current


def read_rules(written: Sequence[Mapping[str, Any]] | None) -> tuple[RelabelRule, ...]:
    """The steps of a `relabel_configs` list that Prometheus accepted."""
    return tuple(
        RelabelRule(
            action=str(step.get("action", "replace")).lower(),
            source_labels=tuple(map(str, step.get("source_labels") or ())),
            separator=_text(step.get("separator"), ";"),
            regex=_text(step.get("regex"), "(.*)"),
            target_label=_text(step.get("target_label"), ""),
            replacement=_text(step.get("replacement"), "$1"),
            modulus=int(step.get("modulus") or 0),
        )
        for step in written or ()
    )


def _apply(rule: RelabelRule, pattern: Any, labels: dict[str, str]) -> bool:
    """Change the labels in place; False where they are dropped."""
    value = rule.separator.join(labels.get(name, "") for name in rule.source_labels)
    match rule.action:
        case "keep":
            return pattern.match(value) is not None
        case "drop":
            return pattern.match(value) is None
        case "keepequal":
            return labels.get(rule.target_label, "") == value
        case "dropequal":
            return labels.get(rule.target_label, "") != value
        case "replace":
            _replace(rule, pattern.match(value), labels)
        case "lowercase":
            _set(labels, rule.target_label, value.lower())
        case "uppercase":
            _set(labels, rule.target_label, value.upper())
        case "hashmod":
            digest = hashlib.md5(value.encode(), usedforsecurity=False).digest()
            _set(labels, rule.target_label, str(int.from_bytes(digest[8:], "big") % rule.modulus))
        case "labelmap":
            for name in sorted(labels):
                found = pattern.match(name)
                if found:
                    _set(labels, _expanded(rule.replacement, found), labels[name])
        case "labeldrop":
            for name in [name for name in labels if pattern.match(name)]:
                del labels[name]
        case "labelkeep":
            for name in [name for name in labels if not pattern.match(name)]:
                del labels[name]
    return True


def _replace(rule: RelabelRule, found: Any, labels: dict[str, str]) -> None:
    if found is None:
        return
    target = _expanded(rule.target_label, found)
    if _LABEL_NAME.fullmatch(target):
        _set(labels, target, _expanded(rule.replacement, found))


def _set(labels: dict[str, str], name: str, value: str) -> None:
    if value:
        labels[name] = value
    else:
        labels.pop(name, None)


def _expanded(template: str, found: Any) -> str:
    """Go's `Regexp.Expand`: `$1`, `${name}`, `$$`; a group that there is not is empty, and `$1x` is the group `1x`."""

    def group(reference: re.Match[str]) -> str:
        if reference[1]:
            return "$"
        name = reference[2] or reference[3]
        if name.isdecimal():
            number = int(name)
            return (found.group(number) or "") if number <= len(found.groups()) else ""
        return found.groupdict().get(name) or ""

    return _REFERENCE.sub(group, template)


def _text(written: Any, default: str) -> str:
    return default if written is None else str(written)
