"""Targets without discovery: every `*_sd_configs` of a job becomes a static list.

Files of `file_sd_configs` are read where they are there. What another discovery would find cannot be known here; it is
given by hand (`discovered` in crybsim.yaml), or else targets named after the job stand in, one for each instance that
the platform has, with labels that the job's relabelling keeps.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from ruamel.yaml.nodes import MappingNode, Node

from simulator.errors import InputError
from simulator.stack.discovered_labels import Step, guess_labels
from simulator.stack.patterns import absolute, files
from simulator.stack.redirect_tree import drop, entries, get, items, read_document, text_of
from simulator.stack.secrets import mask_url, mask_value

MOST_STAND_INS: Final = 32
"""Instances of a service that stand-ins of one job can be."""


@dataclass(frozen=True)
class Discovered:
    """Some of what a job's discovery would find, given by hand: addresses, and the labels (`__meta_…` too) of all."""

    targets: tuple[str, ...]
    labels: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Target:
    """One target as written, and the labels that its group gives it."""

    address: str
    labels: tuple[tuple[str, str], ...] = ()


def static_targets(node: MappingNode) -> tuple[Target, ...]:
    """The targets of a section's `static_configs`, in the order of the file. The section loses them."""
    return tuple(target for group in items(drop(node, "static_configs")) for target in _group(group))


@dataclass(frozen=True)
class Replaced:
    """What stands for a job's discovery, a line on each change, and the addresses that are there only for instances
    that the platform may have."""

    targets: tuple[Target, ...]
    changes: tuple[str, ...]
    spare: frozenset[str] = frozenset()


def replace_discovery(node: MappingNode, *, job: str, folder: Path, given: Sequence[Discovered] | None) -> Replaced:
    """Remove each `*_sd_configs` of a job. `folder` is where relative paths begin."""
    kinds = [name for name, _ in entries(node) if name.endswith("_sd_configs")]
    targets: list[Target] = []
    changes: list[str] = []
    stand_ins: tuple[Target, ...] = ()
    for kind in kinds:
        configs = items(drop(node, kind))
        if given is not None:
            number = sum(len(group.targets) for group in given)
            changes.append(f"{kind} replaced by the {number} targets given for this job")
            continue
        found, how = _known(kind, configs, folder)
        targets += found
        if found:
            changes.append(f"{kind} replaced by {how}")
            continue
        stand_ins = _stand_ins(job, _steps(get(node, "relabel_configs")), _namespace(configs))
        one = stand_ins[0].address
        changes.append(f"{kind} replaced by {one}, {stand_ins[1].address}, …: one target for each instance there is")
    if kinds and given is not None:
        targets = [Target(address, tuple(group.labels.items())) for group in given for address in group.targets]
    if stand_ins and stand_ins[0].labels:
        guessed = ", ".join(f"{name}={value}" for name, value in stand_ins[0].labels)
        changes.append(
            f"labels that only discovery knows are guessed: {guessed} (`discovered` in crybsim.yaml beats it)"
        )
    return Replaced((*targets, *stand_ins), tuple(changes), frozenset(one.address for one in stand_ins[1:]))


def _stand_ins(job: str, steps: Sequence[Step], namespace: str) -> tuple[Target, ...]:
    targets = []
    for number in range(1, MOST_STAND_INS + 1):
        name = job if number == 1 else f"{job}-{number}"
        guessed = guess_labels(steps, job, {"job": job}, number, namespace=namespace)
        targets.append(Target(stand_in_address(name, 80), tuple(guessed.items())))
    return tuple(targets)


def _namespace(configs: Sequence[Node]) -> str:
    """The first namespace that Kubernetes' discovery is told to look into."""
    named = (items(get(get(config, "namespaces"), "names")) for config in configs)
    return next((text_of(name) for names in named for name in names), "default")


def _steps(node: Node | None) -> tuple[Step, ...]:
    """The steps of `relabel_configs`, with Prometheus's defaults."""
    found = []
    for step in items(node):
        separator, regex = get(step, "separator"), get(step, "regex")
        found.append(
            Step(
                action=(text_of(get(step, "action")) or "replace").lower(),
                sources=tuple(text_of(source) for source in items(get(step, "source_labels"))),
                separator=";" if separator is None else text_of(separator),
                regex="(.*)" if regex is None else text_of(regex),
                target=text_of(get(step, "target_label")),
            )
        )
    return tuple(found)


def _known(kind: str, configs: list[Node], folder: Path) -> tuple[tuple[Target, ...], str]:
    if kind == "file_sd_configs":
        patterns = [text_of(pattern) for config in configs for pattern in items(get(config, "files"))]
        paths = [path for pattern in patterns for path in files(absolute(pattern, folder))]
        found = tuple(target for path in paths for target in _read_file(path))
        return found, f"the {len(found)} targets of {', '.join(map(str, paths))}"
    if kind == "dns_sd_configs":
        found = tuple(
            Target(f"{text_of(name)}:{text_of(get(config, 'port')) or 80}", (("__meta_dns_name", text_of(name)),))
            for config in configs
            for name in items(get(config, "names"))
        )
        return found, "one target for each name"
    return (), ""


def _read_file(path: Path) -> tuple[Target, ...]:
    """The targets of one file_sd file, which is a list, in YAML or JSON. Raises InputError."""
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror}") from error
    # a list is wrapped into a mapping, so that there is one reader with one kind of error
    lines = [line for line in text.splitlines(keepends=True) if line.rstrip() != "---"]
    document = read_document("groups:\n" + "".join(f" {line}" for line in lines), str(path))
    meta = (("__meta_filepath", str(path)),)
    return tuple(
        Target(target.address, (*target.labels, *meta))
        for group in items(get(document, "groups"))
        for target in _group(group)
    )


def _group(group: Node) -> tuple[Target, ...]:
    labels = tuple((name, mask_value(name, text_of(value))) for name, value in entries(get(group, "labels")))
    return tuple(Target(mask_url(text_of(address)), labels) for address in items(get(group, "targets")))


def stand_in_address(job: str, port: int) -> str:
    """An address named after a job: `Web servers` becomes `web-servers:80`."""
    return f"{re.sub(r'[^a-z0-9.-]+', '-', job.lower()).strip('-.') or 'target'}:{port}"
