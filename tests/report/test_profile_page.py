"""The page stands alone: well-formed, nothing from elsewhere, users' text escaped, everything inside its plot."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import numpy as np
import pytest

from simulator.profile.schema import Profile
from simulator.report.profile_page import HEIGHT, WIDTH, _time_ticks, _value_ticks, render_page
from simulator.streams.signal_lines import SignalLine
from simulator.units import DAY, HOUR, MINUTE

PULSES = {"id": "p", "kind": "outage", "at": "10m", "for": "8m", "shape": "pulses", "period": "4m"}
STEP = {"id": "s", "kind": "latency", "at": "30m", "for": "15m"}


def page(*faults: dict[str, object], description: str = "x") -> str:
    profile = Profile.model_validate(
        {
            "name": "p",
            "description": description,
            "start": "2026-01-05T19:30:00",
            "duration": "1h",
            "faults": list(faults),
        }
    )
    elapsed = np.arange(60, dtype=np.int64) * MINUTE
    values = np.sin(elapsed / 9e5) * 40
    moved = SignalLine("a.moved", "1/s", "moved by a fault", "api-2", elapsed, values, values * 0.5)
    still = SignalLine("b.still", "", "always three", "", elapsed, np.full(60, 3.0), np.full(60, 3.0))
    return render_page(profile, [moved, still])


class Elements(HTMLParser):
    """Every element with its attributes; what is opened has to be closed."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str]]] = []
        self.open: list[str] = []
        self.feed(text)
        assert not self.open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, {name: value or "" for name, value in attrs}))
        if tag != "meta":
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, {name: value or "" for name, value in attrs}))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def of(self, tag: str, kind: str = "") -> list[dict[str, str]]:
        return [attributes for name, attributes in self.found if name == tag and kind in attributes.get("class", "")]


def test_it_loads_and_runs_nothing() -> None:
    text = page(STEP)
    elements = Elements(text)
    assert not elements.of("script") + elements.of("link") + elements.of("img")
    assert "http://" not in text
    assert "https://" not in text
    assert any("default-src 'none'" in meta.get("content", "") for meta in elements.of("meta"))


def test_text_of_users_stays_text() -> None:
    text = page(description="<script>alert(1)</script> & more")
    assert "<script" not in text
    assert "&lt;script&gt;alert(1)&lt;/script&gt; &amp; more" in text


def test_lines_stay_inside_their_plots_and_the_calm_one_is_only_where_it_differs() -> None:
    elements = Elements(page(STEP))
    assert (len(elements.of("path", "signal")), len(elements.of("path", "calm"))) == (2, 1)
    for path in elements.of("path"):
        points = [tuple(map(float, pair.split(","))) for pair in re.split("[ML]", path["d"])[1:]]
        assert len(points) == 60
        assert all(0 <= x <= WIDTH and 0 <= y <= HEIGHT for x, y in points)


def test_each_stretch_of_a_fault_is_shaded_in_its_colour() -> None:
    bands = Elements(page(PULSES, STEP)).of("rect", "band")
    of_one_plot = bands[: len(bands) // 2]
    found = [(float(b["x"]) / WIDTH * 60, float(b["width"]) / WIDTH * 60, b["class"]) for b in of_one_plot]
    assert [(round(x), round(width), kind) for x, width, kind in found] == [
        (10, 2, "band c0"),
        (14, 2, "band c0"),
        (30, 15, "band c1"),
    ]


def test_who_cannot_see_is_told_the_range() -> None:
    labels = [svg["aria-label"] for svg in Elements(page(STEP)).of("svg")]
    assert labels[0].startswith("a.moved of api-2. From 0 to ")
    assert labels[1] == "b.still. From 3 to 3, 3 at the least, 3 at the most."


@pytest.mark.parametrize(("low", "high"), [(0.0, 1.0), (3.0, 3.0), (0.0, 0.0), (-5.0, 7.0), (1e-9, 2e-9), (98.0, 99.5)])
def test_values_are_marked_at_round_numbers_around_them(low: float, high: float) -> None:
    ticks = _value_ticks(low, high)
    assert ticks[0] <= low
    assert high <= ticks[-1]
    assert 2 <= len(ticks) <= 6
    assert ticks == sorted(set(ticks))


@pytest.mark.parametrize("duration", [10_000, 13 * MINUTE, HOUR, 5 * HOUR, DAY, 30 * DAY, 400 * DAY])
def test_instants_are_marked_evenly(duration: int) -> None:
    ticks = _time_ticks(duration)
    assert 2 <= len(ticks) <= 11
    assert ticks[0].text == "0s"
