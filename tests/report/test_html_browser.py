"""The page in a real Chromium: drawn without a complaint or a request, on a phone, in the dark, by keyboard."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from simulator.report import render_html
from simulator.telemetry.observations import NotificationKind
from tests.report.browser import Page, browser, chromium
from tests.report.pages import SERIES
from tests.report.test_html import hostile
from tests.verdict.scene import DISK_FIRED, FIRED, ONSET, PASSING, fired, told

EXECUTABLE = chromium()

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(EXECUTABLE is None, reason="no chromium on PATH (Debian: apt-get install chromium)"),
]

COLOURS = """(() => {
  // how many different colours a chart's canvas shows
  const count = (canvas) => {
    const copy = Object.assign(document.createElement('canvas'), { width: canvas.width, height: canvas.height });
    const context = copy.getContext('2d', { willReadFrequently: true });
    context.drawImage(canvas, 0, 0);
    return new Set(new Uint32Array(context.getImageData(0, 0, copy.width, copy.height).data.buffer)).size;
  };
  return [...document.querySelectorAll('[data-chart]')].filter((e) => !e.closest('details:not([open])'))
    .map((e) => e.querySelector('canvas') ? count(e.querySelector('canvas')) : 0);
})()"""
BACKGROUND = "getComputedStyle(document.body).backgroundColor"
LANES = "document.querySelector('[data-lanes]')"
SHOWN = "document.querySelector('[data-shown]').textContent"
SAID = "document.querySelector('[data-said]').textContent"


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    assert EXECUTABLE is not None
    with browser(tmp_path_factory.mktemp("chromium"), EXECUTABLE) as opened:
        yield opened


@pytest.fixture(scope="module")
def passing(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("pages") / "passing.html"
    path.write_text(render_html(PASSING.judged(), PASSING.journal, SERIES), encoding="utf-8")
    return path


def is_quiet(page: Page) -> None:
    """Nothing was complained about, nothing was asked of a network, nothing popped up."""
    page.settle()
    assert page.complaints() == []
    assert page.requests() == []
    assert not [name for name, _ in page.events if name == "Page.javascriptDialogOpening"]


def test_it_shows_the_verdict_and_draws_every_chart(page: Page, passing: Path) -> None:
    page.open(passing)
    assert page.evaluate("document.querySelector('h1').innerText.replace(/\\s+/g, ' ')") == "PASS api-errors"
    colours = page.evaluate(COLOURS)
    assert len(colours) == 5  # load, two comparisons of the alert, error budget, latency
    assert all(number > 5 for number in colours), colours
    is_quiet(page)


def test_charts_in_a_closed_part_are_drawn_when_it_opens(page: Page, passing: Path) -> None:
    page.open(passing)
    before = len(page.evaluate(COLOURS))
    page.evaluate("document.querySelector('#alerts ~ details.others').open = true")
    page.settle()
    after = page.evaluate(COLOURS)
    assert len(after) == before + 2
    assert all(number > 5 for number in after), after
    is_quiet(page)


@pytest.mark.parametrize("dark", [False, True])
def test_a_phone_never_scrolls_sideways(page: Page, tmp_path: Path, dark: bool) -> None:
    long = "a-label-without-a-single-space-" * 12
    scene = PASSING.plus(
        *DISK_FIRED,
        *fired("AnAlertWithAVeryLongNameThatNobodyWouldWant" * 2, ONSET, ONSET, (("path", long),)),
        told(NotificationKind.EMAIL, long, long, FIRED),
    )
    path = tmp_path / "long.html"
    path.write_text(render_html(scene.judged(), scene.journal, SERIES), encoding="utf-8")
    page.open(path, width=360, height=740, dark=dark)
    for opened in (False, True):
        wide = (
            "[...document.querySelectorAll('body *')].filter((e) => !e.closest('.wide, svg, .sr, .skip, .u-wrap') && "
        )
        wide += "e.getBoundingClientRect().right > 361).map((e) => e.className || e.tagName)"
        assert page.evaluate(wide) == []
        assert page.evaluate("document.documentElement.scrollWidth") <= 360
        if not opened:
            page.evaluate("document.querySelectorAll('details').forEach((e) => { e.open = true; })")
            page.settle()
    is_quiet(page)


def test_the_dark_follows_the_system_and_charts_with_it(page: Page, passing: Path) -> None:
    first = "document.querySelector('[data-chart] canvas').toDataURL()"
    page.open(passing)
    light = (page.evaluate(BACKGROUND), page.evaluate(first))
    page.look(width=1280, dark=True)
    page.wait_for(f"{BACKGROUND} !== '{light[0]}'")
    page.settle()
    dark = (page.evaluate(BACKGROUND), page.evaluate(first))
    assert light[0] != dark[0]
    assert light[1] != dark[1]
    is_quiet(page)


def test_the_keyboard_zooms_moves_and_reads(page: Page, passing: Path) -> None:
    page.open(passing)
    page.evaluate(f"{LANES}.focus()")
    whole = page.evaluate(SHOWN)
    assert whole == "+0s to +12m"
    page.press("+")
    assert page.evaluate(SHOWN) == "+3m to +9m"
    page.press("ArrowRight", shift=True)
    assert page.evaluate(SHOWN) == "+4m30s to +10m30s"
    page.press("-")
    page.press("0")
    assert page.evaluate(SHOWN) == whole
    for _ in range(17):
        page.press("ArrowRight")
    said = page.evaluate(SAID)
    assert said.startswith("+5m6s: "), said
    assert "fault errors" in said
    assert "HighErrorRate firing" in said
    assert page.evaluate("[...document.querySelectorAll('.legend output')].filter((o) => o.textContent).length") > 3
    is_quiet(page)


def test_a_chart_zooms_all_others_by_keyboard_and_by_mouse(page: Page, passing: Path) -> None:
    page.open(passing)
    bar = "document.querySelector('.bar.firing').getBoundingClientRect().width"
    narrow = page.evaluate(bar)
    page.evaluate("document.querySelectorAll('.plot')[1].focus()")
    page.press("+")
    assert page.evaluate(bar) > narrow * 1.5
    page.press("Escape")
    assert page.evaluate(bar) == narrow
    page.evaluate(f"{LANES}.scrollIntoView()")
    x, y, width = page.evaluate(f"(() => {{ const r = {LANES}.querySelector('.track').getBoundingClientRect(); "
                                "return [r.x, r.y + 10, r.width]; })()")  # fmt: skip
    page.mouse("mouseMoved", x + width * 0.45, y)
    tip = page.evaluate("document.querySelector('.tip:not([hidden])').innerText")
    assert "fault errors" in tip
    assert "HighErrorRate firing" in tip
    page.mouse("mousePressed", x + width * 0.25, y, buttons=1)
    page.mouse("mouseMoved", x + width * 0.5, y, buttons=1)
    page.mouse("mouseReleased", x + width * 0.5, y)
    assert page.evaluate(SHOWN) == "+3m to +6m"
    is_quiet(page)


def test_text_of_users_does_nothing_in_a_real_browser(page: Page, tmp_path: Path) -> None:
    evil = (
        "</script><script>alert(1)</script><img src=https://example.org/x onerror=alert(2)>\"' onmouseover='alert(3)'"
    )
    path = tmp_path / "evil.html"
    path.write_text(hostile(evil), encoding="utf-8")
    page.open(path)
    assert evil in page.evaluate("document.querySelector('.reason').textContent")
    assert page.evaluate("document.images.length") == 0
    is_quiet(page)


def test_it_prints_and_comes_back(page: Page, passing: Path) -> None:
    page.open(passing, dark=True)
    closed = "document.querySelectorAll('details:not([open])').length"
    before = (page.evaluate(closed), page.evaluate(BACKGROUND))
    assert page.paper().startswith(b"%PDF-")
    assert (page.evaluate(closed), page.evaluate(BACKGROUND)) == before
    is_quiet(page)


def test_without_scripts_the_lanes_and_tables_are_still_there(page: Page, passing: Path) -> None:
    page.ask("Emulation.setScriptExecutionDisabled", value=True)
    try:
        page.ask("Page.navigate", url=passing.as_uri())
        page.wait_for("document.readyState === 'complete'")
        bars = page.evaluate("[...document.querySelectorAll('.bar')].map((e) => e.getBoundingClientRect().width)")
    finally:
        page.ask("Emulation.setScriptExecutionDisabled", value=False)
    assert len(bars) > 3
    assert all(width > 0 for width in bars)
