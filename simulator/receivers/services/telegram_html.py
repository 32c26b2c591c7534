"""The subset of HTML that Telegram accepts; anything else makes it refuse a message.

Source: https://core.telegram.org/bots/api#html-style
"""

from __future__ import annotations

from html.parser import HTMLParser
from typing import Final

_STYLE = frozenset(("b", "strong", "i", "em", "u", "ins", "s", "strike", "del", "span", "tg-spoiler"))
_TAGS: Final = _STYLE | {"a", "code", "pre", "blockquote", "tg-emoji"}


def html_problem(text: str) -> str:
    """Why Telegram would refuse the text, in its words; empty when it would not."""
    parser = _Parser()
    parser.feed(text)
    parser.close()
    if not parser.problem and parser.open:
        return f'Can\'t find end tag corresponding to start tag "{parser.open[-1]}"'
    return parser.problem


class _Parser(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.problem = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in _TAGS:
            self.problem = self.problem or f'Unsupported start tag "{tag}"'
        self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.problem = self.problem or f'Unsupported start tag "{tag}/"'

    def handle_endtag(self, tag: str) -> None:
        if not self.open or self.open.pop() != tag:
            self.problem = self.problem or f'Unmatched end tag "{tag}"'
