"""The syntax tree of a template."""

from __future__ import annotations

from dataclasses import dataclass

from simulator.engine.templates.values import Value


@dataclass(frozen=True)
class Constant:
    """A literal. A number without point or exponent is an int."""

    value: Value


@dataclass(frozen=True)
class Dot:
    """`.`, or `.a.b` with fields."""

    fields: tuple[str, ...] = ()


@dataclass(frozen=True)
class Variable:
    """`$name.a.b`; the name includes the dollar sign."""

    name: str
    fields: tuple[str, ...] = ()


@dataclass(frozen=True)
class Function:
    """A function's name, called with what follows."""

    name: str


@dataclass(frozen=True)
class Chain:
    """`(pipeline).a.b`."""

    pipeline: Pipeline
    fields: tuple[str, ...]


Operand = Constant | Dot | Variable | Function | Chain


@dataclass(frozen=True)
class Pipeline:
    """`$a, $b := command | command`. `declares` says whether the variables are new or only get a new value."""

    commands: tuple[tuple[Operand, ...], ...]
    variables: tuple[str, ...] = ()
    declares: bool = True


@dataclass(frozen=True)
class Text:
    """Text as it is."""

    text: str


@dataclass(frozen=True)
class Action:
    """`{{pipeline}}`: printed, unless it sets variables."""

    pipeline: Pipeline


@dataclass(frozen=True)
class Branch:
    """`if`, `with` or `range`, with what else to do."""

    kind: str
    pipeline: Pipeline
    body: tuple[Node, ...]
    otherwise: tuple[Node, ...]


@dataclass(frozen=True)
class Jump:
    """`break` or `continue`."""

    kind: str


@dataclass(frozen=True)
class Call:
    """`{{template "name" pipeline}}`."""

    name: str
    pipeline: Pipeline | None


Node = Text | Action | Branch | Jump | Call


@dataclass(frozen=True)
class Template:
    """A template, and those that it defines."""

    body: tuple[Node, ...]
    defined: dict[str, tuple[Node, ...]]
