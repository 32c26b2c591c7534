"""What a redirection did to a file: changes, problems, removals, and a number for every different secret."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from ruamel.yaml.nodes import MappingNode, Node

from simulator.errors import Problem, did_you_mean
from simulator.stack.alertmanager_fields import release
from simulator.stack.redirect_tree import drop, place, string, text_of

_NAMES = re.compile(r"\$\{[^}]*\}|\$\([^)]*\)|\$[A-Za-z_]\w*|%[A-Za-z_]\w*%|__[A-Za-z]\w*__|@[A-Z_]+@")
_BRACKETS = re.compile(r"<[^<>]*>|\{\{.*?\}\}", re.DOTALL)


def is_unfilled(text: str) -> bool:
    """Whether a deployment has yet to fill a value in: `${NAME}`, `$NAME`, `<secret>`, `{{ name }}` and the like."""
    return bool(_NAMES.search(text) or _BRACKETS.search(text))


@dataclass(frozen=True)
class UnknownField:
    """A key that this version of crybsim does not know: never passed on; whether it is a mistake, Alertmanager says."""

    problem: Problem
    name: str


@dataclass
class Ledger:
    """Filled while one file is redirected."""

    source: str
    version: str | None
    changes: list[str] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    unknown: list[UnknownField] = field(default_factory=list)
    removed_receivers: dict[str, str] = field(default_factory=dict)  # why not all of it can be heard
    unknown_homes: list[tuple[MappingNode, str]] = field(default_factory=list)
    lacking: list[str] = field(default_factory=list)
    missing_templates: list[str] = field(default_factory=list)
    _numbers: dict[str, dict[str, int]] = field(default_factory=dict)

    def change(self, node: Node | None, path: str, what: str) -> None:
        """Note one change; `what` never quotes a value of the original that could be a secret."""
        line = place(node)[0] if node is not None else 0
        self.changes.append(f"{self.source}:{line}: {path}: {what}" if line else f"{self.source}: {path}: {what}")

    def problem(self, node: Node, path: str, message: str) -> None:
        """Note one mistake of the user."""
        self.problems.append(Problem(self.source, *place(node), path, message))

    def number(self, noun: str, original: str) -> int:
        """1 for the first different original of its kind, 2 for the second: tells them apart and gives nothing away."""
        known = self._numbers.setdefault(noun, {})
        return known.setdefault(original, len(known) + 1)

    def is_too_new(self, since: str) -> bool:
        """Whether the Alertmanager in use is older than the release `since`."""
        return self.version is not None and release(self.version) < release(since)

    def drop_too_new(self, home: MappingNode, key: str, path: str, since: str) -> None:
        """Remove a key that the Alertmanager in use does not have yet."""
        node = drop(home, key)
        self.change(node, path, self.left_out(since))
        line = place(node)[0] if node is not None else 0
        needs = f"needs Alertmanager ≥ {since}, this is {self.version}; --alertmanager-bin takes the one you run"
        self.lacking.append(f"{self.source}:{line}: {path} {needs}")

    def left_out(self, since: str) -> str:
        """The change where something of the release `since` is left out."""
        return f"left out: needs Alertmanager >= {since}, the one used here is {self.version}"

    def drop_unknown(self, home: MappingNode, key: str, path: str, allowed: Sequence[str]) -> None:
        """Remove a key that nobody here knows: it could hold an address."""
        node = drop(home, key)
        assert node is not None
        guess = did_you_mean(key, allowed)
        self.change(node, path, f"removed: crybsim does not know this field{guess}")
        problem = Problem(self.source, *place(node), path, f"Alertmanager does not know this field{guess}")
        self.unknown.append(UnknownField(problem, key))
        self.unknown_homes.append((home, key))

    def remove_receiver(self, name: str, why: str) -> None:
        """Note that something of this receiver cannot be heard."""
        told = self.removed_receivers.get(name, "")
        if why not in told.split("; "):
            self.removed_receivers[name] = f"{told}; {why}" if told else why


def fill_address(node: Node | None, path: str, ledger: Ledger) -> Node | None:
    """A mail address in place of one that the deployment fills in, or None where there is nothing to fill.

    Alertmanager would not send to `${TEAM_MAIL}`. Templates (`{{ … }}`) and names (`Ops <o@x.org>`) are its own.
    """
    text = text_of(node)
    if not _NAMES.search(text) and not re.fullmatch(r"<[^<>@]*>", text):
        return None
    name = f"unfilled-{ledger.number('mail address', text)}"
    filled = _NAMES.sub(name, text)
    ledger.change(node, path, f"not filled in: {name} stands in")
    return string(filled if "@" in filled else f"{name}@placeholder.invalid")
