"""Go's regular expressions (RE2): replacement templates as `regexp.Regexp` fills them in.

Source: https://pkg.go.dev/regexp#Regexp.Expand
"""

from __future__ import annotations

import re
from typing import Any, Final

import re2

_REFERENCE: Final = re.compile(r"\$(?:\$|\{(\w+)\}|(\w+))", re.ASCII)


def compile_pattern(pattern: str) -> Any:
    """A compiled RE2 pattern. Raises ValueError where it is not one."""
    options = re2.Options()
    options.log_errors = False
    try:
        return re2.compile(pattern, options)
    except re2.error as error:
        raise ValueError(f"{pattern!r} is not a regular expression: {error}") from error


def expand(template: str, match: Any) -> str:
    """`$1`, `${1}`, `$name` and `$$` filled in. A reference to a group that there is not is empty.

    The name after a plain dollar is as long as it can be: `$1x` is the group named `1x`, not the first one.
    """

    def group(reference: re.Match[str]) -> str:
        name = reference[1] or reference[2]
        if name is None:
            return "$"
        if name.isdigit():
            return match[int(name)] or "" if int(name) <= match.re.groups else ""
        return match[name] or "" if name in match.re.groupindex else ""

    return _REFERENCE.sub(group, template)


def replace_all(pattern: Any, template: str, text: str) -> str:
    """Every match replaced; an empty one right after another match is none."""
    parts = []
    at = 0
    last_end = -1
    for match in pattern.finditer(text):
        start, end = match.span()
        if start == end == last_end:
            continue
        parts += [text[at:start], expand(template, match)]
        at = last_end = end
    return "".join([*parts, text[at:]])
