"""A YAML file as plain data that still knows the line and column of every key and value.

YAML 1.2, so that `yes`, `on` and `012` mean what they look like. Anchors, aliases and merges are allowed; tags other
than the core ones are not. Sizes are bounded, since parsing keeps positions and is therefore slow.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, StringMark, YAMLError
from ruamel.yaml.events import AliasEvent, CollectionEndEvent, CollectionStartEvent, ScalarEvent
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode
from ruamel.yaml.reader import ReaderError

from simulator.errors import InputError, Problem

LARGEST_BYTES: Final = 1 << 20
MOST_NODES: Final = 20_000
DEEPEST: Final = 40

Json = None | bool | int | float | str | list["Json"] | dict[str, "Json"]
Step = str | int
Steps = tuple[Step, ...]
"""The way from the document's root to a node: keys and indices."""

_CORE = "tag:yaml.org,2002:"


@dataclass(frozen=True)
class Place:
    """Where something is written; both count from 1."""

    line: int
    column: int


def render_steps(steps: Steps) -> str:
    """`faults[0].for` for ("faults", 0, "for")."""
    text = ""
    for step in steps:
        text += f"[{step}]" if isinstance(step, int) else f".{step}" if text else step
    return text


@dataclass(frozen=True)
class Document:
    """The content of one YAML file. `values` and `keys` say where each node and each mapping key is written."""

    file: str
    data: Json
    values: dict[Steps, Place] = field(repr=False)
    keys: dict[Steps, Place] = field(repr=False)

    def at(self, steps: Steps) -> Json:
        """The value there. Raises KeyError when there is none."""
        value = self.data
        for step in steps:
            if isinstance(value, dict) and step in value:
                value = value[str(step)]
            elif isinstance(value, list) and isinstance(step, int) and step < len(value):
                value = value[step]
            else:
                raise KeyError(render_steps(steps))
        return value

    def place(self, steps: Steps) -> Place:
        """Where the value is written, or the nearest mapping or list around it."""
        while steps not in self.values:
            steps = steps[:-1]
        return self.values[steps]

    def problem(self, steps: Steps, message: str, *, at_key: bool = False) -> Problem:
        """A mistake in the value there, or in its key."""
        place = self.keys.get(steps) if at_key else None
        place = place or self.place(steps)
        return Problem(self.file, place.line, place.column, render_steps(steps), message)


def read_document(path: Path, *, what: str, may_be_empty: bool = False) -> Document:
    """Read a file whose root must be a mapping; `what` names it in messages ("a profile").

    Raises InputError: not readable, not UTF-8, too large, not YAML, keys given twice.
    """
    file = str(path)
    try:
        if path.is_dir():
            raise InputError(Problem(file, 0, 0, "", f"is a folder; name {what} file in it"))
        with path.open("rb") as stream:
            raw = stream.read(LARGEST_BYTES + 1)
    except OSError as error:
        raise InputError(Problem(file, 0, 0, "", f"cannot be read: {error.strerror or error}")) from error
    if len(raw) > LARGEST_BYTES:
        raise InputError(Problem(file, 0, 0, "", f"is larger than 1 MiB; {what} is a few hundred lines"))
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = raw[: error.start].decode("utf-8-sig", "replace")
        line, column = _line_and_column(before)
        message = f"byte 0x{raw[error.start]:02x} is not UTF-8; save the file as UTF-8"
        raise InputError(Problem(file, line, column, "", message)) from error
    return parse_document(text, file=file, what=what, may_be_empty=may_be_empty)


def parse_document(text: str, *, file: str, what: str, may_be_empty: bool = False) -> Document:
    """`read_document` for text that is already here. Raises InputError."""
    yaml = YAML(typ="safe", pure=True)
    try:
        _refuse_oversize(yaml, text, file)
        root = yaml.compose(text)
    except YAMLError as error:
        raise InputError(_syntax_problem(error, text, file)) from error
    except ValueError as error:  # a YAML directive or escape that the library cannot turn into a value
        raise InputError(Problem(file, 0, 0, "", f"is not YAML: {error}")) from error
    if root is None and may_be_empty:
        return Document(file, {}, {(): Place(1, 1)}, {})
    if root is None:
        raise InputError(Problem(file, 1, 1, "", f"is empty; {what} is a mapping of keys"))
    reader = _Reader(yaml, file)
    data = reader.read(root, ())
    if reader.problems:
        raise InputError(*reader.problems)
    if not isinstance(data, dict):
        place = reader.values[()]
        found = describe(data)
        raise InputError(Problem(file, place.line, place.column, "", f"holds {found}; {what} is a mapping of keys"))
    return Document(file, data, reader.values, reader.keys)


def describe(value: Json) -> str:
    """A value as a message names it: `'text'`, `3`, `a list`, `nothing`."""
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        return "a list" if value else "an empty list"
    if isinstance(value, dict):
        return "a mapping" if value else "an empty mapping"
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:40]}… ({len(text)} characters)"


def _line_and_column(before: str) -> tuple[int, int]:
    return before.count("\n") + 1, len(before) - (before.rfind("\n") + 1) + 1


def _refuse_oversize(yaml: YAML, text: str, file: str) -> None:
    depth = nodes = 0
    for event in yaml.parse(text):
        if isinstance(event, CollectionStartEvent):
            depth += 1
        elif isinstance(event, CollectionEndEvent):
            depth -= 1
        nodes += isinstance(event, CollectionStartEvent | ScalarEvent | AliasEvent)
        if depth > DEEPEST or nodes > MOST_NODES:
            mark = event.start_mark
            reason = f"is nested more than {DEEPEST} deep" if depth > DEEPEST else f"has more than {MOST_NODES} values"
            raise InputError(Problem(file, mark.line + 1, mark.column + 1, "", reason))


def _syntax_problem(error: YAMLError, text: str, file: str) -> Problem:
    if isinstance(error, ReaderError):
        line, column = _line_and_column(text[: error.position])
        return Problem(file, line, column, "", "is not YAML: a control character, which YAML does not allow")
    if not isinstance(error, MarkedYAMLError):
        return Problem(file, 0, 0, "", f"is not YAML: {' '.join(str(error).split())}")
    mark = error.problem_mark or error.context_mark
    reason = " ".join(str(error.problem or error.context).split())
    if "'\\t'" in reason:
        reason = "a tab where only spaces are allowed; indent with spaces"
    elif "but found another document" in reason:
        reason = "a second document (after ---); one file holds one"
    elif error.context and isinstance(error.context_mark, StringMark) and error.problem is not None:
        reason += f" ({' '.join(error.context.split())} that began in line {error.context_mark.line + 1})"
    if mark is None:
        return Problem(file, 0, 0, "", f"is not YAML: {reason}")
    return Problem(file, mark.line + 1, mark.column + 1, "", f"is not YAML: {reason}")


class _Reader:
    """Turns composed nodes into plain data, noting places and every problem on the way."""

    def __init__(self, yaml: YAML, file: str) -> None:
        self._yaml = yaml
        self._file = file
        self._open: list[Node] = []
        self._read = 0
        self.values: dict[Steps, Place] = {}
        self.keys: dict[Steps, Place] = {}
        self.problems: list[Problem] = []

    def read(self, node: Node, steps: Steps) -> Json:
        self.values[steps] = _place(node)
        if self._too_many(node, steps):
            return None
        if any(node is parent for parent in self._open):
            self._complain(node, steps, f"the anchor &{node.anchor} contains itself")
            return None
        if isinstance(node, ScalarNode):
            return self._scalar(node, steps)
        self._open.append(node)
        try:
            if isinstance(node, SequenceNode) and node.tag == f"{_CORE}seq":
                return [self.read(item, (*steps, index)) for index, item in enumerate(node.value)]
            if isinstance(node, MappingNode) and node.tag == f"{_CORE}map":
                return self._mapping(node, steps)
        finally:
            self._open.pop()
        self._complain(node, steps, f"the tag {_shown_tag(node)} is not allowed")
        return None

    def _too_many(self, node: Node, steps: Steps) -> bool:
        """Count one more value. Aliases multiply: nine lines can stand for a billion of them."""
        self._read += 1
        if self._read == MOST_NODES + 1:
            self._complain(node, steps, f"aliases unfold to more than {MOST_NODES} values")
        return self._read > MOST_NODES

    def _mapping(self, node: MappingNode, steps: Steps) -> dict[str, Json]:
        found: dict[str, tuple[Node, Node]] = {}
        for key, value in self._pairs(node, steps):
            if not isinstance(key, ScalarNode):
                self._complain(key, steps, "a key must be a word, not a list or a mapping")
            elif key.value in found:
                first = _place(found[key.value][0])
                self._complain(key, (*steps, key.value), f"is given twice; first in line {first.line}")
            else:
                found[key.value] = (key, value)
        merged = {k.value: (k, v) for k, v in self._merged(node, steps) if isinstance(k, ScalarNode)}
        content: dict[str, Json] = {}
        for name, (key, value) in {**merged, **found}.items():
            inside = (*steps, name)
            self.keys[inside] = _place(key)
            content[name] = self.read(value, inside)
            if isinstance(value, ScalarNode) and not value.value and value.style is None:
                self.values[inside] = self.keys[inside]  # `key:` alone: the value has no place of its own
        return content

    def _pairs(self, node: MappingNode, steps: Steps) -> Iterator[tuple[Node, Node]]:
        return ((key, value) for key, value in node.value if key.tag != f"{_CORE}merge")

    def _merged(self, node: MappingNode, steps: Steps) -> Iterator[tuple[Node, Node]]:
        """Pairs that `<<` brings in, the strongest last."""
        for key, value in node.value:
            if key.tag != f"{_CORE}merge":
                continue
            sources = value.value if isinstance(value, SequenceNode) else [value]
            for source in reversed(sources):
                if self._too_many(value, steps):
                    return
                if not isinstance(source, MappingNode) or any(source is parent for parent in self._open):
                    self._complain(value, (*steps, "<<"), "merges mappings only (such as `<<: *base`)")
                    return
                self._open.append(source)
                yield from self._merged(source, steps)
                self._open.pop()
                yield from self._pairs(source, steps)

    def _scalar(self, node: ScalarNode, steps: Steps) -> Json:
        kind = str(node.tag).removeprefix(_CORE)
        text: str = node.value
        construct = self._yaml.constructor
        try:
            if kind in ("str", "timestamp"):
                return text
            if kind == "null":
                return None
            if kind == "bool":
                return bool(construct.construct_yaml_bool(node))
            if kind == "int":
                return int(construct.construct_yaml_int(node))
            if kind == "float":
                return float(construct.construct_yaml_float(node))
        except (ValueError, KeyError, IndexError, OverflowError):
            self._complain(node, steps, f"{describe(text)} cannot be read as {kind}")
            return None
        self._complain(node, steps, f"the tag {_shown_tag(node)} is not allowed")
        return None

    def _complain(self, node: Node, steps: Steps, message: str) -> None:
        place = _place(node)
        self.problems.append(Problem(self._file, place.line, place.column, render_steps(steps), message))


def _place(node: Node) -> Place:
    return Place(node.start_mark.line + 1, node.start_mark.column + 1)


def _shown_tag(node: Node) -> str:
    tag = str(node.tag)
    return f"!!{tag.removeprefix(_CORE)}" if tag.startswith(_CORE) else tag
