"""The page of a load run shows what was measured, says how it was judged, and needs nothing from elsewhere."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import pytest

from simulator.load.judgement import judge_load
from simulator.load.totals import Totals
from simulator.profile.load_plan import plans_of
from simulator.profile.manifest import Manifest
from simulator.profile.schema import Profile
from simulator.report.line_plot import HEIGHT, WIDTH, Line, draw
from simulator.report.load_page import render_load_page, spans_of
from simulator.telemetry.observations import LoadEnded
from simulator.wire.load_report import Measured, Outcome, Paced, Tally

STARTED_MS = 1_767_643_200_000
PROFILE = Profile.model_validate(
    {
        "name": "a-load",
        "description": "<b>not</b> markup",
        "start": "2026-01-05T20:00:00",
        "duration": "1m",
        "traffic": {"peak": "10/s", "shape": "flat"},
        "load": {"scenarios": ["http", "voice"], "thresholds": ["http p95 < 300ms", "mos p5 > 3.6"]},
    }
)
MANIFEST = Manifest(
    run_id="r",
    mode="live",
    profile=PROFILE,
    profile_path="a-load.yaml",
    seed=1,
    started_ms=STARTED_MS,
)


def second(number: int) -> Measured:
    posts, mos = Tally(), Tally()
    for _ in range(10):
        posts.count(Outcome.OK if number != 30 else Outcome.FAILED, 0.02 if number < 40 else 0.7)
    for _ in range(5):
        mos.count(Outcome.OK, 3.9)
    return Measured(
        at_ms=STARTED_MS + number * 1000,
        users=20 + number,
        cpu_ratio=0.1,
        tallies={"GET /api/v1/posts": posts, "VOICE mos": mos},
        paced={"http": Paced(begun=10), "voice": Paced(begun=1)},
    )


LINES = [second(number) for number in range(1, 61)]


def ended() -> LoadEnded:
    totals = Totals(plans_of(PROFILE), PROFILE.load, STARTED_MS)
    for line in LINES:
        totals.add(line)
    until_ms = STARTED_MS + 60_000
    return LoadEnded(
        at_ms=until_ms,
        totals=totals.by_name(),
        overall=totals.overall(),
        achieved_ratio=totals.achieved_ratio(until_ms),
        kept=totals.kept(until_ms),
        thresholds=totals.thresholds(),
    )


class Reader(HTMLParser):
    """Names of the elements, what they point at, and the text."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.links: list[str] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.links += [value or "" for name, value in attrs if name in ("src", "href")]

    def handle_data(self, data: str) -> None:
        self.text += data


@pytest.fixture
def page() -> str:
    result = ended()
    judgement = judge_load(result, tolerance=0.2, errors_expected=False)
    return render_load_page(
        MANIFEST, LINES, result, judgement, target="http://127.0.0.1:1", rerun="crybsim load a-load"
    )


def test_the_page_has_the_judgement_and_every_figure_and_asks_nobody(page: str) -> None:
    reader = Reader()
    reader.feed(page)
    assert "script" not in reader.tags
    assert reader.links == []
    assert "a-load: fail" in reader.text
    assert "`http p95 < 300ms` BROKEN" in reader.text
    assert "`mos p5 > 3.6` kept: 3.90" in reader.text
    assert "<b>not</b> markup" in reader.text
    assert reader.tags.count("svg") == 4  # latency, rate, users, and the calls' quality
    for name in ("GET /api/v1/posts", "VOICE mos", "all requests"):
        assert name in reader.text


def test_the_lines_are_where_the_figures_are(page: str) -> None:
    users = re.findall(r'<path class="one" d="([^"]+)"', page)[2]
    points = [tuple(map(float, pair.split(","))) for pair in re.findall(r"[\d.]+,[\d.]+", users)]
    assert len(points) == 60
    assert (points[0][0], points[-1][0]) == (0.0, WIDTH)
    # from 21 to 80 users on an axis that ends at 80
    assert points[0][1] == pytest.approx(HEIGHT * (1 - 21 / 80), abs=0.1)
    assert points[-1][1] == 0.0


def test_a_long_run_is_summed_up_and_loses_nothing() -> None:
    long = [second(number % 50 + 1) for number in range(3_000)]
    moved = [
        Measured(at_ms=STARTED_MS + 1000 * at, users=1, cpu_ratio=0, tallies=one.tallies)
        for at, one in enumerate(long, 1)
    ]
    spans = spans_of(moved, STARTED_MS, STARTED_MS + 3_000_000)
    assert len(spans) <= 150
    assert sum(span.requests.requests for span in spans) == 30_000
    assert sum(span.seconds for span in spans) == pytest.approx(3_000)


def test_gaps_and_nothing_are_drawn_as_such() -> None:
    assert draw("t", [Line("a", "one", [(0, None)])], tell_x=str, tell_y=str) is None
    plot = draw("t", [Line("a", "one", [(0, 1.0), (1, None), (2, 2.0)])], tell_x=str, tell_y=str)
    assert plot is not None
    assert plot.lines[0].path.count("M") == 2
