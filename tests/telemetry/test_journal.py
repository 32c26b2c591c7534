"""A journal line reads back as what was written, and a torn one is not taken for the end of the world."""

from __future__ import annotations

import json
import math
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.errors import InputError
from simulator.telemetry.journal import decode, decode_journal, encode
from simulator.telemetry.observations import (
    AlertObserved,
    AlertState,
    Gap,
    NotificationKind,
    NotificationReceived,
    NotifiedAlert,
    Observation,
)


def observations() -> st.SearchStrategy[Observation]:
    """Any observation: types say what its fields may be. NaN is not equal to itself, so it has its own test."""
    return st.one_of(*(st.from_type(kind) for kind in get_args(Observation))).filter(lambda o: "nan" not in repr(o))


@given(observations())
def test_every_observation_reads_back(observation: Observation) -> None:
    line = encode(observation)
    assert "\n" not in line
    assert decode(line) == observation


@given(st.lists(observations(), max_size=5))
def test_a_journal_reads_back_in_order(journal: list[Observation]) -> None:
    content = "".join(encode(observation) + "\n" for observation in journal).encode()
    assert decode_journal(content, "timeline.jsonl") == tuple(journal)


@given(observations(), st.data())
def test_a_torn_last_line_is_left_out(observation: Observation, data: st.DataObject) -> None:
    whole = (encode(Gap(1, "a", "b")) + "\n").encode()
    last = encode(observation).encode()
    torn = last[: data.draw(st.integers(0, len(last) - 1))]
    assert decode_journal(whole + torn, "timeline.jsonl") == (Gap(1, "a", "b"),)


def test_a_last_line_without_its_newline_counts_when_it_is_whole() -> None:
    assert decode_journal(encode(Gap(1, "a", "b")).encode(), "timeline.jsonl") == (Gap(1, "a", "b"),)


@pytest.mark.parametrize(
    ("value", "written"), [(math.nan, '"NaN"'), (math.inf, '"+Inf"'), (-math.inf, '"-Inf"'), (0.1, "0.1")]
)
def test_floats_are_written_as_prometheus_writes_them(value: float, written: str) -> None:
    line = encode(AlertObserved(1, "A", (), AlertState.FIRING, 1, value))
    assert f'"value": {written}' in line
    json.loads(line)
    read = decode(line)
    assert isinstance(read, AlertObserved)
    assert repr(read.value) == repr(value)


def test_a_nested_observation_reads_back() -> None:
    alerts = (NotifiedAlert("A", "firing", (("severity", "critical"),), 5),)
    heard = NotificationReceived(1, NotificationKind.SLACK, "critical", "#x", "firing", alerts, text="a\nb\u2028c")
    assert decode(encode(heard)) == heard


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("{", "not JSON"),
        ("[]", "None is no observation"),
        ('{"observation": "Gaps"}', "'Gaps' is no observation; known are AlertObserved"),
        ('{"observation": ["Gap"]}', "is no observation"),
        ('{"observation": "Gap", "at_ms": 1, "source": "a"}', "Gap.reason: Field required"),
        ('{"observation": "Gap", "at_ms": 1, "source": "a", "reason": "b", "why": 1}', "Gap has no why"),
    ],
)
def test_what_is_not_a_line_is_told_with_its_place(line: str, says: str) -> None:
    content = f"{encode(Gap(1, 'a', 'b'))}\n{line}\n".encode()
    with pytest.raises(InputError) as caught:
        decode_journal(content, "runs/x/timeline.jsonl")
    assert str(caught.value).startswith("runs/x/timeline.jsonl:2:1: ")
    assert says in str(caught.value)
