"""Rules as Prometheus tells them, recordings unfolded down to scraped series."""

from __future__ import annotations

from typing import Any

from simulator.engine.rules import rules_from_api
from simulator.units import HOUR, MINUTE


def _group(*rules: dict[str, Any]) -> list[dict[str, Any]]:
    return [{"name": "g", "file": "f.yml", "interval": 15, "rules": list(rules)}]


def _record(name: str, query: str) -> dict[str, Any]:
    return {"type": "recording", "name": name, "query": query}


def _alert(query: str) -> dict[str, Any]:
    return {"type": "alerting", "name": "A", "query": query, "duration": 120, "labels": {"severity": "critical"}}


def test_a_recording_is_replaced_by_what_it_reads_and_windows_add_up() -> None:
    rules = rules_from_api(
        _group(
            _record("r:one", "rate(x[5m])"),
            _record("r:two", "max_over_time(r:one[1h])"),
            _alert("r:two > 1 and y"),
        )
    )
    (alert,) = rules.alerts
    assert [(s.metric, s.window_ms) for s in alert.selectors] == [("x", HOUR + 5 * MINUTE), ("y", 0)]
    assert alert.reach_ms == HOUR + 5 * MINUTE
    assert (alert.for_ms, alert.interval_ms) == (2 * MINUTE, 15_000)
    assert rules.named("A") == (alert,)
    assert rules.named("B") == ()


def test_absence_of_a_recording_is_absence_of_what_it_reads() -> None:
    rules = rules_from_api(_group(_record("r:one", "sum(x)"), _alert("absent(r:one)")))
    assert [(s.metric, s.absence) for s in rules.alerts[0].selectors] == [("x", True)]


def test_two_recordings_of_one_name_are_both_read() -> None:
    rules = rules_from_api(_group(_record("r", "a"), _record("r", "b"), _alert("r > 0")))
    assert [s.metric for s in rules.alerts[0].selectors] == ["a", "b"]


def test_a_rule_that_reads_its_own_past_ends() -> None:
    rules = rules_from_api(_group(_record("r", "x + r offset 1m"), _alert("r > 0")))
    assert "x" in {s.metric for s in rules.alerts[0].selectors}


def test_functions_are_read_by_the_names_that_they_had() -> None:
    rules = rules_from_api(_group(_alert("holt_winters(x[1h], 0.5, 0.5) > 1")))
    assert [(s.metric, s.window_ms) for s in rules.alerts[0].selectors] == [("x", HOUR)]


def test_an_expression_we_cannot_parse_is_a_selector_that_nothing_matches() -> None:
    for rules in (
        rules_from_api(_group(_alert("brand_new_function(x)"))),
        rules_from_api(_group(_record("r", "brand_new_function(x)"), _alert("r > 0"))),
    ):
        (selector,) = rules.alerts[0].selectors
        assert selector.unread == "brand_new_function(x)"
