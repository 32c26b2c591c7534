"""What service discovery would have said about a target, guessed from the relabelling that reads it.

A target that stands in for discovered ones has no `__meta_…` labels, so a step such as "keep pods whose app is
cryb-api" would drop it. For each such label a value is guessed with which the job's own steps keep the target: the
text that a `keep` step asks for, else a name after the job for what is copied into a label that series carry. What
steers the scrape itself (port, path, scheme of an annotation) is left out: the steps then leave that as it is.

Actions and defaults: https://prometheus.io/docs/prometheus/latest/configuration/configuration/#relabel_config.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

_META: Final = "__meta_"
_ANYTHING: Final = ("", "(.*)", "(.+)", ".*", ".+")
_FLAGS: Final = re.compile(r"\(\?[a-zA-Z]+\)")
_GROUP: Final = re.compile(r"(?<!\\)\((?:\?:)?([^()|]*)(?:\|[^()]*)?\)\??")
_SAMPLES: Final = (
    (re.compile(r"\\d[*+]?|\[0-9\][*+]?"), lambda _: "1"),
    (re.compile(r"\[([^\]^\\])[^\]]*\][*+]?"), lambda found: found[1]),
    (re.compile(r"\\([^\w])"), lambda found: found[1]),
    (re.compile(r"(\w)\?"), lambda found: found[1]),
)
_SOMETHING: Final = re.compile(r"(?<!\\)(?:\.[*+]\??|\[\^[^\]]*\][*+]?|\\[wS][*+]?)")


@dataclass(frozen=True)
class Step:
    """One step of `relabel_configs`, as far as guessing needs it."""

    action: str
    sources: tuple[str, ...]
    separator: str
    regex: str
    target: str


def guess_labels(
    steps: Iterable[Step], job: str, known: Mapping[str, str], number: int = 1, *, namespace: str = "default"
) -> dict[str, str]:
    """The `__meta_…` labels of the nth stand-in for `job`; `known` are the labels that it has already, and
    `namespace` is where its discovery looks."""
    steps = tuple(steps)
    guessed: dict[str, str] = {}
    for step in steps:
        if step.action == "keep":
            _keep(step, job, {**known, **guessed}, guessed)
    for step in steps:
        copies = step.action == "replace" and len(step.sources) == 1 and not step.target.startswith("__")
        if copies and step.regex in _ANYTHING and step.sources[0].startswith(_META):
            guessed.setdefault(step.sources[0], _usual(step.sources[0], job, number, namespace))
    return {name: value for name, value in guessed.items() if value and name not in known}


def _keep(step: Step, job: str, have: Mapping[str, str], guessed: dict[str, str]) -> None:
    """Give the step's labels values that it keeps. Those that are known, and those that are not discovery's, stay."""
    for wanted in _examples(step.regex, job):
        parts = wanted.split(step.separator) if len(step.sources) > 1 else [wanted]
        if len(parts) != len(step.sources):
            continue
        pairs = list(zip(step.sources, parts, strict=True))
        if all(have.get(name, part) == part and (name in have or name.startswith(_META)) for name, part in pairs):
            guessed.update(pairs)
            return


def _examples(regex: str, job: str) -> Iterator[str]:
    """Texts that a regular expression matches; none where it is not a simple one. Where any text will do, it is the
    job's name."""
    simple = _FLAGS.sub("", regex).strip("^$")
    while (fewer := _GROUP.sub(r"\1", simple)) != simple:
        simple = fewer
    for text in simple.split("|"):
        text = _SOMETHING.sub(job.replace("\\", ""), text)
        for pattern, sample in _SAMPLES:
            text = pattern.sub(sample, text)
        try:
            matches = re.fullmatch(regex, text) is not None
        except re.error:
            return
        if matches:
            yield text


def _usual(label: str, job: str, number: int, namespace: str) -> str:
    """What such a label often holds."""
    if label.endswith("_namespace"):
        return namespace
    if label.endswith("_pod_name"):
        return f"{job}-{number - 1}"
    if label.endswith("_ip"):
        return f"10.0.0.{number}"
    return job
