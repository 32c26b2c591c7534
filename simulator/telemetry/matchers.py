"""Label matchers as Alertmanager writes them: `severity="critical"`, `team=~"a|b"`, `{a="b",c!="d"}`.

Source: https://prometheus.io/docs/alerting/latest/configuration/#matcher
"""

from __future__ import annotations

import re
from collections.abc import Iterable

import re2

from simulator.telemetry.rules import Matcher

_QUIET = re2.Options()
_QUIET.log_errors = False

_MATCHER = re.compile(r"\s*([a-zA-Z_:][a-zA-Z0-9_:]*)\s*(=~|!~|!=|=)\s*(.*?)\s*", re.DOTALL)


def read_matchers(lines: Iterable[str]) -> tuple[Matcher, ...]:
    """The matchers of several lines, each of which may hold several. Raises ValueError for what is none."""
    found = []
    for line in lines:
        for part in _parts(line):
            matched = _MATCHER.fullmatch(part)
            if matched is None:
                raise ValueError(f'{part.strip()!r} is not a matcher; write one like severity="warning"')
            matcher = Matcher(matched[1], matched[2], _unquoted(matched[3]))
            _check(matcher)
            found.append(matcher)
    return tuple(found)


def _check(matcher: Matcher) -> None:
    if "~" in matcher.op:
        try:
            re2.compile(matcher.value, _QUIET)
        except re2.error as error:
            raise ValueError(f"{matcher.value!r} is not a regular expression: {error}") from error


def _parts(line: str) -> list[str]:
    """`{a="b",c=~"d"}` holds several; a comma inside quotes separates nothing."""
    inner = line.strip()
    if inner.startswith("{") and inner.endswith("}"):
        inner = inner[1:-1]
    return [part for part in re.findall(r'((?:[^,"]|"(?:[^"\\]|\\.)*")+)', inner) if part.strip()]


def _unquoted(value: str) -> str:
    if len(value) >= 2 and value[0] == value[-1] == '"':
        return re.sub(r"\\(.)", lambda m: {"n": "\n"}.get(m[1], m[1]), value[1:-1])
    return value
