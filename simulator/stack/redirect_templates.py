"""Paths of notification templates, from the copy's point of view."""

from __future__ import annotations

import glob
import json
import re
from collections.abc import Iterator, Sequence
from pathlib import Path, PurePosixPath
from typing import Final

from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from simulator.stack.alertmanager_fields import release
from simulator.stack.redirect_ledger import Ledger
from simulator.stack.redirect_tree import get, items, string, text_of

_USED: Final = re.compile(r"\{\{-?\s*template\s+\"([^\"]+)\"")
_DEFINED: Final = re.compile(r"\{\{-?\s*(?:define|block)\s+\"([^\"]+)\"")
_FUNCTIONS_SINCE: Final = {"date": "0.28", "tz": "0.28", "since": "0.28", "humanizeDuration": "0.28"}
"""Functions of templates and the first Alertmanager that has them (its CHANGELOG.md); the others it always had, or has
only from a version on that is newer than these."""
_NEWEST: Final = frozenset({"urlUnescape", "safeUrl", "toJson", "list", "append", "dict"})
_ACTION: Final = re.compile(r"\{\{.*?\}\}", re.DOTALL)
_LITERAL: Final = re.compile(r'"(?:[^"\\]|\\.)*"|`[^`]*`|/\*.*?\*/', re.DOTALL)
_WORD: Final = re.compile(r"(?<![.$\w])[A-Za-z]\w*")
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
            local.append(string(str(base_dir.absolute() / pattern)))
            continue
        if Path(pattern).is_absolute() and found != pattern:
            ledger.change(item, path, f"not on this machine; taken from {found}")
        files = [Path(name) for name in sorted(glob.glob(found))]  # noqa: PTH207 (absolute patterns)
        lacking = {file: why for file in files if (why := _lacking(_read(file), ledger.version))}
        for file, why in lacking.items():
            ledger.change(item, path, f"{file.name} left out: {why}")
        kept = [glob.escape(str(file)) for file in files if file not in lacking] if lacking else [found]
        missing = missing or bool(lacking)
        local += map(string, kept)
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
        ledger.change(None, "templates", f"{name} is defined in no file that can be read here: a text stands in for it")
        ledger.missing_templates.append(name)


def _lacking(text: str, version: str | None) -> str:
    """What functions of a template an Alertmanager of this version lacks, or empty."""
    if version is None:
        return ""
    actions = " ".join(_LITERAL.sub(" ", action) for action in _ACTION.findall(text))
    for name in dict.fromkeys(_WORD.findall(actions)):
        if (since := _FUNCTIONS_SINCE.get(name)) and release(version) < release(since):
            return f"its function {name} needs Alertmanager ≥ {since}"
        if name in _NEWEST and release(version) < release(max(_FUNCTIONS_SINCE.values())):
            return f"its function {name} needs a newer Alertmanager than {version}"
    return ""


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
