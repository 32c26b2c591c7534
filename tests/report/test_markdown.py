"""Markdown: tables stay tables and nobody is mentioned, whatever the texts hold."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.report import render_markdown
from simulator.telemetry.observations import Gap
from tests.verdict.scene import DISK_FIRED, ONSET, PASSING, WARNING, fired


def table_rows(markdown: str) -> list[str]:
    return [line for line in markdown.split("\n") if line.startswith("|")]


@pytest.mark.parametrize(
    ("scene", "heading"),
    [
        (PASSING, "## ✅ PASS: api-errors"),
        (PASSING.plus(*DISK_FIRED), "## ❌ FAIL: api-errors"),
        (PASSING.plus(Gap(ONSET, "api", "died")), "## ⚠️ INCONCLUSIVE: api-errors"),
    ],
)
def test_the_outcome_comes_first(scene: object, heading: str) -> None:
    assert render_markdown(scene.judged()).split("\n")[0] == heading


def test_it_tells_times_who_was_notified_and_what_it_means() -> None:
    markdown = render_markdown(PASSING.judged())
    assert (
        '| HighErrorRate{service="cryb-api", severity="critical"} | +2m30s | +4m30s | +7m | 2m30s | 2m40s |' in markdown
    )
    assert "| slack #critical-alerts | critical |" in markdown
    assert "- **Judged by which engine**: judged by Prometheus 2.42.0" in markdown
    assert "Run it again: `crybsim rehearse profiles/api-errors.yaml --mode live --seed 1`" in markdown


def test_what_is_broken_comes_before_what_was_met() -> None:
    words = re.findall(r"^\| (.) \| ", render_markdown(PASSING.plus(*DISK_FIRED).judged()), re.MULTILINE)
    assert words == sorted(words, key="✗?✓".index)
    assert words[0] == "✗"


@given(st.text())
def test_a_table_keeps_its_columns(text: str) -> None:
    scene = PASSING.plus(*fired("Odd", ONSET, ONSET, (("note", text),)), Gap(ONSET, "api", text))
    for row in table_rows(render_markdown(scene.judged())):
        assert len(re.findall(r"(?<!\\)(?:\\\\)*\|", row)) in (3, 4, 5, 7, 9, 10)
        assert "<" not in row.replace("\\<", "")


def test_nobody_is_mentioned() -> None:
    markdown = render_markdown(PASSING.plus(Gap(ONSET, "api", "ask @octocat or devops@cryb.ai")).judged())
    assert "@octocat" not in markdown
    assert "devops@cryb.ai" in markdown


def test_labels_of_unexpected_alerts_are_shown() -> None:
    assert WARNING
    assert 'DiskAlmostFull{severity="warning"}' in render_markdown(PASSING.plus(*DISK_FIRED).judged())
