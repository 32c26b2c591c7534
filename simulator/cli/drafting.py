"""Drafts of profiles: a commented starter, and the `expect` for one alert of the team's own rules.

A draft is a guess that a person has to look at: it carries `reviewed: false` and cannot pass before that line is gone.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from simulator.catalog.catalogue import PLATFORM
from simulator.catalog.looked_at import sample_names
from simulator.catalog.sizes import Size
from simulator.cli.causes import CUSTOM, PLAIN, UNKNOWN, Causes
from simulator.cli.manifests import carried_in, first_document
from simulator.engine.rules import RuleSet, rules_from_api
from simulator.errors import InputError, Problem, did_you_mean
from simulator.profile.document import Document, Json, Steps, parse_document, read_document
from simulator.telemetry.rules import AlertRule
from simulator.units import HOUR, MINUTE, SECOND, format_duration, parse_duration
from simulator.wire.kubernetes import Carried

ONSET_MS = MINUTE
SCRAPE_MS = 15 * SECOND  # the contract's scrape and evaluation interval
NOTIFIED_MS = MINUTE  # group_wait, and some time for the last notification

_ALWAYS: Final = re.compile(r"\(*\s*vector\(\s*1\s*\)\s*\)*\s*(?:>\s*0|==\s*1)?")
"""An alert that fires as long as all is well."""


def read_rules(paths: Iterable[Path]) -> RuleSet:
    """The rules of Prometheus rule files. Raises InputError with every problem that keeps them from being read."""
    groups: list[Mapping[str, Any]] = []
    problems: list[Problem | str] = []
    for path in paths:
        try:
            for document in _documents(path):
                groups.extend(_groups(document))
        except InputError as error:
            problems.extend(error.problems)
    if problems:
        raise InputError(*problems)
    return rules_from_api(groups)


def _documents(path: Path) -> Iterable[Document]:
    """A rule file, or the rule files that a Kubernetes manifest carries. Raises InputError."""
    carried = [file for file in carried_in(path) if file.kind is Carried.RULES]
    if not carried:
        first = first_document(path)
        if first is not None:
            return [parse_document(first, file=str(path), what="a rule file")]
        return [read_document(path, what="a rule file")]
    return [parse_document(file.text, file=f"{path} ({file.name})", what="a rule file") for file in carried]


def choose_rule(rules: RuleSet, name: str) -> AlertRule:
    """The alert of that name. Raises InputError with the nearest one."""
    named = rules.named(name)
    if not named:
        names = [rule.name for rule in rules.alerts]
        there = f" (alerts there: {', '.join(sorted(set(names))) or 'none'})" if len(names) <= 40 else ""
        raise InputError(f"no rule there is called {name!r}{did_you_mean(name, names)}{there}")
    return named[0]


def draft(name: str, rule: AlertRule, causes: Causes = PLAIN, beside: Sequence[AlertRule] = ()) -> str:
    """A profile whose fault should set the rule off. `beside` are the others that run along."""
    cause = causes.of(rule) or UNKNOWN
    within = ONSET_MS * -(-(rule.for_ms + rule.reach_ms + 2 * max(SCRAPE_MS, rule.interval_ms)) // ONSET_MS)
    lasts = within + ONSET_MS
    reach = f"its windows reach {format_duration(rule.reach_ms)} back, then `for: {format_duration(rule.for_ms)}`"
    labels = [f"{key}: {json.dumps(value)}" for key, value in rule.labels if "{{" not in value]
    expect = [
        "expect:",
        "  # A tool drafted this block. Read it, correct it, and then remove the next line: a run cannot pass before.",
        "  reviewed: false",
        "  alerts:",
        f"    - name: {json.dumps(rule.name)}",
        *(["      labels:", *(f"        {label}" for label in labels)] if labels else []),
        f"      caused_by: {cause.id}",
        f"      # {reach}, then scrape and evaluation",
        f"      fires_within: {format_duration(within)}",
        "      # Who must hear of it: a #channel, an address, pagerduty or another integration, receiver:NAME",
        "      notifies: []",
        "  # true: any alert that is not named here has to stay silent, and to be able to see what it looks at",
        "  no_other_alerts: false",
        "  # Alerts that must not fire, and alerts that this profile does not judge:",
        "  silent: []",
        f"  ignore: {json.dumps(sorted({one.name for one in beside if _ALWAYS.fullmatch(one.expr.strip())}))}",
    ]
    fault = [
        "faults:",
        f"  - id: {cause.id}",
        f"    # {cause.reason}",
        f"    kind: {cause.kind}",
        f"    at: {format_duration(ONSET_MS)}",
        f"    for: {format_duration(lasts)}",
        *(f"    {line}" for line in cause.lines),
    ]
    what = "something of ours breaks" if cause.kind == CUSTOM else f"the platform suffers from {cause.kind}"
    description = f"{rule.name} must fire while {what}."
    note = ["# This run is long because of the alert's windows."] if within > HOUR else []
    size = _size_for([rule, *beside])
    return _profile(name, description, ONSET_MS + lasts + NOTIFIED_MS, [*note, *fault], expect, size)


def _size_for(rules: Iterable[AlertRule]) -> Size:
    """Tiny, unless a rule looks at something that only larger platforms have."""
    asked = {selector.metric for rule in rules for selector in rule.selectors}
    large = any(family.not_tiny and not asked.isdisjoint(sample_names(family)) for family in PLATFORM.families)
    return Size.DEFAULT if large else Size.TINY


def starter(name: str) -> str:
    """A profile to begin with: one fault, one alert, every part explained."""
    fault = [
        "# What breaks, and when; `crybsim catalog faults` lists the kinds.",
        "faults:",
        "  - id: some-errors",
        "    kind: http_errors",
        "    at: 1m # after the start of the run",
        "    for: 3m",
        "    intensity: 0.25 # a share; the kind says of what",
        "    # ramp: 30s # rises and falls over this long",
        "    # target: # nothing given: all of the API",
        "    #   route: /api/v1/posts",
    ]
    expect = [
        "# What must react.",
        "expect:",
        "  alerts:",
        "    - name: HighErrorRate",
        "      labels:",
        "        severity: critical",
        "      caused_by: some-errors",
        "      fires_within: 3m # after the fault begins",
        "      # resolves_within: 1m # after the fault ends",
        "      # a #channel, an address, pagerduty or another integration, receiver:NAME",
        '      notifies: ["#critical-alerts"]',
        "  # Alerts that must not fire:",
        "  silent: [APIServiceDown]",
        "  # Any alert that is not named here fails the run, too:",
        "  no_other_alerts: true",
        "  # Alerts that are not judged (these look back for hours, and a live run has minutes of data):",
        "  ignore: [SLOAvailabilityFastBurn, SLOAvailabilitySlowBurn, SLOAvailabilityViolated]",
    ]
    return _profile(name, "Says in a sentence what this rehearses.", 5 * MINUTE, fault, expect)


def _profile(
    name: str, description: str, duration_ms: int, fault: Sequence[str], expect: Sequence[str], size: Size = Size.TINY
) -> str:
    lines = [
        f"name: {name} # as the file is called",
        f"description: {json.dumps(description)}",
        "seed: 1 # the same seed gives the same platform",
        "start: 2026-01-07T20:00:00 # the instant of the platform's life at which the run begins",
        f"duration: {format_duration(duration_ms)}",
        "",
        "platform:",
        f"  size: {size} # how many series: tiny, default, large",
        "",
        "# How much the platform is used; load and telemetry both follow it.",
        "traffic:",
        "  peak: 20/s",
        "  shape: evening # or flat, daily, office",
        "  time_zone: Europe/Berlin",
        "",
        *fault,
        "",
        *expect,
    ]
    return "\n".join(lines) + "\n"


def _groups(document: Document) -> list[Mapping[str, Any]]:
    """Rule groups in the shape of Prometheus's rules API, which is what the engine reads."""
    return [
        {
            "name": _text(document, (*steps, "name")),
            "file": document.file,
            "interval": _seconds(document, (*steps, "interval")),
            "rules": [_rule(document, inside) for inside in _items(document, (*steps, "rules"))],
        }
        for steps in _items(document, ("groups",))
    ]


def _rule(document: Document, steps: Steps) -> Mapping[str, Any]:
    if _value(document, (*steps, "record")) is not None:
        name = _text(document, (*steps, "record"))
        return {"type": "recording", "name": name, "query": _text(document, (*steps, "expr"))}
    return {
        "type": "alerting",
        "name": _text(document, (*steps, "alert")),
        "query": _text(document, (*steps, "expr")),
        "duration": _seconds(document, (*steps, "for")),
        "keepFiringFor": _seconds(document, (*steps, "keep_firing_for")),
        "labels": _labels(document, (*steps, "labels")),
    }


def _value(document: Document, steps: Steps) -> Json:
    try:
        return document.at(steps)
    except KeyError:
        return None


def _items(document: Document, steps: Steps) -> list[Steps]:
    value = _value(document, steps)
    if value is None:
        return []
    if not isinstance(value, list):
        raise InputError(document.problem(steps, "is not a list"))
    return [(*steps, index) for index in range(len(value))]


def _text(document: Document, steps: Steps) -> str:
    value = _value(document, steps)
    if value is None or isinstance(value, list | dict):
        raise InputError(document.problem(steps, "is missing; it is text"))
    return str(value)


def _seconds(document: Document, steps: Steps) -> float:
    value = _value(document, steps)
    if value is None:
        return 0.0
    try:
        return parse_duration(str(value)) / SECOND
    except ValueError as error:
        raise InputError(document.problem(steps, str(error))) from error


def _labels(document: Document, steps: Steps) -> dict[str, str]:
    value = _value(document, steps)
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise InputError(document.problem(steps, "is not a mapping of labels"))
    return {key: str(text) for key, text in value.items()}
