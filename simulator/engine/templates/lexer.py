"""A template's text cut into tokens.

Source: https://pkg.go.dev/text/template#hdr-Text_and_spaces and #hdr-Arguments
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from simulator.engine.templates.values import UnsupportedTemplateError

_ACTION: Final = re.compile(
    r"""\{\{(?P<left>-(?=[ \t\r\n]))?
        (?:\s*/\*(?P<comment>.*?)\*/\s*?|(?P<inside>(?:"(?:\\.|[^"\\\n])*"|`[^`]*`|'(?:\\.|[^'\\\n])*'|[^"'`])*?))
        (?P<right>(?<=[ \t\r\n])-)?\}\}""",
    re.DOTALL | re.VERBOSE,
)
_TOKEN: Final = re.compile(
    r"""(?P<space>[ \t\r\n]+)
      | (?P<string>"(?:\\.|[^"\\\n])*")
      | (?P<raw>`[^`]*`)
      | (?P<char>'(?:\\.|[^'\\\n])+')
      | (?P<number>[+-]?(?:0[xX][0-9a-fA-F_]+|(?:\d[\d_]*\.?\d*|\.\d+)(?:[eE][+-]?\d+)?))
      | (?P<variable>\$\w*)
      | (?P<field>\.\w+)
      | (?P<dot>\.)
      | (?P<word>[^\W\d]\w*)
      | (?P<mark>:=|=|\||\(|\)|,)""",
    re.VERBOSE,
)
_WHITE: Final = " \t\r\n"


@dataclass(frozen=True)
class Token:
    """`kind` is text, open, close, or the name of a group above; the space between arguments is a token too."""

    kind: str
    text: str = ""


def tokens_of(template: str) -> Iterator[Token]:
    """The tokens; an action's are between an open and a close. Raises UnsupportedTemplateError for what is none."""
    at = 0
    trim = False
    for action in _ACTION.finditer(template):
        text = template[at : action.start()]
        text = text.lstrip(_WHITE) if trim else text
        text = text.rstrip(_WHITE) if action["left"] else text
        if "{{" in text:
            raise UnsupportedTemplateError(f"the action in {text!r}")
        if text:
            yield Token("text", text)
        if action["comment"] is None:
            yield Token("open")
            yield from _inside(action["inside"].strip(_WHITE))
            yield Token("close")
        at, trim = action.end(), bool(action["right"])
    rest = template[at:]
    if "{{" in rest:
        raise UnsupportedTemplateError(f"the action in {rest!r}")
    if rest:
        yield Token("text", rest.lstrip(_WHITE) if trim else rest)


def _inside(text: str) -> Iterator[Token]:
    at = 0
    while at < len(text):
        match = _TOKEN.match(text, at)
        if match is None:
            raise UnsupportedTemplateError(f"{text[at:]!r} in an action")
        yield Token(match.lastgroup or "", match[0])
        at = match.end()
