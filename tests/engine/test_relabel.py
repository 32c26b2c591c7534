"""Corners of relabelling in which versions differ. The rest is held against a live scrape in test_scrape_labels.py."""

from __future__ import annotations

import pytest

from simulator.engine.relabel import Relabelling, RelabelRule, read_rules


def test_what_yaml_takes_for_a_flag_is_text() -> None:
    (rule,) = read_rules([{"target_label": "a", "replacement": True, "regex": None, "separator": ""}])
    assert rule == RelabelRule(target_label="a", replacement="true", separator="")


@pytest.mark.parametrize(("version", "expected"), [("2.42", {"a": "x", "t": "a"}), ("2.50", {"t": "a"})])
def test_an_empty_replacement_deletes_the_label_that_the_target_expands_to(
    version: str, expected: dict[str, str]
) -> None:
    rule = RelabelRule(source_labels=("t",), target_label="$1", replacement="")
    assert Relabelling([rule], version).apply({"a": "x", "t": "a"}) == expected


@pytest.mark.parametrize(("version", "kept"), [("2.55", False), ("3.0", True)])
def test_a_dot_matches_a_lines_end_since_3(version: str, kept: bool) -> None:
    rule = RelabelRule(action="keep", source_labels=("a",), regex="x.y")
    assert (Relabelling([rule], version).apply({"a": "x\ny"}) is not None) is kept


@pytest.mark.parametrize(("version", "expected"), [("2.55", {"a": "b.c"}), ("3.0", {"a": "b.c", "b.c": "b.c"})])
def test_any_text_is_a_labels_name_since_3(version: str, expected: dict[str, str]) -> None:
    rule = RelabelRule(source_labels=("a",), target_label="$1")
    assert Relabelling([rule], version).apply({"a": "b.c"}) == expected
