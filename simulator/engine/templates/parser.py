"""Tokens to syntax tree.

Source: https://pkg.go.dev/text/template#hdr-Actions
"""

from __future__ import annotations

import ast
from collections.abc import Container
from typing import Final

from simulator.engine.templates.lexer import Token, tokens_of
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
from simulator.engine.templates.values import UnsupportedTemplateError

_CONSTANTS: Final = {"true": True, "false": False, "nil": None}
_KEYWORDS: Final = frozenset({"if", "with", "range", "else", "end", "template", "define", "block", "break", "continue"})


def parse(text: str, functions: Container[str]) -> Template:
    """Raises UnsupportedTemplateError for a function that is not among these, and for syntax that we do not know.

    Prometheus has parsed the template when it loaded the rule, so that a mistake in it is not to be expected here.
    """
    return _Parser(list(tokens_of(text)), functions).template()


class _Parser:
    def __init__(self, tokens: list[Token], functions: Container[str]) -> None:
        self._tokens = tokens
        self._at = 0
        self._functions = functions
        self._defined: dict[str, tuple[Node, ...]] = {}

    def template(self) -> Template:
        body, end = self._body()
        if end:
            raise _unknown(end)
        return Template(body, self._defined)

    def _body(self) -> tuple[tuple[Node, ...], str]:
        """Nodes up to the end, an `end` or an `else`, of which the rest is still to be read; which one it was."""
        nodes: list[Node] = []
        while self._at < len(self._tokens):
            token = self._next()
            if token.kind == "text":
                nodes.append(Text(token.text))
                continue
            self._space()
            word = self._peek().text if self._peek().kind == "word" else ""
            if word in ("end", "else"):
                self._next()
                return tuple(nodes), word
            node = self._keyword(word) if word in _KEYWORDS else Action(self._pipeline())
            if node is not None:
                nodes.append(node)
        return tuple(nodes), ""

    def _keyword(self, word: str) -> Node | None:
        self._next()
        match word:
            case "if" | "with" | "range":
                return self._branch(word)
            case "break" | "continue":
                self._close()
                return Jump(word)
            case "define":
                name = self._name()
                self._close()
                self._define(name)
                return None
            case "block":
                name = self._name()
                pipeline = self._pipeline()
                self._define(name)
                return Call(name, pipeline)
        name = self._name()
        self._space()
        if self._peek().kind == "close":
            self._close()
            return Call(name, None)
        return Call(name, self._pipeline())

    def _define(self, name: str) -> None:
        body, end = self._body()
        if end != "end":
            raise _unknown(f"define {name}")
        self._close()
        self._defined[name] = body

    def _branch(self, kind: str) -> Branch:
        pipeline = self._pipeline()
        body, end = self._body()
        otherwise: tuple[Node, ...] = ()
        if end == "else":
            self._space()
            word = self._peek().text
            if word in ("if", "with"):  # `else if` is an if within the else, and shares its end
                self._next()
                return Branch(kind, pipeline, body, (self._branch(word),))
            self._close()
            otherwise, end = self._body()
        if end != "end":
            raise _unknown(f"{kind} without end")
        self._close()
        return Branch(kind, pipeline, body, otherwise)

    def _pipeline(self, closing: str = "close") -> Pipeline:
        variables, declares = self._variables()
        commands = []
        while True:
            commands.append(self._command())
            token = self._next()
            if token.kind == closing or (closing == ")" and token.text == ")"):
                return Pipeline(tuple(commands), variables, declares)
            if token.text != "|":
                raise _unknown(token.text)

    def _variables(self) -> tuple[tuple[str, ...], bool]:
        """`$a :=`, `$a, $b :=` or `$a =`, if that is what comes."""
        start = self._at
        names = []
        while True:
            self._space()
            if self._peek().kind != "variable":
                break
            names.append(self._next().text)
            self._space()
            mark = self._next().text
            if mark in (":=", "="):
                return tuple(names), mark == ":="
            if mark != ",":
                break
        self._at = start
        return (), True

    def _command(self) -> tuple[Operand, ...]:
        operands: list[Operand] = []
        while True:
            self._space()
            token = self._peek()
            if token.kind == "close" or (token.kind == "mark" and token.text in ("|", ")")):
                if not operands:
                    raise _unknown("a command that is empty")
                return tuple(operands)
            operands.append(self._operand())

    def _operand(self) -> Operand:
        token = self._next()
        match token.kind:
            case "string" | "raw" | "char" | "number":
                return Constant(_literal(token))
            case "dot":
                return Dot(self._fields())
            case "field":
                return Dot((token.text[1:], *self._fields()))
            case "variable":
                return Variable(token.text, self._fields())
            case "word" if token.text in _CONSTANTS:
                return Constant(_CONSTANTS[token.text])
            case "word" if token.text in self._functions:
                return Function(token.text)
            case "word":
                raise UnsupportedTemplateError(f"function {token.text}")
            case "mark" if token.text == "(":
                return Chain(self._pipeline(")"), self._fields())
            case _:
                raise _unknown(token.text or token.kind)

    def _fields(self) -> tuple[str, ...]:
        fields = []
        while self._peek().kind == "field":
            fields.append(self._next().text[1:])
        return tuple(fields)

    def _name(self) -> str:
        self._space()
        name = _literal(self._next())
        if not isinstance(name, str):
            raise _unknown("a template's name that is no string")
        return name

    def _close(self) -> None:
        self._space()
        token = self._next()
        if token.kind != "close":
            raise _unknown(token.text)

    def _space(self) -> None:
        while self._peek().kind == "space":
            self._at += 1

    def _peek(self) -> Token:
        return self._tokens[self._at] if self._at < len(self._tokens) else Token("end")

    def _next(self) -> Token:
        token = self._peek()
        self._at += 1
        return token


def _unknown(what: str) -> UnsupportedTemplateError:
    return UnsupportedTemplateError(f"{what!r} in a template")


def _literal(token: Token) -> str | int | float:
    """A Go literal's value. Python's escapes are a superset of Go's, but for octal ones of one or two digits."""
    try:
        match token.kind:
            case "string":
                return str(ast.literal_eval(token.text))
            case "raw":
                return token.text[1:-1].replace("\r", "")
            case "char":
                return ord(ast.literal_eval(token.text))
            case "number" if any(mark in token.text for mark in ".eE") and "x" not in token.text.lower():
                return float(token.text.replace("_", ""))
            case "number":
                return int(token.text, 0)
    except (ValueError, SyntaxError, TypeError) as error:
        raise UnsupportedTemplateError(f"the literal {token.text}") from error
    raise UnsupportedTemplateError(f"{token.text!r} where a literal has to be")
