"""Paths of notification templates, from the copy's point of view."""

from __future__ import annotations

import glob
from pathlib import Path, PurePosixPath

from ruamel.yaml.nodes import MappingNode, Node, SequenceNode

from simulator.stack.redirect_ledger import Ledger
from simulator.stack.redirect_tree import get, items, string, text_of


def localize_templates(root: MappingNode, base_dir: Path, ledger: Ledger) -> None:
    """Make relative paths absolute, as seen from the original; find those of a container beside the original."""
    node = get(root, "templates")
    if not isinstance(node, SequenceNode):
        return
    local: list[Node] = []
    for index, item in enumerate(items(node)):
        path, pattern = f"templates[{index}]", text_of(item)
        if not pattern:
            local.append(item)
            continue
        found = _find(pattern, base_dir.absolute())
        if found is None:
            ledger.change(item, path, "matches no file here")
            found = str(base_dir.absolute() / pattern)
        elif Path(pattern).is_absolute() and found != pattern:
            ledger.change(item, path, f"not on this machine; taken from {found}")
        local.append(string(found))
    node.value[:] = local


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
