"""Paths of notification templates, from the copy's point of view."""

from __future__ import annotations

import glob
import json
import re
from collections.abc import Iterator, Sequence
from pathlib import Path, PurePosixPath
from typing import Final

from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from simulator.stack.redirect_ledger import Ledger
from simulator.stack.redirect_tree import get, items, string, text_of

_USED: Final = re.compile(r"\{\{-?\s*template\s+\"([^\"]+)\"")
_DEFINED: Final = re.compile(r"\{\{-?\s*(?:define|block)\s+\"([^\"]+)\"")
_OWN: Final = re.compile(r"__\w+|\w+\.default\..*")
"""Templates that Alertmanager brings along."""


def localize_templates(root: MappingNode, base_dir: Path, ledger: Ledger) -> None:
    """Make relative paths absolute, as seen from the original; find those of a container beside the original.

    Templates that are used and that only files which are not here can define get a text that says so, in place of
    notifications that nobody hears.
    """
    node = get(root, "templates")
    if not isinstance(node, SequenceNode):
        return
    missing = False
    local: list[Node] = []
    for index, item in enumerate(items(node)):
        path, pattern = f"templates[{index}]", text_of(item)
        if not pattern:
            local.append(item)
            continue
        found = _find(pattern, base_dir.absolute())
        if found is None:
            ledger.change(item, path, "matches no file here")
            missing = True
            found = str(base_dir.absolute() / pattern)
        elif Path(pattern).is_absolute() and found != pattern:
            ledger.change(item, path, f"not on this machine; taken from {found}")
        local.append(string(found))
    node.value[:] = local
    if missing:
        _stand_in(root, [text_of(one) for one in local], ledger)


def _stand_in(root: MappingNode, patterns: Sequence[str], ledger: Ledger) -> None:
    """Put the missing templates' texts in place of them where they are used."""
    files = [Path(name) for pattern in patterns for name in glob.glob(pattern)]  # noqa: PTH207 (absolute patterns)
    there = "".join(_read(file) for file in files)
    defined = set(_DEFINED.findall(there))
    nodes = list(_texts(root))
    used = {name for node in nodes for name in _USED.findall(node.value)}
    for name in sorted(used - defined):
        if _OWN.fullmatch(name):
            continue
        call = re.compile(r"\{\{-?\s*template\s+" + re.escape(json.dumps(name)) + r"[^}]*\}\}")
        for node in nodes:
            node.value = call.sub(f"(template {name}, which is not here)", node.value)
        ledger.change(None, "templates", f"{name} is defined in no file here: a text that says so stands in")
        ledger.missing_templates.append(name)


def _texts(node: Node) -> Iterator[ScalarNode]:
    if isinstance(node, ScalarNode):
        yield node
    elif isinstance(node, MappingNode):
        for _, value in node.value:
            yield from _texts(value)
    elif isinstance(node, SequenceNode):
        for value in node.value:
            yield from _texts(value)


def _read(file: Path) -> str:
    try:
        return file.read_text("utf-8", errors="replace")
    except OSError:
        return ""


def _find(pattern: str, base_dir: Path) -> str | None:
    """The pattern that matches something: as written, else its last parts below the original's folder."""
    parts = PurePosixPath(pattern).parts
    if PurePosixPath(pattern).is_absolute():
        below = ["/".join(parts[start:]) for start in range(1, len(parts))]
    else:
        below = [pattern]
    candidates = [str(base_dir / part) for part in below]
    if PurePosixPath(pattern).is_absolute():
        candidates.insert(0, pattern)
    return next((candidate for candidate in candidates if glob.glob(candidate)), None)  # noqa: PTH207 (absolute patterns)
