"""What one reason is about, told once: "12 alerts: each was blind, not silent: …: A, B, C".

For people. `verdict.json` and JUnit keep one entry for each alert.
"""

from __future__ import annotations

import re
from collections.abc import Hashable, Iterable, Iterator, Sequence
from typing import Final, TypeVar

from simulator.verdict.document import BurnPrediction, Finding, NotGraded, Word
from simulator.verdict.unexposed import NOTHING_EXPOSES
from simulator.verdict.wording import counted

_T = TypeVar("_T")

MOST_NAMES: Final = 30
"""In one text: the page cuts long ones."""

_METRICS: Final = re.compile(rf"(?<={NOTHING_EXPOSES} )[^;]+")
"""What of a reason differs from alert to alert."""


def together(findings: Sequence[Finding]) -> list[Finding]:
    """The findings, those of several alerts that say the same of each made one, at the place of the first."""
    return [_of_all(alike) if len(alike) > 1 else alike[0] for alike in _alike((_said(one), one) for one in findings)]


def not_graded_together(alerts: Sequence[NotGraded]) -> list[tuple[str, str]]:
    """Alerts that a run is too short for: who, and why."""
    told = []
    for alike in _alike((one.reason, one) for one in alerts):
        names = [one.alert for one in alike]
        several = len(names) > 1
        told.append((_who(names), f"{alike[0].reason}: {', '.join(names)}" if several else alike[0].reason))
    return told


def unpredicted(predictions: Sequence[BurnPrediction]) -> list[str]:
    """Why alerts on an error budget have no prediction, a line for each reason."""
    return [
        f"no prediction for {', '.join(one.alert for one in alike)}: {alike[0].reason}"
        for alike in _alike((one.reason, one) for one in predictions if one.reason)
    ]


def _said(finding: Finding) -> Hashable:
    """What a finding says of its alert; itself where that is not to be said of others."""
    own = f"{finding.alert} "
    if finding.word is not Word.UNOBSERVED or finding.evidence or not finding.message.startswith(own):
        return id(finding)
    return finding.expectation, _METRICS.sub("what it reads", finding.message.removeprefix(own))


def _of_all(alike: Sequence[Finding]) -> Finding:
    first = alike[0]
    said = first.message.removeprefix(f"{first.alert} ")
    names = [finding.alert for finding in alike]
    metrics = [found[0] if (found := _METRICS.search(finding.message)) else "" for finding in alike]
    if len(set(metrics)) > 1:
        said = _METRICS.sub("what it reads", said)
        told = [f"{name} ({which})" for name, which in zip(names, metrics, strict=True)]
    else:
        told = names
    message = f"each {said}: {', '.join(told)}"
    return first.model_copy(update={"alert": _who(names), "labels": {}, "message": message})


def _who(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else counted(len(names), "alert")


def _alike(keyed: Iterable[tuple[Hashable, _T]]) -> Iterator[list[_T]]:
    """What has the same key, in the order of the first; no more than `MOST_NAMES` at once."""
    found: dict[Hashable, list[_T]] = {}
    for key, one in keyed:
        found.setdefault(key, []).append(one)
    for alike in found.values():
        yield from (alike[start : start + MOST_NAMES] for start in range(0, len(alike), MOST_NAMES))
