"""docs/verdict.md names every outcome and every word."""

from __future__ import annotations

from pathlib import Path

import pytest

from simulator.verdict import Outcome, Word

PAGE = (Path(__file__).parents[2] / "docs" / "verdict.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("word", Word)
def test_every_word_has_its_row(word: Word) -> None:
    assert f"\n| {word.value} | " in PAGE


@pytest.mark.parametrize("outcome", Outcome)
def test_every_outcome_has_its_row_and_exit_code(outcome: Outcome) -> None:
    assert f"\n| {outcome.value} | {int(outcome.exit_code)} | " in PAGE
