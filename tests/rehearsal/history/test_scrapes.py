"""What a scrape leaves, held against a plain scrape by scrape account of it."""

from __future__ import annotations

import math
import struct
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulator.rehearsal.history.scrapes import PlainRelabelling, Scraped, Scraper, Target
from simulator.telemetry.interval import Interval
from simulator.telemetry.samples import Labels, Series, labels_of
from simulator.wire.tsdb.chunks import STALE_NAN
from tests.rehearsal.toy_platform import INTERVAL, START, Toy

TARGET = Target("web", "web-1", INTERVAL)
DOWN = Interval(START + 10 * INTERVAL, START + 16 * INTERVAL)
TOY = Toy(down=DOWN)
TIMES = START + INTERVAL * np.arange(40, dtype=np.int64)
NONE = TIMES[:0]

Kept = dict[str, dict[int, int]]


def scraper(relabelling: PlainRelabelling | None = None) -> Scraper:
    return Scraper(TOY, relabelling or PlainRelabelling(), 1)


def kept(scraped: Scraped) -> Kept:
    """Bit patterns by series and time."""
    names = [f"{dict(labels)['__name__']}{dict(labels).get('number', '')}" for labels in scraped.series]
    return {
        name: {int(scraped.times_ms[at]): int(scraped.values[row, at]) for at in np.flatnonzero(scraped.present[row])}
        for row, name in enumerate(names)
    }


def reported(scraped: Scraped, name: str) -> list[float]:
    """The values of one of the series that a scrape adds."""
    return [struct.unpack(">d", bits.to_bytes(8, "big"))[0] for bits in kept(scraped)[name].values()]


@pytest.fixture(scope="module")
def whole() -> Scraped:
    return scraper().scrape(TARGET, TIMES, NONE)


def test_samples_are_the_sources_own(whole: Scraped) -> None:
    up = [int(at) for at in TIMES if int(at) not in DOWN]
    for number in range(3):
        expected = {at: struct.unpack(">Q", struct.pack(">d", at / 1000 * (number + 1)))[0] for at in up}
        found = kept(whole)[f"ticks_total{number}"]
        assert {at: bits for at, bits in found.items() if bits != STALE_NAN} == expected


def test_a_failed_scrape_ends_every_series_once(whole: Scraped) -> None:
    for name in ("ticks_total0", "ticks_total2", "level"):
        assert [at for at, bits in kept(whole)[name].items() if bits == STALE_NAN] == [DOWN.start_ms]
    assert reported(whole, "up") == [0.0 if int(at) in DOWN else 1.0 for at in TIMES]


def test_a_series_that_goes_ends_when_it_goes(whole: Scraped) -> None:
    """`flicker` is there for four scrapes and then not for four."""
    found = kept(whole)["flicker"]
    expected = {}
    was = False
    for at in TIMES.tolist():
        there = at not in DOWN and at // 60_000 % 2 == 0
        if there or was:
            expected[at] = not there
        was = there
    assert {at: bits == STALE_NAN for at, bits in found.items()} == expected


def test_samples_are_counted(whole: Scraped) -> None:
    expected = [0 if int(at) in DOWN else 4 + (int(at) // 60_000 % 2 == 0) for at in TIMES]
    assert reported(whole, "scrape_samples_scraped") == expected
    assert reported(whole, "scrape_samples_post_metric_relabeling") == expected
    assert all(0 < seconds < 1 for seconds in reported(whole, "scrape_duration_seconds"))


def test_a_series_is_new_when_the_last_answer_did_not_have_it(whole: Scraped) -> None:
    """Nothing is forgotten while scrapes fail: `flicker` was in the last answer before them, and is in the next one."""
    assert reported(whole, "scrape_series_added") == [5 if at == 0 else at in (8, 24, 32) for at in range(len(TIMES))]


def test_what_never_answered_is_new_when_it_does() -> None:
    late = Scraper(Toy(down=Interval(0, int(TIMES[20]))), PlainRelabelling(), 1)
    added = reported(late.scrape(TARGET, TIMES[15:], TIMES[:15]), "scrape_series_added")
    assert added == [4 if at == 20 else at in (24, 32) for at in range(15, 40)]


@settings(deadline=None)
@given(cuts=st.sets(st.integers(1, 39), max_size=6))
def test_a_stretch_is_the_same_alone(cuts: set[int]) -> None:
    """To the last bit, wherever the scrapes are cut."""
    whole = kept(scraper().scrape(TARGET, TIMES, NONE))
    joined: Kept = {name: {} for name in whole}
    edges = [0, *sorted(cuts), len(TIMES)]
    for first, last in pairwise(edges):
        part = scraper().scrape(TARGET, TIMES[first:last], TIMES[:first])
        for name, found in kept(part).items():
            joined[name] |= found
    assert joined == whole


def test_labels_are_those_of_the_target_and_the_sample() -> None:
    scraped = scraper(PlainRelabelling((("run", "7"),))).scrape(TARGET, TIMES[:1], NONE)
    assert scraped.series[1] == (
        ("__name__", "level"),
        ("instance", "web-1"),
        ("job", "web"),
        ("run", "7"),
        ("side", "☃"),
    )
    assert scraped.series[-5] == (("__name__", "up"), ("instance", "web-1"), ("job", "web"), ("run", "7"))


def test_an_exposed_label_that_clashes_is_renamed() -> None:
    plain = PlainRelabelling((("exported_job", "x"),))
    exposed = Series("s", (("instance", "mine"), ("job", "own")))
    assert plain.sample("web", plain.target("web", "web-1"), exposed) == (
        ("__name__", "s"),
        ("exported_exported_job", "own"),
        ("exported_instance", "mine"),
        ("exported_job", "x"),
        ("instance", "web-1"),
        ("job", "web"),
    )


class Dropping(PlainRelabelling):
    """Drops web-2, `level`, and the label `number`."""

    def target(self, job: str, instance: str) -> Labels | None:  # type: ignore[override]  # the protocol's, not plain
        return None if instance == "web-2" else super().target(job, instance)

    def sample(self, job: str, target: Labels, exposed: Series) -> Labels | None:  # type: ignore[override]
        return None if exposed.name == "level" else super().sample(job, target, Series(exposed.name, ()))


def test_what_relabelling_drops_is_scraped_but_not_kept() -> None:
    dropping = scraper(Dropping())
    assert [target.instance for target in dropping.targets()] == ["db-1", "web-1"]
    scraped = dropping.scrape(TARGET, TIMES[:5], NONE)
    assert [dict(labels)["__name__"] for labels in scraped.series[:-5]] == ["flicker", "ticks_total"]
    assert reported(scraped, "scrape_samples_scraped") == [5, 5, 5, 5, 4]
    assert reported(scraped, "scrape_samples_post_metric_relabeling") == [2, 2, 2, 2, 1]
    first = struct.unpack(">d", kept(scraped)["ticks_total"][START].to_bytes(8, "big"))[0]
    assert math.isclose(first, START / 1000)  # of the three that became one, the first


def test_targets_are_all_or_those_of_some_jobs() -> None:
    assert [target.instance for target in scraper().targets()] == ["db-1", "web-1", "web-2"]
    assert [target.instance for target in scraper().targets(["web"])] == ["web-1", "web-2"]
    assert {target.interval_ms for target in scraper().targets()} == {INTERVAL}


def test_a_label_without_a_value_is_not_stored() -> None:
    target = PlainRelabelling().target("redis", "redis-1")
    exposed = Series("redis_exporter_last_scrape_error", (("err", ""), ("instance", "")))
    stored = PlainRelabelling().sample("redis", target, exposed)
    assert stored == labels_of({**dict(target), "__name__": exposed.name})
