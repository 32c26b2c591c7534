"""The dispatcher model against the real Alertmanager in compressed time, on route trees of every kind at once.

Every tree has alerts, routes and receivers of its own, so one replay is as many experiments as it has trees. Alerts
come at full minutes, groups look half-way between: half a minute of simulated time is what a busy machine may be late.
A replay in which it was later is made again at half the speed.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, assume, given, settings
from hypothesis import strategies as st

from simulator.clock import WallClock
from simulator.engine.dispatcher import Dispatcher, Leeway
from simulator.engine.notifier import Arrival
from simulator.engine.routing_tree import read_routing
from simulator.engine.silence import Silence
from simulator.receivers import Receivers
from simulator.rehearsal.virtual.compressed import foretell, on_time, run_compressed
from simulator.rehearsal.virtual.pace import Pace
from simulator.rehearsal.virtual.timeline import Timeline
from simulator.stack.alertmanager_config import redirect
from simulator.stack.binaries import find_binaries
from simulator.stack.local import LocalStack
from simulator.telemetry.interval import Interval
from simulator.telemetry.matchers import read_matchers
from simulator.telemetry.observations import NotificationReceived
from simulator.telemetry.samples import Labels, labels_of
from simulator.units import HOUR, MINUTE, SECOND

START = 1_767_643_200_000  # 2026-01-05T20:00:00Z
MINUTES = 10
SPAN = Interval(START, START + MINUTES * MINUTE)
ATTEMPTS = 3

A_LABEL = st.sampled_from(["a", "b"])
A_VALUE = st.sampled_from(["1", "2"])
MATCHER = st.builds('{}{}"{}"'.format, A_LABEL, st.sampled_from(["=", "!=", "=~", "!~"]), A_VALUE)
INTERVAL = st.tuples(st.integers(0, MINUTES - 1), st.integers(1, MINUTES))


def siblings(one: st.SearchStrategy[dict[str, object]], most: int) -> st.SearchStrategy[list[dict[str, object]]]:
    """Routes side by side. Two with the same matchers share what they told the same receiver, and race for it."""
    return st.lists(one, max_size=most, unique_by=lambda route: str(sorted(route["matchers"])))


@st.composite
def routes(draw: st.DrawFn, depth: int = 2) -> dict[str, object]:
    """A route below a tree's root."""
    route: dict[str, object] = {"matchers": draw(st.lists(MATCHER, min_size=1, max_size=2))}
    if draw(st.booleans()):
        route["receiver"] = draw(st.integers(0, 1))
    if draw(st.booleans()):
        route["group_by"] = draw(st.sampled_from([[], ["a"], ["b"], ["a", "b"], ["..."]]))
    if draw(st.booleans()):
        route["continue"] = True
    for key in ("mute_time_intervals", "active_time_intervals"):
        if draw(st.integers(0, 3)) == 0:
            route[key] = draw(INTERVAL)
    if depth > 1:
        children = draw(siblings(routes(depth - 1), 2))
        if children:
            route["routes"] = children
    return route


@dataclass(frozen=True)
class Tree:
    """A route tree with its alerts: label values, and the minutes of each episode."""

    routes: list[dict[str, object]]
    group_by: list[str]
    interval: str
    repeat: str
    inhibits: bool
    alerts: list[tuple[str, str, list[tuple[int, int]]]]
    silence: tuple[str, tuple[int, int]] | None


@st.composite
def trees(draw: st.DrawFn) -> Tree:
    alerts = []
    for a, b in draw(st.lists(st.tuples(A_VALUE, A_VALUE), min_size=1, max_size=4, unique=True)):
        minutes = sorted(draw(st.sets(st.integers(0, MINUTES), min_size=2, max_size=4)))
        alerts.append((a, b, list(zip(minutes[::2], minutes[1::2], strict=False))))
    return Tree(
        routes=draw(siblings(routes(), 3)),
        group_by=draw(st.sampled_from([[], ["a"], ["a", "b"], ["..."]])),
        interval=draw(st.sampled_from(["1m", "2m"])),
        repeat=draw(st.sampled_from(["2m30s", "1h"])),
        inhibits=draw(st.booleans()),
        alerts=alerts,
        silence=draw(st.none() | st.tuples(MATCHER, INTERVAL)),
    )


def config_of(forest: list[Tree]) -> str:
    """One alertmanager.yml of all trees."""
    named: dict[str, str] = {}

    def written(route: dict[str, object], tree: int, indent: str) -> list[str]:
        lines = [f"{indent}- matchers: {route['matchers']!r}"]
        for key, value in route.items():
            if key == "receiver":
                lines.append(f"{indent}  receiver: t{tree}r{value}")
            elif key.endswith("_time_intervals"):
                lines.append(f"{indent}  {key}: [{interval(value)}]")  # type: ignore[arg-type]
            elif key == "routes":
                lines += [
                    f"{indent}  routes:",
                    *(line for child in value for line in written(child, tree, indent + "    ")),
                ]  # type: ignore[union-attr]
            elif key != "matchers":
                lines.append(f"{indent}  {key}: {'true' if value is True else repr(value)}")
        return lines

    def interval(minutes: tuple[int, int]) -> str:
        begin, length = minutes
        name = f"i{begin}x{length}"
        named[name] = f"{{start_time: '20:{begin:02d}', end_time: '20:{begin + length:02d}'}}"
        return name

    lines = ["route:", "  receiver: t0r0", "  group_wait: 30s", "  routes:"]
    for number, tree in enumerate(forest):
        lines += [
            f"    - matchers: ['tree=\"{number}\"']",
            f"      receiver: t{number}r0",
            f"      group_by: {tree.group_by!r}",
            f"      group_interval: {tree.interval}",
            f"      repeat_interval: {tree.repeat}",
        ]
        if tree.routes:
            lines.append("      routes:")
            lines += [line for route in tree.routes for line in written(route, number, "        ")]
    lines.append("inhibit_rules:")
    for number, tree in enumerate(forest):
        if tree.inhibits:
            own = f"'tree=\"{number}\"'"
            lines.append(
                f"  - {{source_matchers: [{own}, 'a=\"1\"'], target_matchers: [{own}, 'a=~\"1|2\"'], equal: [b]}}"
            )
    lines += ["time_intervals:"] + [f"  - {{name: {n}, time_intervals: [{{times: [{t}]}}]}}" for n, t in named.items()]
    lines.append("receivers:")
    for number in range(len(forest)):
        for one, sends in ((0, "true"), (1, "false")):
            hook = f"{{url: 'http://x.example.org/y', send_resolved: {sends}}}"
            lines.append(f"  - {{name: t{number}r{one}, webhook_configs: [{hook}]}}")
    return "\n".join(line for line in lines if line != "inhibit_rules:" or any(tree.inhibits for tree in forest))


def timeline_of(forest: list[Tree], config: str) -> Timeline:
    arrivals: list[Arrival] = []
    silences: list[Silence] = []
    for number, tree in enumerate(forest):
        for a, b, episodes in tree.alerts:
            labels = labels_of({"alertname": "A", "tree": str(number), "a": a, "b": b})
            for (begin, end), following in zip(episodes, [*episodes[1:], (MINUTES, MINUTES)], strict=True):
                start_ms, end_ms = START + begin * MINUTE, START + end * MINUTE
                fires = range(start_ms, min(end_ms, SPAN.end_ms), MINUTE)
                arrivals += [Arrival(at, labels, (), start_ms, at + HOUR) for at in fires]
                resent = range(end_ms, START + min(following[0], end + 3, MINUTES) * MINUTE, MINUTE)
                arrivals += [Arrival(at, labels, (), start_ms, end_ms) for at in resent]  # as Prometheus does
        if tree.silence is not None:
            matcher, (begin, length) = tree.silence
            span = Interval(START + begin * MINUTE, START + (begin + length) * MINUTE)
            silences.append(Silence(read_matchers([f'tree="{number}"', matcher]), span))
    in_order = tuple(sorted(arrivals, key=lambda arrival: arrival.at_ms))
    return Timeline(in_order, SPAN, read_routing(config), tuple(silences))


Said = tuple[str, tuple[Labels, ...], tuple[Labels, ...]]
"""Receiver, what fires, and what is resolved."""


def foretold(timeline: Timeline) -> list[tuple[Said, int]]:
    """What should be said, each with its simulated instant."""
    model = Dispatcher(timeline.tree, timeline.silences, Leeway(linger_ms=HOUR))  # no group is cleaned up meanwhile
    expected = model.run(timeline.arrivals, SPAN.end_ms)
    return sorted(((one.receiver, one.firing, one.resolved), one.at_ms) for one in expected)


def heard_by(notification: NotificationReceived) -> tuple[Said, int]:
    told: dict[str, list[Labels]] = {"firing": [], "resolved": []}
    for alert in notification.alerts:
        told[alert.status].append(labels_of({"alertname": alert.alert, **dict(alert.labels)}))
    return (notification.receiver, tuple(sorted(told["firing"])), tuple(sorted(told["resolved"]))), notification.at_ms


def agree(real: list[tuple[Said, int]], expected: list[tuple[Said, int]]) -> bool:
    """The same things said as often, each at the same look of its group."""
    return [said for said, _ in real] == [said for said, _ in expected] and all(
        abs(there - here) < MINUTE for (_, there), (_, here) in zip(real, expected, strict=True)
    )


def replayed(folder: Path, config: str, timeline: Timeline, factor: float) -> list[tuple[Said, int]]:
    programs = find_binaries()
    heard: list[NotificationReceived] = []
    stack = LocalStack(folder, prometheus=programs.prometheus.path, alertmanager=programs.alertmanager.path)
    with Receivers(heard.append, folder) as receivers, stack:
        copy = redirect(
            config, http_url=receivers.http_url, smtp=receivers.smtp_address, source="am.yml", base_dir=folder
        )
        played = run_compressed(stack, copy.text, timeline, Pace(factor, factor), WallClock())
    return sorted(map(heard_by, on_time(heard, played, timeline.span)))


def check(folder: Path, forest: list[Tree], factor: float) -> None:
    config = config_of(forest)
    timeline = timeline_of(forest, config)
    expected = foretold(timeline)
    for attempt in range(ATTEMPTS):
        home = folder / str(attempt)
        home.mkdir(parents=True)
        real = replayed(home, config, timeline, factor / 2**attempt)
        if agree(real, expected):
            return
    only_real = Counter(said for said, _ in real) - Counter(said for said, _ in expected)
    only_expected = Counter(said for said, _ in expected) - Counter(said for said, _ in real)
    raise AssertionError(f"{config}\nAlertmanager alone: {only_real}\nthe model alone: {only_expected}")


def without_intervals(route: dict[str, object]) -> dict[str, object]:
    """The same route at any hour."""
    children = route.get("routes", [])
    assert isinstance(children, list)
    kept = {key: value for key, value in route.items() if not key.endswith("_time_intervals")}
    return kept | ({"routes": [without_intervals(child) for child in children]} if children else {})


def of_a_forest(folders: pytest.TempPathFactory, trees_at_once: int, factor: float) -> None:
    """Generated forests, of which most trees branch (hypothesis begins with the plainest)."""

    @settings(max_examples=1, phases=[Phase.generate], suppress_health_check=list(HealthCheck), database=None)
    @given(st.lists(trees(), min_size=trees_at_once, max_size=trees_at_once))
    def test(forest: list[Tree]) -> None:
        assume(sum(bool(tree.routes) for tree in forest) > trees_at_once / 2)
        if factor > MINUTE / SECOND:  # the clocks of zones jump at whole seconds, and intervals begin at any minute
            forest = [replace(tree, routes=list(map(without_intervals, tree.routes))) for tree in forest]
        check(folders.mktemp("forest"), forest, factor)

    test()


@pytest.mark.accept  # it goes by the clock, and a busy machine makes it late
@pytest.mark.stack
@pytest.mark.slow
def test_alertmanager_and_the_model_tell_the_same(tmp_path_factory: pytest.TempPathFactory) -> None:
    of_a_forest(tmp_path_factory, 40, 60.0)


@pytest.mark.accept
@pytest.mark.stack
@pytest.mark.slow
@pytest.mark.timeout(1200)
@pytest.mark.parametrize("factor", [20.0, 60.0, 120.0])
def test_they_tell_the_same_at_every_scale(tmp_path_factory: pytest.TempPathFactory, factor: float) -> None:
    of_a_forest(tmp_path_factory, 60, factor)


BACK_AGAIN = """
route: {receiver: hook, group_wait: 10s, group_interval: 5m}
receivers: [{name: hook, webhook_configs: [{url: 'http://x.example.org/y'}]}]
"""


@pytest.mark.stack
@pytest.mark.slow
def test_what_compression_changes_is_foretold_otherwise(tmp_path: Path) -> None:
    """An alert that comes back meets its old group, which would long be cleaned up at full length, and is gone again
    by its next look. test_compression.py (verdict) says what a judge makes of that."""
    labels = labels_of({"alertname": "A"})
    span = Interval(START, START + 30 * MINUTE)
    back_ms, gone_ms = START + 27 * MINUTE, START + 28 * MINUTE + 30 * SECOND
    arrivals = (
        Arrival(START, labels, (), START, START + HOUR),
        Arrival(START + MINUTE, labels, (), START, START + MINUTE),
        Arrival(back_ms, labels, (), back_ms, back_ms + HOUR),
        Arrival(gone_ms, labels, (), back_ms, gone_ms),
    )
    timeline = Timeline(arrivals, span, read_routing(BACK_AGAIN), ())
    real = [said for said, at_ms in replayed(tmp_path, BACK_AGAIN, timeline, 300.0) if at_ms >= back_ms]
    assert real == []
    for model in foretell(timeline, Pace(300.0, 1200.0)).foretold:
        (told,) = [one for one in model if one.at_ms >= back_ms and one.status == "firing"]
        assert told.at_ms == back_ms + 10 * SECOND


def test_times_are_no_more_exact_than_the_replay_was_on_time() -> None:
    timeline = Timeline((), SPAN, read_routing(BACK_AGAIN), ())
    exact = foretell(timeline, Pace(60.0, 1200.0), late_ms=200)
    assert exact.tolerance_ms == 15 * SECOND == foretell(timeline, Pace(60.0, 1200.0)).tolerance_ms
    assert foretell(timeline, Pace(60.0, 1200.0), late_ms=1_000).tolerance_ms == MINUTE
