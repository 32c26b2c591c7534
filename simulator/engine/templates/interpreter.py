"""A template executed on data.

Source: https://pkg.go.dev/text/template#hdr-Actions and #hdr-Pipelines
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from inspect import signature

from simulator.engine.templates.nodes import (
    Action,
    Branch,
    Call,
    Chain,
    Constant,
    Dot,
    Function,
    Jump,
    Node,
    Operand,
    Pipeline,
    Template,
    Text,
    Variable,
)
from simulator.engine.templates.values import (
    GoMap,
    GoTime,
    Sample,
    Struct,
    TemplateError,
    UnsupportedTemplateError,
    Value,
    is_true,
    show_action,
    type_name,
)

DEEPEST_CALL = 1000


def execute(
    template: Template, data: Value, variables: Mapping[str, Value], functions: Mapping[str, Callable[..., Value]]
) -> str:
    """The text. Raises TemplateError where executing fails, UnsupportedTemplateError where we cannot follow."""
    run = _Run(template, functions)
    run.variables = [("$", data), *variables.items()]
    run.nodes(template.body, data)
    return "".join(run.output)


class _JumpError(Exception):
    """On the way out to the innermost range."""

    def __init__(self, kind: str) -> None:
        super().__init__(kind)
        self.kind = kind


class _Run:
    def __init__(self, template: Template, functions: Mapping[str, Callable[..., Value]]) -> None:
        self.output: list[str] = []
        self.variables: list[tuple[str, Value]] = []
        self._template = template
        self._functions = functions
        self._depth = 0

    def nodes(self, nodes: Sequence[Node], dot: Value) -> None:
        for node in nodes:
            match node:
                case Text():
                    self.output.append(node.text)
                case Action():
                    value = self._pipeline(node.pipeline, dot)
                    if not node.pipeline.variables:
                        self.output.append(show_action(value))
                case Branch(kind="range"):
                    with self._scope():
                        self._range(node, dot)
                case Branch():
                    with self._scope():
                        self._if_or_with(node, dot)
                case Jump():
                    raise _JumpError(node.kind)
                case Call():
                    self._call_template(node, dot)

    def _if_or_with(self, node: Branch, dot: Value) -> None:
        value = self._pipeline(node.pipeline, dot)
        if is_true(value):
            self.nodes(node.body, value if node.kind == "with" else dot)
        else:
            self.nodes(node.otherwise, dot)

    def _range(self, node: Branch, dot: Value) -> None:
        names = node.pipeline.variables
        over = self._pipeline(Pipeline(node.pipeline.commands), dot)
        elements: list[tuple[Value, Value]]
        match over:
            case GoMap():
                elements = [(key, over[key]) for key in sorted(over)]
            case list():
                elements = list(enumerate(over))
            case None:
                elements = []
            case _:
                raise UnsupportedTemplateError(f"range over a {type_name(over)}")
        for key, element in elements:
            with self._scope():
                for name, value in zip(names, (key, element) if len(names) == 2 else (element,), strict=False):
                    self._set(name, value, node.pipeline.declares)
                try:
                    self.nodes(node.body, element)
                except _JumpError as jump:
                    if jump.kind == "break":
                        break
        if not elements:
            self.nodes(node.otherwise, dot)

    def _call_template(self, node: Call, dot: Value) -> None:
        if node.name not in self._template.defined:
            raise TemplateError(f'template "{node.name}" not defined')
        data = self._pipeline(node.pipeline, dot) if node.pipeline else None
        self._depth += 1
        if self._depth > DEEPEST_CALL:
            raise UnsupportedTemplateError("templates that call one another without end")
        outer, self.variables = self.variables, [("$", data)]
        self.nodes(self._template.defined[node.name], data)
        self.variables = outer
        self._depth -= 1

    @contextmanager
    def _scope(self) -> Iterator[None]:
        """Variables declared within are gone afterwards."""
        size = len(self.variables)
        try:
            yield
        finally:
            del self.variables[size:]

    def _set(self, name: str, value: Value, declares: bool) -> None:
        if declares:
            self.variables.append((name, value))
            return
        for place in reversed(range(len(self.variables))):
            if self.variables[place][0] == name:
                self.variables[place] = (name, value)
                return
        raise UnsupportedTemplateError(f"the undefined variable {name}")

    def _variable(self, name: str) -> Value:
        for known, value in reversed(self.variables):
            if known == name:
                return value
        raise UnsupportedTemplateError(f"the undefined variable {name}")

    def _pipeline(self, pipeline: Pipeline, dot: Value) -> Value:
        value: tuple[Value, ...] = ()
        for command in pipeline.commands:
            value = (self._command(command, dot, value),)
        for name in pipeline.variables:
            self._set(name, value[0], pipeline.declares)
        return value[0]

    def _command(self, operands: Sequence[Operand], dot: Value, last: tuple[Value, ...]) -> Value:
        head, arguments = operands[0], operands[1:]
        if isinstance(head, Function):
            return self._call(head.name, arguments, dot, last)
        if arguments or last:
            raise TemplateError("can't give argument to non-function")
        if head == Constant(None):
            raise TemplateError("nil is not a command")
        return self._operand(head, dot)

    def _call(self, name: str, arguments: Sequence[Operand], dot: Value, last: tuple[Value, ...]) -> Value:
        if name in ("and", "or"):
            return self._and_or(name, arguments, dot, last)
        values = [*(self._operand(argument, dot) for argument in arguments), *last]
        function = self._functions[name]
        try:
            signature(function).bind(*values)
        except TypeError as error:
            raise TemplateError(f"wrong number of args for {name}: {len(values)}") from error
        try:
            return function(*values)
        except TemplateError as error:
            raise TemplateError(f"error calling {name}: {error}") from error

    def _and_or(self, name: str, arguments: Sequence[Operand], dot: Value, last: tuple[Value, ...]) -> Value:
        """The first argument that decides, or the last one; what comes after it is not evaluated."""
        value: Value = None
        for argument in arguments:
            value = self._operand(argument, dot)
            if is_true(value) == (name == "or"):
                return value
        return last[0] if last else value

    def _operand(self, operand: Operand, dot: Value) -> Value:
        match operand:
            case Constant():
                return operand.value
            case Dot():
                return _fields(dot, operand.fields)
            case Variable():
                return _fields(self._variable(operand.name), operand.fields)
            case Chain():
                return _fields(self._pipeline(operand.pipeline, dot), operand.fields)
            case Function():
                return self._call(operand.name, (), dot, ())


def _fields(value: Value, names: Sequence[str]) -> Value:
    for name in names:
        match value:
            case GoMap():
                value = value.get(name, value.zero)
            case Struct() if name in value.fields:
                value = value.fields[name]
            case Sample() if name == "Labels":
                value = value.labels
            case Sample() if name == "Value":
                value = value.value
            case GoTime():
                raise UnsupportedTemplateError(f"the method {name} of a time")
            case None:
                raise TemplateError(f"nil pointer evaluating interface {{}}.{name}")
            case _:
                raise TemplateError(f"can't evaluate field {name} in type {type_name(value)}")
    return value
