"""Targets without discovery: every `*_sd_configs` of a job becomes a static list.

Files of `file_sd_configs` are read where they are there. What another discovery would find cannot be known here; it is
given by hand, or else stands as one target named after the job.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from ruamel.yaml.nodes import MappingNode, Node, SequenceNode

from simulator.errors import InputError
from simulator.stack.patterns import absolute, files
from simulator.stack.redirect_tree import drop, entries, get, items, read_document, text_of
from simulator.stack.secrets import mask_url, mask_value


@dataclass(frozen=True)
class Discovered:
    """What a job's discovery would find, given by hand: addresses, and the labels (`__meta_…` too) all of them have."""

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


def replace_discovery(
    node: MappingNode, *, folder: Path, stand_in: str, given: Discovered | None
) -> tuple[tuple[Target, ...], list[str]]:
    """Remove each `*_sd_configs` of a job. Returns the targets that stand for it, and a line on each change.

    `folder` is where relative paths begin; `stand_in` is the address used where nothing better is known.
    """
    kinds = [name for name, _ in entries(node) if name.endswith("_sd_configs")]
    targets: list[Target] = []
    changes: list[str] = []
    for kind in kinds:
        configs = items(drop(node, kind))
        if given is not None:
            changes.append(f"{kind} replaced by the {len(given.targets)} targets given for this job")
            continue
        found, how = _known(kind, configs, folder)
        targets += found or (Target(stand_in),)
        changes.append(f"{kind} replaced by {how}" if found else f"{kind} replaced by one target, {stand_in}")
    if kinds and given is not None:
        targets = [Target(address, tuple(given.labels.items())) for address in given.targets]
    if kinds and given is None and "__meta_" in _text(get(node, "relabel_configs")):
        changes.append("its relabelling reads __meta_ labels, which only discovery gives: targets may be dropped")
    return tuple(targets), changes


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


def _text(node: Node | None) -> str:
    """Every scalar below a node, for a search."""
    if isinstance(node, MappingNode):
        return " ".join(f"{name} {_text(value)}" for name, value in entries(node))
    if isinstance(node, SequenceNode):
        return " ".join(_text(item) for item in items(node))
    return text_of(node)
