"""When notifications should come: grouping, waiting, repeating, resolving, inhibition."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from simulator.engine.dispatcher import Dispatcher, Expected, Leeway
from simulator.engine.notifier import Arrival, without_refreshes
from simulator.engine.routing_tree import read_routing
from simulator.engine.silence import Silence
from simulator.telemetry.interval import Interval
from simulator.telemetry.matchers import read_matchers
from simulator.telemetry.samples import labels_of
from simulator.units import HOUR, MINUTE, SECOND

CONFIG = """
route:
  receiver: default
  group_by: [alertname]
  group_wait: 10s
  group_interval: 1m
  repeat_interval: 10m
  routes:
    - matchers: [severity="critical"]
      receiver: page
      continue: true
    - matchers: ['team=~"a|b"']
      receiver: team
inhibit_rules:
  - source_matchers: [alertname="Down"]
    target_matchers: [alertname="Slow"]
    equal: [service]
receivers:
  - name: default
    webhook_configs: [{url: 'http://x'}]
  - name: page
    slack_configs: [{channel: '#a'}]
    pagerduty_configs: [{routing_key: k}]
  - name: team
    slack_configs: [{channel: '#t', send_resolved: true}]
"""


def fires(name: str, at_ms: int, **labels: str) -> Arrival:
    return Arrival(at_ms, labels_of({"alertname": name, **labels}), (), at_ms, at_ms + HOUR)


def ends(name: str, at_ms: int, since_ms: int, **labels: str) -> Arrival:
    return Arrival(at_ms, labels_of({"alertname": name, **labels}), (), since_ms, at_ms)


def told(*arrivals: Arrival, until_ms: int = HOUR) -> list[tuple[int, str, str, int, int]]:
    expected: tuple[Expected, ...] = Dispatcher(read_routing(CONFIG)).run(arrivals, until_ms)
    return [(e.at_ms, e.receiver, e.integration, len(e.firing), len(e.resolved)) for e in expected]


def test_a_group_waits_then_repeats() -> None:
    assert told(fires("A", 0), until_ms=21 * MINUTE) == [
        (10 * SECOND, "default", "webhook", 1, 0),
        (10 * SECOND + 11 * MINUTE, "default", "webhook", 1, 0),
    ]


def test_a_second_alert_of_the_group_comes_with_the_next_interval() -> None:
    assert told(fires("A", 0, i="1"), fires("A", 20_000, i="2"), until_ms=5 * MINUTE) == [
        (10_000, "default", "webhook", 1, 0),
        (70_000, "default", "webhook", 2, 0),
    ]


def test_resolution_is_sent_to_those_who_want_it() -> None:
    critical = {"severity": "critical"}
    assert told(fires("A", 0, **critical), ends("A", 30_000, 0, **critical), until_ms=5 * MINUTE) == [
        (10_000, "page", "slack", 1, 0),
        (10_000, "page", "pagerduty", 1, 0),
        (70_000, "page", "pagerduty", 0, 1),
    ]


def test_what_fired_and_ended_before_the_first_notification_is_not_told() -> None:
    assert told(fires("A", 0), ends("A", 5_000, 0)) == []


def test_two_classes_reach_both() -> None:
    receivers = [receiver for _, receiver, *_ in told(fires("A", 0, severity="critical", team="a"), until_ms=MINUTE)]
    assert receivers == ["page", "page", "team"]


def test_an_inhibited_alert_is_left_out_until_its_source_ends() -> None:
    alerts = (
        fires("Down", 0, service="api"),
        fires("Slow", 1_000, service="api"),
        fires("Slow", 1_000, service="web"),
        ends("Down", 3 * MINUTE, 0, service="api"),
    )
    slow = [(at, firing) for at, _, _, firing, _ in told(*alerts, until_ms=6 * MINUTE)]
    assert slow == [
        (10_000, 1),
        (11_000, 1),  # only the web's
        (190_000, 0),
        (191_000, 2),  # both, once Down is over
    ]


def test_a_silenced_alert_is_told_once_the_silence_is_over() -> None:
    silence = Silence(read_matchers(['alertname="A"']), Interval(0, 2 * MINUTE), "maintenance")
    model = Dispatcher(read_routing(CONFIG), [silence])
    assert [one.at_ms for one in model.run([fires("A", 0)], 5 * MINUTE)] == [130_000]
    assert [(held.at_ms, held.receiver, held.reason) for held in model.held_back] == [
        (10_000, "default", "silenced (maintenance)"),
        (70_000, "default", "silenced (maintenance)"),
    ]


MUTED = """
route:
  receiver: default
  group_wait: 10s
  group_interval: 1m
  routes:
    - {matchers: [kind="muted"], mute_time_intervals: [first-minutes]}
    - {matchers: [kind="active"], active_time_intervals: [first-minutes]}
time_intervals:
  - {name: first-minutes, time_intervals: [{times: [{start_time: '00:00', end_time: '00:02'}]}]}
receivers: [{name: default, webhook_configs: [{url: 'http://x'}]}]
"""


def told_of(kind: str, *arrivals: Arrival) -> tuple[list[tuple[int, int, int]], set[str]]:
    model = Dispatcher(read_routing(MUTED))
    expected = model.run(arrivals, 5 * MINUTE)
    return [(e.at_ms, len(e.firing), len(e.resolved)) for e in expected], {held.reason for held in model.held_back}


def test_a_muted_route_tells_later_and_an_inactive_one_only_before() -> None:
    assert told_of("muted", fires("A", 0, kind="muted")) == (
        [(130_000, 1, 0)],
        {"muted by time interval 'first-minutes'"},
    )
    assert told_of("active", fires("A", 0, kind="active")) == (
        [(10_000, 1, 0)],
        {"outside its active time interval 'first-minutes'"},
    )


def test_what_resolves_while_its_route_is_muted_is_never_told() -> None:
    resolved = (fires("A", 0, kind="muted"), ends("A", 60_000, 0, kind="muted"))
    assert told_of("muted", *resolved)[0] == []


def test_an_empty_group_that_lingers_looks_at_its_own_pace() -> None:
    back = (fires("A", 0), ends("A", 30_000, 0), fires("A", 90_000))

    def firing_at(leeway: Leeway) -> list[int]:
        expected = Dispatcher(read_routing(CONFIG), leeway=leeway).run(back, 10 * MINUTE)
        return [one.at_ms for one in expected if one.firing]

    assert firing_at(Leeway(linger_ms=0)) == [10_000, 100_000]  # a new group
    assert firing_at(Leeway(linger_ms=30_000)) == [10_000, 130_000]  # the old one, emptied at 70 s


def test_what_comes_as_a_group_looks_may_come_before_or_after() -> None:
    meet = (fires("A", 0), ends("A", 10_000, 0))
    first = Dispatcher(read_routing(CONFIG)).run(meet, MINUTE)
    last = Dispatcher(read_routing(CONFIG), leeway=Leeway(arrivals_first=False)).run(meet, MINUTE)
    assert [len(one.firing) for one in first] == []
    assert [len(one.firing) for one in last] == [1]


@given(
    st.lists(
        st.tuples(st.sampled_from("ABC"), st.integers(0, 20), st.integers(1, 15), st.sampled_from(["x", "y"])),
        max_size=6,
    )
)
def test_refreshes_change_nothing_but_annotations(episodes: list[tuple[str, int, int, str]]) -> None:
    sent: dict[tuple[str, str], list[Arrival]] = {}
    for name, start, minutes, service in episodes:
        own = sent.setdefault((name, service), [])
        begin, end = start * MINUTE, (start + minutes) * MINUTE
        if own and begin <= own[-1].at_ms:
            continue  # it still fires
        labels = labels_of({"alertname": name, "service": service})
        own += [Arrival(at, labels, (("at", str(at)),), begin, at + 4 * MINUTE) for at in range(begin, end, MINUTE)]
        own += [Arrival(end + n * MINUTE, labels, (), begin, end) for n in range(2)]
    whole = sorted((arrival for own in sent.values() for arrival in own), key=lambda arrival: arrival.at_ms)
    thin = without_refreshes(whole)
    assert len(thin) <= sum(3 for _ in episodes)
    tree = read_routing(CONFIG)
    assert Dispatcher(tree).run(thin, HOUR) == Dispatcher(tree).run(whole, HOUR)


def test_an_alert_that_was_not_refreshed_in_time_begins_anew() -> None:
    labels = labels_of({"alertname": "A"})
    gap = [Arrival(at, labels, (), 0, at + 4 * MINUTE) for at in (0, MINUTE, 10 * MINUTE)]
    assert [(one.at_ms, one.ends_at_ms) for one in without_refreshes(gap)] == [
        (0, 5 * MINUTE),
        (10 * MINUTE, 14 * MINUTE),
    ]
