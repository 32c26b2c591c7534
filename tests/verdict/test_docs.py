"""docs/verdict.md names every outcome and every word."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from simulator.verdict import Outcome, Word

TESTS = Path(__file__).parents[1]
PAGE = (Path(__file__).parents[2] / "docs" / "verdict.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("word", Word)
def test_every_word_has_its_row(word: Word) -> None:
    assert f"\n| {word.value} | " in PAGE


@pytest.mark.parametrize("outcome", Outcome)
def test_every_outcome_has_its_row_and_exit_code(outcome: Outcome) -> None:
    assert f"\n| {outcome.value} | {int(outcome.exit_code)} | " in PAGE


def test_every_claim_of_a_verdict_names_tests_that_exist() -> None:
    table = PAGE.split("## Every claim")[1].split("\n## ")[0]
    rows = [row.rsplit("|", 2)[1] for row in table.splitlines() if row.startswith("| ") and "| Test |" not in row]
    named = {name for row in rows for name in re.findall(r"`([\w/]+\.py)`", row)}
    there = {str(path.relative_to(TESTS)) for path in TESTS.rglob("test_*.py")}
    assert rows
    assert all("`" in row for row in rows)
    assert {name for name in named if not any(path == name or path.endswith(f"/{name}") for path in there)} == set()
