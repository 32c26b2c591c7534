"""Alertmanager judges time intervals at simulated instants as our model does, whatever the wall says."""

from __future__ import annotations

import os
import random
import time
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import httpx
import pytest
from ruamel.yaml import YAML

from simulator.clock import WallClock
from simulator.engine.routing_tree import read_routing
from simulator.receivers import Receivers
from simulator.stack.alertmanager_config import redirect
from simulator.stack.binaries import Binaries
from simulator.stack.local import LocalStack
from simulator.stack.simulated_zones import with_simulated_zones, write_zones, zone_environment
from simulator.telemetry.observations import NotificationReceived
from simulator.transport import http_client
from simulator.wire.zoneinfo import Transition, encode_zone

ZONES = ("UTC", "Europe/Berlin", "America/New_York", "Asia/Kolkata", "Local", "")
WITHIN_SECONDS = 60
WEEKDAYS = ("sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday")
MONTHS = ("january", "february", "march", "april", "may", "june", "july", "august", "september", "october")
INSTANTS = (
    "2024-02-29T23:59:00+00:00",  # the last minute of a leap day
    "2026-03-29T01:00:00+00:00",  # clocks go forward in Berlin
    "2026-10-25T00:30:00+00:00",  # the hour that Berlin has twice
    "2026-12-31T23:30:00+00:00",  # next year already east of Greenwich
    "2026-11-28T09:00:00+00:00",  # on the hour
)


def intervals(count: int) -> list[dict[str, object]]:
    """Time intervals of every kind, the same at each run."""
    draw = random.Random(11)

    def span(first: int, last: int) -> tuple[int, int]:
        ends = sorted((draw.randint(first, last), draw.randint(first, last)))
        return ends[0], ends[1]

    def one() -> dict[str, object]:
        interval: dict[str, object] = {}
        if draw.random() < 0.6:
            begin = draw.randrange(0, 24 * 4)
            end = draw.randint(begin + 1, 24 * 4)
            clock = [f"{quarter // 4:02d}:{quarter % 4 * 15:02d}" for quarter in (begin, end)]
            interval["times"] = [{"start_time": clock[0], "end_time": clock[1]}]
        if draw.random() < 0.4:
            first, last = span(0, 6)
            interval["weekdays"] = [f"{WEEKDAYS[first]}:{WEEKDAYS[last]}", draw.choice(WEEKDAYS)]
        if draw.random() < 0.4:
            first, last = span(1, 31) if draw.random() < 0.5 else span(-31, -1)
            interval["days_of_month"] = [f"{first}:{last}"]
        if draw.random() < 0.3:
            first, last = span(0, 9)
            interval["months"] = [f"{MONTHS[first]}:{MONTHS[last]}", str(draw.randint(1, 12))]
        if draw.random() < 0.2:
            first, last = span(2024, 2027)
            interval["years"] = [f"{first}:{last}"]
        zone = draw.choice(ZONES)
        return interval | ({"location": zone} if zone else {})

    return [{"name": f"t{n}", "time_intervals": [one() for _ in range(draw.randint(1, 2))]} for n in range(count)]


def config(count: int) -> str:
    """A route for each interval, by turns muted in it and active in it."""
    lines = [
        "global: {resolve_timeout: 5m}",
        "route:",
        "  receiver: hook",
        "  group_by: [run, n]",
        "  group_wait: 0s",
        "  routes:",
    ]
    for n in range(count):
        key = "active_time_intervals" if n % 2 else "mute_time_intervals"
        lines.append(f"    - {{matchers: ['n=\"{n}\"'], {key}: [t{n}]}}")
    lines += ["receivers: [{name: hook, webhook_configs: [{url: 'http://x.example.org/y'}]}]", "time_intervals:"]
    lines += [f"  - {one!r}" for one in intervals(count)]
    return "\n".join(lines)


class Lab:
    """An Alertmanager whose time intervals can be set to any instant."""

    def __init__(self, folder: Path, text: str, zones: tuple[str, ...], client: httpx.Client) -> None:
        self.heard: list[NotificationReceived] = []
        self.text = text
        self._folder = folder
        self._zones = zones
        self._client = client

    def told_at(self, at_ms: int, count: int, expected: set[str]) -> set[str]:
        """Which routes tell of an alert that fires at an instant, once those that are expected have."""
        now_ms = WallClock().now_ms() // 1000 * 1000  # clocks of zones jump at whole seconds
        write_zones(self._folder, self._zones, (at_ms,), lambda simulated_ms: now_ms + simulated_ms - at_ms)
        self._client.post("/-/reload").raise_for_status()
        run = str(at_ms)
        alerts = [{"labels": {"alertname": "A", "run": run, "n": str(n)}} for n in [*range(count), "sentinel"]]
        self._client.post("/api/v2/alerts", json=alerts).raise_for_status()
        deadline = time.monotonic() + WITHIN_SECONDS
        while not self._told(run) >= expected | {"sentinel"} and time.monotonic() < deadline:
            time.sleep(0.05)
        return self._told(run) - {"sentinel"}

    def _told(self, run: str) -> set[str]:
        alerts = [dict(alert.labels) for one in list(self.heard) for alert in one.alerts]
        return {labels["n"] for labels in alerts if labels["run"] == run}


COUNT = 80


@pytest.fixture(scope="module")
def lab(binaries: Binaries, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    folder = tmp_path_factory.mktemp("zones")
    text = config(COUNT)
    heard: list[NotificationReceived] = []
    stack = LocalStack(folder, prometheus=binaries.prometheus.path, alertmanager=binaries.alertmanager.path)
    with Receivers(heard.append, folder) as receivers, stack:
        copy = redirect(
            text, http_url=receivers.http_url, smtp=receivers.smtp_address, source="am.yml", base_dir=folder
        )
        simulated, zones = with_simulated_zones(copy.text, "am.yml")
        write_zones(folder / "zones", zones, (0,), lambda at_ms: at_ms)
        url = stack.start_alertmanager(simulated, env=zone_environment(folder / "zones", os.environ))
        with http_client(url) as client:
            made = Lab(folder / "zones", text, zones, client)
            made.heard = heard
            yield made


@pytest.mark.stack
@pytest.mark.slow
@pytest.mark.parametrize("instant", INSTANTS)
def test_the_real_alertmanager_and_the_model_agree_at_a_simulated_instant(lab: Lab, instant: str) -> None:
    at_ms = round(datetime.fromisoformat(instant).timestamp() * 1000)
    tree = read_routing(lab.text)

    def telling(instant_ms: int) -> set[str]:
        return {
            str(n)
            for n, route in enumerate(tree.root.children)
            if any(one.contains(instant_ms) for one in tree.intervals[f"t{n}"]) == bool(route.active)
        }

    expected = telling(at_ms)
    assert 0 < len(expected) < COUNT
    began = WallClock().now_ms()
    told = lab.told_at(at_ms, COUNT, expected)
    meanwhile = expected ^ telling(at_ms + WallClock().now_ms() - began)  # on a busy machine an interval may end
    assert told - meanwhile == expected - meanwhile


def test_a_zone_is_read_back(tmp_path: Path) -> None:
    far = 40 * 365 * 86_400
    (tmp_path / "Simulated").write_bytes(
        encode_zone([Transition(1_000, 50), Transition(2_000, -100), Transition(3_000, 50)])
    )
    with (tmp_path / "Simulated").open("rb") as file:
        zone = ZoneInfo.from_file(file)
    offsets = [datetime.fromtimestamp(at, zone).utcoffset() for at in (0, 999, 1_000, 1_999, 2_000, 3_000, far)]
    assert [o.total_seconds() for o in offsets if o is not None] == [50, 50, 50, 50, -100, 50, 50]


def test_a_zone_has_its_limits() -> None:
    with pytest.raises(ValueError, match="256 different offsets"):
        encode_zone([Transition(n, n) for n in range(256)])
    with pytest.raises(ValueError, match="68 years"):
        encode_zone([Transition(0, 2**31)])


def test_the_intervals_stay_as_written_but_for_their_zone() -> None:
    text = config(6)
    copy, zones = with_simulated_zones(text, "am.yml")
    written, copied = (YAML(typ="safe").load(one)["time_intervals"] for one in (text, copy))
    for before, after in zip(written, copied, strict=True):
        for one, other in zip(before["time_intervals"], after["time_intervals"], strict=True):
            assert other.pop("location").removeprefix("Simulated/") in zones
            one.pop("location", None)
            assert one == other
