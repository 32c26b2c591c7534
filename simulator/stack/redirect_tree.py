"""A YAML document as nodes: what is not touched is written back exactly as it was spelled.

Scalars are never interpreted, so that `0644`, `yes` or `09:00` mean to Alertmanager what they meant in the original.
Aliases and merge keys are resolved into copies (two receivers may share one block but need two addresses), and comments
are dropped (they may hold an old key).
"""

from __future__ import annotations

import io
from collections.abc import Iterator

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from simulator.errors import InputError, Problem

_STR = "tag:yaml.org,2002:str"
_NULL = "tag:yaml.org,2002:null"
_MERGE = "tag:yaml.org,2002:merge"
_NODES_LIMIT = 200_000  # aliases of aliases may unfold without end


def read_document(text: str, source: str, kind: str = "an alertmanager.yml") -> MappingNode:
    """The document's root; `kind` says what it has to be.

    Raises InputError when it is not one YAML mapping, or has a key twice.
    """
    try:
        root = _yaml().compose(text)
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line, column = (mark.line + 1, mark.column + 1) if mark else (0, 0)
        raise InputError(Problem(source, line, column, "", f"not YAML: {error.problem or error.context}")) from error
    except YAMLError as error:
        raise InputError(Problem(source, 0, 0, "", f"not YAML: {str(error).splitlines()[0]}")) from error
    if not isinstance(root, MappingNode):
        raise InputError(Problem(source, 0, 0, "", f"not {kind}: the document is not a mapping"))
    return _Unfolding(source).mapping(root)


def write_document(root: MappingNode) -> str:
    """The document as text."""
    stream = io.StringIO()
    _yaml().serialize(root, stream)
    return stream.getvalue()


def place(node: Node) -> tuple[int, int]:
    """Line and column in the original, from 1; (0, 0) for a node that was added."""
    mark = node.start_mark
    return (mark.line + 1, mark.column + 1) if mark is not None else (0, 0)


def string(value: str) -> ScalarNode:
    """A new quoted text."""
    return ScalarNode(_STR, value, style='"')


def plain(value: str) -> ScalarNode:
    """A new scalar as spelled: `true`, `42`."""
    tag = "tag:yaml.org,2002:bool" if value in ("true", "false") else "tag:yaml.org,2002:int"
    return ScalarNode(tag, value)


def twin(node: Node) -> Node:
    """A second node that is spelled like a scalar of the original, for another place."""
    return ScalarNode(node.tag, node.value, style=getattr(node, "style", None))


def mapping(**entries: Node) -> MappingNode:
    """A new mapping."""
    return MappingNode("tag:yaml.org,2002:map", [(ScalarNode(_STR, key), value) for key, value in entries.items()])


def entries(node: Node | None) -> Iterator[tuple[str, Node]]:
    """Keys and values of a mapping whose keys are scalars; nothing for any other node."""
    if isinstance(node, MappingNode):
        for key, value in list(node.value):
            if isinstance(key, ScalarNode):
                yield str(key.value), value


def items(node: Node | None) -> list[Node]:
    """The items of a sequence; nothing for any other node."""
    return list(node.value) if isinstance(node, SequenceNode) else []


def get(node: Node | None, key: str) -> Node | None:
    """The value of a key, or None."""
    return next((value for name, value in entries(node) if name == key), None)


def text_of(node: Node | None) -> str:
    """A scalar's text as spelled; empty for null and for anything else."""
    if isinstance(node, ScalarNode) and node.tag != _NULL:
        return str(node.value)
    return ""


def is_null(node: Node | None) -> bool:
    """Whether a value is missing or null: Alertmanager takes its default for both."""
    return node is None or node.tag == _NULL


def put(node: MappingNode, key: str, value: Node) -> None:
    """Set a key in its place, or at the end."""
    for index, (name, _) in enumerate(node.value):
        if isinstance(name, ScalarNode) and name.value == key:
            node.value[index] = (name, value)
            return
    node.value.append((ScalarNode(_STR, key), value))


def drop(node: MappingNode, key: str) -> Node | None:
    """Remove a key; returns what it held."""
    removed = get(node, key)
    node.value[:] = [pair for pair in node.value if not (isinstance(pair[0], ScalarNode) and pair[0].value == key)]
    return removed


def _yaml() -> YAML:
    yaml = YAML(typ="safe", pure=True)
    yaml.width = 1_000_000
    return yaml


class _Unfolding:
    """Copies a node tree, with aliases and merge keys resolved."""

    def __init__(self, source: str) -> None:
        self._source = source
        self._nodes = 0
        self._open: list[int] = []

    def node(self, node: Node) -> Node:
        self._nodes += 1
        if id(node) in self._open:
            raise self._problem(node, "an alias holds itself")
        if self._nodes > _NODES_LIMIT:
            raise self._problem(node, "the aliases of this file unfold to more than Alertmanager could read")
        self._open.append(id(node))
        try:
            if isinstance(node, MappingNode):
                return self.mapping(node)
            if isinstance(node, SequenceNode):
                children = [self.node(child) for child in node.value]
                return SequenceNode(node.tag, children, node.start_mark, node.end_mark, node.flow_style)
            assert isinstance(node, ScalarNode)  # the third and last kind of node
            return ScalarNode(node.tag, node.value, node.start_mark, node.end_mark, node.style)
        finally:
            self._open.pop()

    def mapping(self, node: MappingNode) -> MappingNode:
        own: list[tuple[Node, Node]] = []
        merged: list[tuple[Node, Node]] = []
        seen: set[str] = set()
        for key, value in node.value:
            if key.tag == _MERGE:
                for other in items(value) or [value]:
                    copy = self.node(other)
                    if not isinstance(copy, MappingNode):
                        raise self._problem(other, "'<<' merges mappings only")
                    merged += copy.value
                continue
            if isinstance(key, ScalarNode):
                if key.value in seen:
                    raise self._problem(key, f"the key {key.value!r} is here twice")
                seen.add(key.value)
            own.append((self.node(key), self.node(value)))
        for key, value in merged:
            if isinstance(key, ScalarNode) and key.value not in seen:
                seen.add(key.value)
                own.append((key, value))
        return MappingNode(node.tag, own, node.start_mark, node.end_mark, node.flow_style)

    def _problem(self, node: Node, message: str) -> InputError:
        line, column = place(node)
        return InputError(Problem(self._source, line, column, "", message))
