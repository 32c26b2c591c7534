"""Sequence numbers, jitter, the jitter buffer and bursts, each against a plain reading of its source."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulator.media.settling import GMIN
from simulator.media.streams import Heard
from simulator.model.voice_quality import BUFFER_LEAST_MS, BUFFER_MOST_MS
from tests.media.listening import STARTED_NS, Arrival, Listener

FATES = st.lists(st.sampled_from("ggggggggggggx"), min_size=2, max_size=200).map(
    lambda fates: "g" + "".join(fates) + "g"
)
"""What becomes of each packet: good, or lost (x). The first and last arrive, or nobody would know of them."""


def arrivals_of(fates: str) -> list[Arrival]:
    return [Arrival(number, 5.0) for number, fate in enumerate(fates) if fate == "g"]


def jitter_by_the_book(arrivals: list[Arrival], seen: set[int] | None = None) -> list[float]:
    """RFC 3550, section 6.4.1, in ms, after each packet."""
    known: set[int] = seen or set()
    jitter, before, found = 0.0, None, []
    for arrival in arrivals:
        if arrival.number in known:
            continue
        known.add(arrival.number)
        received = arrival.number * 20.0 + arrival.delay_ms
        sent = arrival.number * 20.0
        if before is not None:
            difference = (received - before[0]) - (sent - before[1])
            jitter += (abs(difference) - jitter) / 16
        before = (received, sent)
        found.append(jitter)
    return found


@settings(max_examples=60)
@given(
    st.lists(st.tuples(st.integers(0, 40), st.floats(0, 300)), min_size=1, max_size=150),
    st.sampled_from([0, 65_530]),
    st.sampled_from([0, 0xFFFF_FF00]),
)
def test_jitter_is_the_rfcs(drawn: list[tuple[int, float]], first: int, stamp: int) -> None:
    """In whatever order, with duplicates, over the ends of both number ranges."""
    arrivals = [Arrival(number, delay) for number, delay in drawn]
    listener = Listener(first, stamp)
    listener.hear(arrivals)
    book = jitter_by_the_book(arrivals)
    assert listener.jitter_ms == pytest.approx(book[-1], abs=1e-2)
    assert listener.counters[Heard.JITTER] == pytest.approx(sum(book), abs=0.05)
    assert listener.counters[Heard.JITTER_MOST] == pytest.approx(max(book), abs=1e-2)


@given(
    st.lists(st.integers(0, 60), min_size=1, max_size=200),
    st.sampled_from([0, 100, 65_520]),
)
def test_every_packet_is_received_or_lost_and_counts_once(numbers: list[int], first: int) -> None:
    listener = Listener(first)
    listener.hear(Arrival(number, 1.0) for number in numbers)
    counted = listener.end()
    different = set(numbers)
    assert counted[Heard.EXPECTED] == max(different) - min(different) + 1
    assert counted[Heard.RECEIVED] == len(different)
    assert counted[Heard.LOST] == counted[Heard.EXPECTED] - counted[Heard.RECEIVED]
    assert counted[Heard.DUPLICATE] == len(numbers) - len(different)
    highest, reordered, seen = -1, 0, set()
    for number in numbers:
        reordered += number < highest and number not in seen
        highest = max(highest, number)
        seen.add(number)
    assert counted[Heard.REORDERED] == reordered


@given(FATES)
def test_losses_are_counted_whatever_the_order_of_settling(fates: str) -> None:
    """More than the 64 packets after which one is given up."""
    listener = Listener(first=65_500)
    listener.hear(arrivals_of(fates))
    counted = listener.end()
    assert counted[Heard.EXPECTED] == len(fates)
    assert counted[Heard.LOST] == fates.count("x")
    assert counted[Heard.RUNS] == len([run for run in fates.split("g") if run])


def bursts_by_the_book(fates: str) -> list[tuple[int, int]]:
    """RFC 3611, section 4.7.2: each burst's first and last packet. Fewer than Gmin good ones lie between any two
    neighbouring losses of a burst; a single loss is none."""
    lost = [number for number, fate in enumerate(fates) if fate == "x"]
    groups: list[list[int]] = []
    for number in lost:
        if groups and number - groups[-1][-1] - 1 < GMIN:
            groups[-1].append(number)
        else:
            groups.append([number])
    return [(group[0], group[-1]) for group in groups if len(group) > 1]


@given(FATES)
def test_bursts_are_the_rfcs(fates: str) -> None:
    listener = Listener()
    listener.hear(arrivals_of(fates))
    counted = listener.end()
    book = bursts_by_the_book(fates)
    assert counted[Heard.BURSTS] == len(book)
    assert counted[Heard.BURST_PACKETS] == sum(last - first + 1 for first, last in book)
    assert counted[Heard.BURST_GONE] == sum(fates[first : last + 1].count("x") for first, last in book)


@settings(max_examples=30)
@given(st.lists(st.floats(0, BUFFER_LEAST_MS - 1), min_size=2, max_size=300))
def test_what_varies_less_than_the_smallest_buffer_is_never_late(delays: list[float]) -> None:
    listener = Listener()
    listener.hear(Arrival(number, delay) for number, delay in enumerate(delays))
    counted = listener.end()
    assert counted[Heard.LATE] == 0
    assert 0 <= counted[Heard.WAIT] / counted[Heard.WAITS] <= BUFFER_MOST_MS + BUFFER_LEAST_MS


def test_a_packet_after_its_turn_is_late_and_a_longer_path_is_a_longer_buffer() -> None:
    listener = Listener()
    steady = [Arrival(number, 10.0) for number in range(200)]
    steady[100] = Arrival(100, 10.0 + BUFFER_LEAST_MS + 10.0)
    listener.hear(steady)
    assert listener.end()[Heard.LATE] == 1

    listener = Listener()
    listener.hear([Arrival(n, 10.0) for n in range(100)] + [Arrival(n, 460.0) for n in range(100, 400)])
    late = listener.end()[Heard.LATE]
    assert 0 < late <= 10  # those of the step: then the buffer begins anew


def test_one_that_was_given_up_and_comes_at_last_is_late_not_lost() -> None:
    listener = Listener()
    listener.hear(Arrival(number, 1.0) for number in range(200) if number != 50)
    assert listener.counters[Heard.LOST] == 1
    listener.hear([Arrival(50, 3000.0)])
    counted = listener.end()
    assert (counted[Heard.LOST], counted[Heard.LATE], counted[Heard.RECEIVED]) == (0, 1, 200)


def test_a_talker_who_said_goodbye_has_sent_all_that_it_said() -> None:
    """Lost at the end: nothing came after them that would tell."""
    listener = Listener()
    listener.hear(Arrival(number, 1.0) for number in range(20))
    place = listener.streams.of(listener.session.place)[0]
    listener.streams.hearing.rows[place]["ended"] = listener.streams.hearing.rows[place]["highest"] + 4
    counted = listener.end()
    assert (counted[Heard.EXPECTED], counted[Heard.LOST]) == (23, 3)


def test_what_is_no_packet_of_ours_is_a_stranger() -> None:
    listener = Listener()
    listener.put(0, b"\x00" * 40, STARTED_NS)
    listener.put(1, listener.packet(0)[:15], STARTED_NS)
    listener.put(2, listener.packet(0)[:16] + bytes(4) + listener.packet(0)[20:], STARTED_NS)  # for SSRC 0
    listener.put(3, b"", STARTED_NS)
    assert listener.take(4) == 0
    assert listener.strangers[0] == 4
    assert not listener.counters.any()
