"""Templates become lines: times, numbers, pools, and what is said twice is said the same."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.clock import rfc3339
from simulator.streams.logs.render import Lines, Renderer
from simulator.streams.logs.template import Compiler
from simulator.streams.logs.texts import Pools, slots_of

POOLS = Pools(1, 500)
INSTANTS = st.integers(0, 4_102_444_800_000)  # up to 2100


def written(
    template: str, at_ms: int = 0, microseconds: int = 0, random: int = 7, count: int = 1, **labels: str
) -> list[str]:
    """Lines of some events whose bits count up from `random`."""
    compiler = Compiler(POOLS)
    program = compiler.compile(template, labels)
    renderer = Renderer([program], compiler.literals, compiler.aspects, POOLS, ["host-1"])
    lines = Lines(
        program=np.zeros(count, dtype=np.int64),
        host=np.zeros(count, dtype=np.int64),
        random=np.arange(random, random + count, dtype=np.uint64),
        at_ms=np.full(count, at_ms, dtype=np.int64),
        microseconds=np.full(count, microseconds, dtype=np.int64),
    )
    text, ends = renderer.render(lines)
    assert len(text) == ends[-1]
    return text.decode().splitlines()


@given(INSTANTS)
def test_times(at_ms: int) -> None:
    moment = datetime.fromtimestamp(at_ms // 1000, UTC)
    milliseconds = f"{at_ms % 1000:03d}"
    (line,) = written("|".join(f"${{time.{form}}}" for form in ("iso", "nginx", "postgres", "syslog", "redis")), at_ms)
    assert line.split("|") == [
        rfc3339(at_ms),
        moment.strftime("%d/%b/%Y:%H:%M:%S +0000"),
        moment.strftime("%Y-%m-%d %H:%M:%S.") + f"{milliseconds} UTC",
        moment.strftime("%b ") + f"{moment.day:2d}" + moment.strftime(" %H:%M:%S"),
        moment.strftime("%d %b %Y %H:%M:%S.") + milliseconds,
    ]


@given(st.integers(0, 10**9))
def test_durations(microseconds: int) -> None:
    (line,) = written("${duration.ms} ${duration.s}", microseconds=microseconds)
    assert line == f"{microseconds / 1000:.3f} {(microseconds + 500) // 1000 / 1000:.3f}"


def test_numbers_lie_between_their_bounds_and_reach_them() -> None:
    found = {int(line) for line in written("${int.-1.3/n}", count=200)}
    assert found == {-1, 0, 1, 2, 3}


def test_hexadecimal_digits_are_as_many_and_as_varied_as_they_should_be() -> None:
    lines = written("${hex.32/trace}", count=2000)
    assert len(set(lines)) == 2000
    assert {len(line) for line in lines} == {32}
    for place in (0, 15, 16, 31):
        counts = np.bincount([int(line[place], 16) for line in lines], minlength=16)
        assert (abs(counts - 125) < 5 * np.sqrt(125)).all()


def test_what_has_one_name_is_one_thing_and_columns_belong_together() -> None:
    people = {row["id"]: row for row in POOLS.rows("person")}
    for line in written("${person.id} ${person.email} ${person.id} ${person.id/other} ${hex.8/a} ${hex.8/a}", count=50):
        who, email, again, _, one, other = line.split()
        assert (who, email, one) == (again, people[who]["email"], other)


def test_a_row_s_labels_the_host_and_what_json_must_escape() -> None:
    template = '{"route":"${route}","host":"${host}","stack":"${failure.stack}","text":"${text}"}'
    (line,) = written(template, route="/a/:b", text='say "no"\n')
    read = json.loads(line)
    assert read["route"] == "/a/:b"
    assert read["host"] == "host-1"
    assert read["text"] == 'say "no"\n'
    assert read["stack"] in {row["stack"] for row in POOLS.rows("failure")}
    assert "\n    at " in read["stack"]


@pytest.mark.parametrize("wrong", ["person.shoe", "nobody.id", "time.noon", "hex.40/x", "hex.8", "int.1.2", ""])
def test_a_placeholder_that_means_nothing_is_refused(wrong: str) -> None:
    with pytest.raises(ValueError, match=r"placeholder|column"):
        Compiler(POOLS).compile(f"x ${{{wrong}}}", {})


def test_pools_are_the_seed_s_and_their_rows_follow_zipf_s_law() -> None:
    assert Pools(1, 500).rows("person") == POOLS.rows("person") != Pools(2, 500).rows("person")
    drawn = np.bincount(slots_of(100, 1.0), minlength=100) / 4096
    assert drawn == pytest.approx((1 / np.arange(1, 101)) / (1 / np.arange(1, 101)).sum(), abs=2 / 4096)


def test_addresses_are_nobody_s() -> None:
    assert all(row["address"].startswith(("198.18.", "198.19.")) for row in POOLS.rows("person"))
    assert all(row["address"].startswith("203.0.113.") for row in POOLS.rows("attacker"))
