"""A replay begins shortly before the run, and groups keep the instants at which they look."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from simulator.engine.dispatcher import Dispatcher
from simulator.engine.notifier import Arrival
from simulator.engine.routing_tree import read_routing
from simulator.rehearsal.virtual.timeline import Timeline
from simulator.telemetry.interval import Interval
from simulator.telemetry.samples import labels_of
from simulator.units import HOUR, MINUTE, SECOND

SPAN = Interval(0, HOUR)
TREE = read_routing("""
route: {receiver: r, group_by: [alertname], group_wait: 10s, group_interval: 5m, repeat_interval: 12h}
receivers: [{name: r, webhook_configs: [{url: 'http://x'}]}]
""")


def episode(name: str, begin_ms: int, end_ms: int, **labels: str) -> list[Arrival]:
    of = labels_of({"alertname": name, **labels})
    fires = [Arrival(at, of, (), begin_ms, at + 4 * MINUTE) for at in range(begin_ms, end_ms, MINUTE)]
    return [*fires, Arrival(end_ms, of, (), begin_ms, end_ms)]


def timeline(*arrivals: Arrival) -> Timeline:
    return Timeline(tuple(sorted(arrivals, key=lambda one: one.at_ms)), SPAN, TREE, ())


def test_a_timeline_that_begins_with_the_run_stays_as_it_is() -> None:
    whole = timeline(*episode("A", MINUTE, 10 * MINUTE))
    assert whole.trimmed() is whole


def test_what_fires_across_the_cut_comes_at_its_groups_next_look() -> None:
    fired_ms = -2 * HOUR - 17 * SECOND
    trimmed = timeline(*episode("A", fired_ms, HOUR + MINUTE)).trimmed()
    first = trimmed.arrivals[0]
    assert trimmed.whole.start_ms >= -6 * MINUTE
    assert first.starts_at_ms == fired_ms
    assert (first.at_ms - fired_ms - 10 * SECOND) % (5 * MINUTE) == 0


def test_what_is_over_before_the_cut_is_left_out() -> None:
    trimmed = timeline(*episode("A", -3 * HOUR, -2 * HOUR), *episode("B", -HOUR, 10 * MINUTE)).trimmed()
    assert {dict(arrival.labels)["alertname"] for arrival in trimmed.arrivals} == {"B"}


@given(st.lists(st.tuples(st.sampled_from("AB"), st.sampled_from("xy"), st.integers(-240, 50), st.integers(1, 200))))
def test_within_the_run_the_same_is_told_at_the_same_instants(episodes: list[tuple[str, str, int, int]]) -> None:
    arrivals: list[Arrival] = []
    # one of each: of an alert that was resolved before and comes again, a group remembers that it told so
    once = {(name, service): (begin, length) for name, service, begin, length in episodes}
    for (name, service), (begin, length) in once.items():
        arrivals += episode(name, begin * MINUTE, (begin + length) * MINUTE, service=service)
    whole = timeline(*arrivals)

    def told(one: Timeline) -> list[tuple[int, object, object]]:
        expected = Dispatcher(TREE).run(one.arrivals, SPAN.end_ms)
        return [(e.at_ms, e.firing, e.resolved) for e in expected if e.at_ms >= SPAN.start_ms]

    assert told(whole.trimmed()) == told(whole)
