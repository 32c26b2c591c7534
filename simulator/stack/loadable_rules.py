"""A rule file as far as an older or a plain Prometheus can load it.

What says nothing about a result is dropped (Thanos's `partial_response_strategy`), what can be said otherwise is (the
`labels` of a group belong to each of its rules), and rules that need what this Prometheus lacks are left out: nobody
can say what they would have done.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from ruamel.yaml.nodes import MappingNode, SequenceNode

from simulator.errors import InputError
from simulator.stack.redirect_tree import drop, entries, get, items, place, put, read_document, text_of, write_document

FIELDS_SINCE: Final = {"limit": "2.31", "keep_firing_for": "2.42", "query_offset": "2.53", "labels": "3.0"}
"""Fields of rules and rule groups, and the first Prometheus that knows them (its CHANGELOG.md)."""

FUNCTIONS_SINCE: Final = {
    "clamp": "2.26", "last_over_time": "2.26", "sgn": "2.26", "present_over_time": "2.29",
    "histogram_count": "2.40", "histogram_sum": "2.40", "histogram_fraction": "2.40", "histogram_stddev": "2.48",
    "histogram_stdvar": "2.48", "mad_over_time": "2.49", "sort_by_label": "2.49", "sort_by_label_desc": "2.49",
    "histogram_avg": "2.51", "info": "2.55", "double_exponential_smoothing": "3.0", "ts_of_min_over_time": "3.5",
    "ts_of_max_over_time": "3.5", "ts_of_last_over_time": "3.5", "first_over_time": "3.7",
    "ts_of_first_over_time": "3.7", "histogram_quantiles": "3.11",
}  # fmt: skip
"""PromQL functions and the first Prometheus that has them (its CHANGELOG.md)."""

_QUOTED_NAMES_SINCE: Final = "3.0"
_OF_NO_RESULT: Final = frozenset(
    {"partial_response_strategy", "concurrency", "debug", "update_entries_limit", "source_tenants", "notifier_headers"}
)
"""Fields of Thanos, Mimir and vmalert that say how to ask, not what."""
_OF_OTHERS: Final = {
    "type": "vmalert", "eval_offset": "vmalert", "eval_delay": "vmalert", "eval_alignment": "vmalert",
    "params": "vmalert", "headers": "vmalert", "tenant": "vmalert", "evaluation_delay": "Mimir",
    "align_evaluation_time_on_interval": "Mimir", "remote_write": "Grafana Agent",
}  # fmt: skip
"""Fields of others than Prometheus that change what is asked, or when."""
NOT_OF_PROMETHEUS: Final = _OF_NO_RESULT | set(_OF_OTHERS)
"""Fields that other rulers have."""
_STRING: Final = re.compile(r'"(?:[^"\\]|\\.)*"|\'(?:[^\'\\]|\\.)*\'|`[^`]*`|#[^\n]*')
_CALL: Final = re.compile(r"\b([a-z][a-z_0-9]*)\s*\(")
_QUOTED_NAME: Final = re.compile(r"[{,(]\s*\x00\s*(?:[,})]|[=!])")


@dataclass(frozen=True)
class LeftOut:
    """A rule that this Prometheus cannot load, where it stands, and why."""

    line: int
    group: str
    rule: MappingNode
    reason: str

    @property
    def name(self) -> str:
        """The alert's or the recorded name."""
        return text_of(get(self.rule, "alert")) or text_of(get(self.rule, "record"))


@dataclass(frozen=True)
class Loadable:
    """The text that can be loaded, what of it says otherwise what was written, and the rules that are not in it."""

    text: str
    changes: tuple[str, ...]
    left_out: tuple[LeftOut, ...]


def loadable(text: str, source: str, version: str) -> Loadable | None:
    """What of a rule file a Prometheus of this version can load; None where that cannot be told from its outline."""
    try:
        root = read_document(text, source, "a rule file")
    except InputError:
        return None  # promtool says what is wrong
    changes: list[str] = []
    left_out: list[LeftOut] = []
    for group in items(get(root, "groups")):
        if isinstance(group, MappingNode):
            _change_group(group, version, changes)
            left_out += _take_out(group, version)
    return Loadable(write_document(root), tuple(changes), tuple(left_out))


def older(version: str, since: str) -> bool:
    """Whether a version is before another one, as far as their first two numbers tell."""
    return _number(version) < _number(since)


def needs(what: str, since: str, version: str) -> str:
    """That something needs a newer Prometheus than this one, and how to use it."""
    return f"{what} needs Prometheus ≥ {since}, this is {version}; --prometheus-bin takes the one you run"


def uses_quoted_names(expr: str) -> bool:
    """Whether an expression has names in quotes, which may be of any UTF-8: `{"http.requests", "service.name"="x"}`."""
    plain = _STRING.sub(lambda found: " " if found[0].startswith("#") else "\x00", expr)
    return any("\x00" in inside[0] and _QUOTED_NAME.search(inside[0]) for inside in re.finditer(r"\{[^}]*\}", plain))


def _change_group(group: MappingNode, version: str, changes: list[str]) -> None:
    where = f"group {text_of(get(group, 'name'))}"
    for node in (group, *_rules(group)):
        for field in [name for name, _ in entries(node) if name in _OF_NO_RESULT]:
            drop(node, field)
            changes.append(f"{where}: {field} left out, which Prometheus does not have")
    if text_of(get(group, "type")) == "prometheus":
        drop(group, "type")
    shared = get(group, "labels")
    if isinstance(shared, MappingNode) and older(version, FIELDS_SINCE["labels"]):
        drop(group, "labels")
        for rule in _rules(group):
            own = get(rule, "labels")
            merged = MappingNode(shared.tag, list(own.value) if isinstance(own, MappingNode) else [])
            for name, value in entries(shared):
                if get(merged, name) is None:
                    put(merged, name, value)
            put(rule, "labels", merged)
        changes.append(f"{where}: its labels written into each of its rules, as Prometheus before 3.0 has it")


def _take_out(group: MappingNode, version: str) -> Iterator[LeftOut]:
    """Take the rules out that cannot be loaded. Yields them."""
    name = text_of(get(group, "name"))
    of_all = _lacking_fields(group, version)
    kept = []
    for rule in items(get(group, "rules")):
        reason = of_all
        if isinstance(rule, MappingNode):
            reason = reason or _lacking_fields(rule, version) or _lacking_of(text_of(get(rule, "expr")), version)
        if reason and isinstance(rule, MappingNode):
            yield LeftOut(place(rule)[0], name, rule, reason)
        else:
            kept.append(rule)
    if of_all:
        for field, _ in list(entries(group)):
            if field not in ("name", "rules", "interval", "limit"):
                drop(group, field)
    rules = get(group, "rules")
    if isinstance(rules, SequenceNode):
        rules.value = kept


def _lacking_fields(node: MappingNode, version: str) -> str:
    for field, _ in entries(node):
        since = FIELDS_SINCE.get(field, "")
        if since and older(version, since) and field != "labels":
            return needs(field, since, version)
        if field in _OF_OTHERS:
            return f"{field} is {_OF_OTHERS[field]}'s, and Prometheus has nothing like it"
    return ""


def _lacking_of(expr: str, version: str) -> str:
    plain = _STRING.sub(" ", expr)
    for function in _CALL.findall(plain):
        since = FUNCTIONS_SINCE.get(function, "")
        if since and older(version, since):
            return needs(function, since, version)
    if uses_quoted_names(expr) and older(version, _QUOTED_NAMES_SINCE):
        return needs("a name in quotes", _QUOTED_NAMES_SINCE, version)
    return ""


def _rules(group: MappingNode) -> list[MappingNode]:
    return [rule for rule in items(get(group, "rules")) if isinstance(rule, MappingNode)]


def _number(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in re.findall(r"\d+", version)[:2])
