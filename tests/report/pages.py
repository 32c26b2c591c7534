"""Runs to make pages of: the passing scene, with what its expressions were worth."""

from __future__ import annotations

from html.parser import HTMLParser

from simulator.telemetry.series import ReportSeries
from simulator.units import MINUTE, SECOND
from tests.verdict.scene import CRITICAL, FAULT_END, ONSET, START

INSTANTS = tuple(range(START + 5 * SECOND, START + 12 * MINUTE, 15 * SECOND))


def values(low: float, high: float) -> tuple[float, ...]:
    """Low, and high while the fault acts (and a minute on, as a window has it)."""
    return tuple(high if ONSET + 30 * SECOND <= at < FAULT_END + MINUTE else low for at in INSTANTS)


HIGH_ERROR_RATE = ReportSeries(
    "HighErrorRate", "job:errors:ratio_rate1m", CRITICAL, 0.05, ">", INSTANTS, values(0.0, 0.2), "", MINUTE
)
ENOUGH = ReportSeries("HighErrorRate", "job:requests:rate1m", CRITICAL, 1.0, ">", INSTANTS, values(16.0, 16.0), "and")
DOWN = ReportSeries("APIServiceDown", "up", (("instance", "cryb-api:3001"),), 0.0, "==", INSTANTS, values(1.0, 1.0))
BURN = ReportSeries(
    "SLOAvailabilityFastBurn",
    "job:errors:ratio_rate5m",
    (),
    0.0144,
    ">",
    INSTANTS,
    values(0.0001, 0.15),
    "",
    5 * MINUTE,
    0.001,
)
NOTHING_MATCHED = ReportSeries("DiskAlmostFull", "disk_free", (), 0.1, "<", (), (), series_count=0)
SERIES = (HIGH_ERROR_RATE, ENOUGH, DOWN, BURN, NOTHING_MATCHED)


class Tree(HTMLParser):
    """What a browser would see of a page: its elements in order, and the text in each kind."""

    def __init__(self, page: str) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.raw: dict[str, list[str]] = {"script": [], "style": []}
        self._inside = ""
        self.feed(page)
        self.close()

    @property
    def shape(self) -> list[tuple[str, tuple[str, ...]]]:
        """Elements and the names of their attributes: all that text of users must not change."""
        return [(tag, tuple(attributes)) for tag, attributes in self.elements]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        self._inside = tag if tag in self.raw else ""
        if self._inside:
            self.raw[tag].append("")

    def handle_endtag(self, tag: str) -> None:
        if tag == self._inside:
            self._inside = ""

    def handle_data(self, data: str) -> None:
        if self._inside:
            self.raw[self._inside][-1] += data
        else:
            self.text += data

    def all(self, tag: str) -> list[dict[str, str | None]]:
        """The attributes of every element of a kind."""
        return [attributes for name, attributes in self.elements if name == tag]
