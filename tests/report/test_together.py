"""One reason of many alerts is told once, with all of them; nothing is lost, and the machine's report stays whole."""

from __future__ import annotations

import io
import json
from dataclasses import replace

import pytest
from rich.console import Console

from simulator.report import render_html, render_json, render_junit, render_markdown, render_terminal
from simulator.report.together import MOST_NAMES, not_graded_together, together, unpredicted
from simulator.telemetry.observations import RuleEvaluated, SelectorObserved
from simulator.verdict import Verdict
from simulator.verdict.document import BurnPrediction, NotGraded
from tests.verdict.scene import END, ONSET, PASSING, Scene, rule, selector

NEEDS = "query_offset needs Prometheus ≥ 2.53, this is 2.42.0"


def blinded(scene: Scene, never: int, unexposed: int) -> Scene:
    """With so many more rules that were never evaluated, and so many that look at a metric of which there is none."""
    left_out = [rule(f"LeftOut{number}", selector("up")) for number in range(never)]
    scene = replace(scene, rules=(*scene.rules, *left_out)).plus(
        *(RuleEvaluated(ONSET, "g", one.name, "unknown", NEEDS, labels=one.labels) for one in left_out)
    )
    for number in range(unexposed):
        metric = f"nobodys_{number}"
        scene = scene.ruled(rule(f"Blind{number}", selector(metric))).without(
            lambda seen, metric=metric: isinstance(seen, SelectorObserved) and seen.selector == metric
        )
        scene = scene.plus(SelectorObserved(END, f"Blind{number}", metric, 0, unknown=metric))
    return scene


def shown(verdict: Verdict, width: int) -> str:
    console = Console(file=io.StringIO(), width=width)
    console.print(render_terminal(verdict))
    return str(console.file.getvalue())


def test_alerts_of_one_reason_are_one_finding_at_the_place_of_the_first() -> None:
    found = [one for one in together(blinded(PASSING, 3, 2).judged().findings) if one.word.value == "unobserved"]
    assert [(one.alert, one.message) for one in found] == [
        (
            "2 alerts",
            "each was blind, not silent: nothing in this run exposes what it reads; `crybsim catalog learn` drafts "
            "what your rules use: Blind0 (nobodys_0), Blind1 (nobodys_1)",
        ),
        (
            "3 alerts",
            f"each was blind, not silent: its rule was never evaluated: {NEEDS}: LeftOut0, LeftOut1, LeftOut2",
        ),
    ]


def test_what_is_of_one_alert_stays_as_it_is() -> None:
    findings = blinded(PASSING, 1, 1).judged().findings
    assert together(findings) == list(findings)


def test_long_lists_are_several_and_name_everybody() -> None:
    found = [one for one in together(blinded(PASSING, MOST_NAMES + 2, 0).judged().findings) if "alerts" in one.alert]
    assert [one.alert for one in found] == [f"{MOST_NAMES} alerts", "2 alerts"]
    assert all(f"LeftOut{number}" in found[0].message + found[1].message for number in range(MOST_NAMES + 2))


def test_every_report_for_people_tells_it_once_and_the_others_each() -> None:
    verdict = blinded(PASSING, 12, 0).judged()
    for report in (shown(verdict, 400), render_markdown(verdict), render_html(verdict).split('id="timeline"')[0]):
        assert report.count("LeftOut3") == 1
        assert "12 alerts" in report
    assert [one["alert"] for one in json.loads(render_json(verdict))["findings"]].count("LeftOut3") == 1
    assert sum("12 alerts" in one["message"] for one in json.loads(render_json(verdict))["findings"]) == 0
    assert render_junit(verdict).count("LeftOut3") >= 1


def test_alerts_that_a_run_is_too_short_for() -> None:
    long, longer = "looks back 6h and there are 1h of data", "looks back 7d and there are 1h of data"
    alerts = [NotGraded(alert="A", reason=long), NotGraded(alert="B", reason=longer), NotGraded(alert="C", reason=long)]
    assert not_graded_together(alerts) == [("2 alerts", f"{long}: A, C"), ("B", longer)]


def test_why_there_is_no_prediction_is_told_once() -> None:
    of_none = dict.fromkeys(name for name in BurnPrediction.model_fields if name.endswith(("_ms", "ratio", "agrees")))
    alerts = [
        BurnPrediction(**of_none, alert=name, labels={}, reason=reason)
        for name, reason in (("A", "no window"), ("B", ""), ("C", "no window"))
    ]
    assert unpredicted(alerts) == ["no prediction for A, C: no window"]


@pytest.mark.parametrize("width", [60, 80, 120])
def test_no_text_is_broken_word_by_word(width: int) -> None:
    long = rule("AnAlertWithANameThatLeavesNoRoomForAnythingElse", selector("up"))
    scene = replace(PASSING, rules=(*PASSING.rules, long)).plus(
        RuleEvaluated(ONSET, "g", long.name, "unknown", NEEDS, labels=long.labels)
    )
    lines = shown(scene.judged(), width).split("\n")
    assert max(map(len, lines)) <= width
    begins = next(number for number, line in enumerate(lines) if "unobserved" in line)
    ends = next(number for number, line in enumerate(lines) if number > begins and "✓" in line)
    told = " ".join(" ".join(lines[begins:ends]).split())
    assert told.endswith(NEEDS)
    assert ends - begins <= 5
