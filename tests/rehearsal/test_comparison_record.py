"""Comparisons are kept by job and by catalogue."""

from __future__ import annotations

from pathlib import Path

import pytest

from simulator.catalog.catalogue import PLATFORM, Catalogue
from simulator.catalog.comparison import Aspect, Comparison, Difference
from simulator.errors import InputError
from simulator.rehearsal.comparison_record import RECORD, load_comparison, write_comparison
from simulator.verdict.facts import CatalogueComparison


def comparison(job: str, differences: int) -> Comparison:
    one = Difference(Aspect.FAMILY, job, "x", "there", "missing")
    return Comparison((job,), 10, (one,) * differences, ())


def test_nothing_compared_is_none(tmp_path: Path) -> None:
    assert load_comparison(tmp_path, PLATFORM) is None


def test_the_last_word_on_each_job_counts_and_the_oldest_date_is_told(tmp_path: Path) -> None:
    write_comparison(tmp_path, PLATFORM, comparison("api", 5), date="2026-01-01", source="a")
    write_comparison(tmp_path, PLATFORM, comparison("redis", 2), date="2026-01-02", source="b")
    write_comparison(tmp_path, PLATFORM, comparison("api", 1), date="2026-01-03", source="a")
    assert load_comparison(tmp_path, PLATFORM) == CatalogueComparison(date="2026-01-02", differences=3)


def test_another_catalogue_was_not_compared(tmp_path: Path) -> None:
    write_comparison(tmp_path, PLATFORM, comparison("api", 0), date="2026-01-01", source="a")
    assert load_comparison(tmp_path, Catalogue(PLATFORM.families[1:], PLATFORM.jobs)) is None
    assert load_comparison(tmp_path, PLATFORM) == CatalogueComparison(date="2026-01-01", differences=0)


def test_a_damaged_record_is_said_to_be_so(tmp_path: Path) -> None:
    (tmp_path / RECORD).parent.mkdir()
    (tmp_path / RECORD).write_text("{}}")
    with pytest.raises(InputError, match="compare again"):
        load_comparison(tmp_path, PLATFORM)
