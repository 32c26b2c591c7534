"""Label matchers as Alertmanager writes them."""

from __future__ import annotations

import pytest

from simulator.telemetry.matchers import read_matchers
from simulator.telemetry.rules import Matcher


@pytest.mark.parametrize(
    ("text", "matchers"),
    [
        ('severity="critical"', [("severity", "=", "critical")]),
        ("severity=critical", [("severity", "=", "critical")]),
        ('{a="b", c!~"d|e"}', [("a", "=", "b"), ("c", "!~", "d|e")]),
        (' a =~ "x,y" ', [("a", "=~", "x,y")]),
        (r'a="say \"hi\"\n"', [("a", "=", 'say "hi"\n')]),
        ('a=""', [("a", "=", "")]),
    ],
)
def test_a_matcher_is_read(text: str, matchers: list[tuple[str, str, str]]) -> None:
    assert read_matchers([text]) == tuple(Matcher(*one) for one in matchers)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("severity", "'severity' is not a matcher; write one like severity=\"warning\""),
        ('a=~"("', "'(' is not a regular expression"),
        ('"a"="b"', "is not a matcher"),
    ],
)
def test_what_is_none_is_named(text: str, says: str) -> None:
    with pytest.raises(ValueError) as caught:  # noqa: PT011 - the message is looked at
        read_matchers([text])
    assert says in str(caught.value)
