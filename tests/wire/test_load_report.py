"""The generator's report: what is written is read back, and lines add up to what one long line would have said."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.wire.load_report import (
    Delivered,
    Ended,
    Measured,
    Outcome,
    Paced,
    Started,
    Tally,
    add_tallies,
    decode_record,
    encode_record,
    sum_tallies,
)

requests = st.lists(st.tuples(st.sampled_from(Outcome), st.floats(0, 60)), max_size=40)


def tally(counted: list[tuple[Outcome, float]]) -> Tally:
    found = Tally()
    for outcome, seconds in counted:
        found.count(outcome, seconds)
    return found


def figures(one: Tally) -> tuple[object, ...]:
    counts = (one.requests, one.failures, one.rate_limited, one.declined, len(one.latency))
    return (*counts, one.latency.quantiles_seconds((0.5, 0.95, 1.0)))


@given(st.dictionaries(st.text(max_size=20), requests, max_size=4))
def test_a_measured_line_is_read_back(names: dict[str, list[tuple[Outcome, float]]]) -> None:
    tallies = {name: tally(counted) for name, counted in names.items()}
    line = encode_record(Measured(at_ms=5, users=3, cpu_ratio=0.25, paced={"http": Paced(missed=2)}, tallies=tallies))
    assert b"\n" not in line
    record = decode_record(line)
    assert isinstance(record, Measured)
    assert (record.at_ms, record.users, record.cpu_ratio, record.missed) == (5, 3, 0.25, 2)
    assert {name: figures(one) for name, one in record.tallies.items()} == {
        name: figures(one) for name, one in tallies.items()
    }


@pytest.mark.parametrize("record", [Started(at_ms=1), Ended(at_ms=2, until_ms=2, requests=3)])
def test_the_other_lines_are_read_back(record: Started | Ended) -> None:
    assert decode_record(encode_record(record)) == record


@given(requests, requests)
def test_tallies_add_up_to_the_tally_of_everything(
    first: list[tuple[Outcome, float]], second: list[tuple[Outcome, float]]
) -> None:
    total: dict[str, Tally] = {}
    add_tallies(total, {"a": tally(first)})
    add_tallies(total, {"a": tally(second), "b": tally(second)})
    assert figures(total["a"]) == figures(tally(first + second))
    assert figures(sum_tallies(total)) == figures(tally(first + second + second))


def test_rate_limited_requests_do_not_flatter_the_latencies() -> None:
    counted = tally([(Outcome.OK, 0.2), *[(Outcome.RATE_LIMITED, 0.001)] * 99])
    assert counted.requests == 100
    assert counted.latency.quantiles_seconds((0.5,))[0] == pytest.approx(0.2, rel=2e-3)


@given(st.lists(st.floats(0.001, 100), min_size=1, max_size=200))
def test_quantiles_are_within_the_histograms_width_of_the_true_ones(seconds: list[float]) -> None:
    counted = tally([(Outcome.OK, one) for one in seconds])
    (median, longest) = counted.latency.quantiles_seconds((0.5, 1.0))
    assert longest == pytest.approx(max(seconds), rel=2e-3)
    assert median == pytest.approx(sorted(seconds)[(len(seconds) - 1) // 2], rel=2e-3)


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"{",
        b'{"event":"measured","at_ms":1,"users":1,"cpu_ra',
        b'{"event":"resting","at_ms":1}',
        b'{"event":"ended","at_ms":"soon","until_ms":1,"requests":1}',
        b'{"event":"measured","at_ms":1,"users":1,"cpu_ratio":0,"tallies":{"a":{"latency":"HISTnonsense"}}}',
        b'{"event":"measured","at_ms":1,"users":1,"cpu_ratio":0,"tallies":{"a":{"latency":7}}}',
    ],
)
def test_anything_else_is_refused(line: bytes) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - the message is pydantic's
        decode_record(line)


@given(st.lists(st.floats(0, 200) | st.floats(0, 0.01), max_size=60), st.integers(0, 3))
def test_many_at_once_are_counted_as_one_by_one(seconds: list[float], failures: int) -> None:
    at_once, singly = Tally(), Tally()
    at_once.count_many(seconds, failures)
    for one in seconds:
        singly.count(Outcome.OK, one)
    assert (at_once.requests, at_once.failures) == (singly.requests + failures, failures)
    assert list(at_once.latency.recorded()) == list(singly.latency.recorded())


@given(st.lists(st.builds(Delivered, delivered=st.integers(0, 9), lost=st.integers(0, 9)), max_size=4))
def test_deliveries_are_read_back_and_add_up(spans: list[Delivered]) -> None:
    total = Delivered()
    for number, one in enumerate(spans):
        one.room(f"room{number % 2}").lost += one.lost
        line = Measured(at_ms=5, users=3, cpu_ratio=0.25, tallies={}, deliveries=one)
        read = decode_record(encode_record(line))
        assert isinstance(read, Measured)
        assert read.deliveries == one
        total.add(one)
    assert total.delivered == sum(one.delivered for one in spans)
    assert sum(room.lost for room in total.rooms.values()) == total.lost
