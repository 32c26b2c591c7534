"""What rules read of the past, and how far back; histories that hold just that."""

from __future__ import annotations

import pytest

from simulator.engine.groups import AlertingRule, RecordingRule, RuleGroup
from simulator.rehearsal.history.past import names_read
from simulator.units import DAY, HOUR, MINUTE

LOOKBACK = 5 * MINUTE


def group(*rules: str) -> RuleGroup:
    """`name := expression` records, anything else alerts."""
    written = [rule.rpartition(" := ") for rule in rules]
    made = [RecordingRule(name, expr) if name else AlertingRule("A", expr) for name, _, expr in written]
    return RuleGroup("g", "f.yml", 15_000, tuple(made))


@pytest.mark.parametrize(
    ("rules", "expected"),
    [
        (["up == 0"], {"up": LOOKBACK}),
        (["rate(a_total[1h]) > 0", "increase(a_total[6h] offset 7d) > 0"], {"a_total": 7 * DAY + 6 * HOUR}),
        (["a unless b offset 1d"], {"a": LOOKBACK, "b": DAY}),
        (["r := rate(a_total[1h])", "avg_over_time(r[2h]) > 1"], {"a_total": 3 * HOUR, "r": 2 * HOUR}),
        (["r := rate(a_total[1h])", "s := r offset 1d", "s > 1"], {"a_total": DAY + HOUR, "r": DAY, "s": LOOKBACK}),
    ],
)
def test_a_name_is_wanted_as_far_back_as_anybody_looks(rules: list[str], expected: dict[str, int]) -> None:
    found = names_read([group(*rules)])
    assert found is not None
    assert {name: reach // HOUR for name, reach in found.items()} == {n: r // HOUR for n, r in expected.items()}
    assert found.keys() == expected.keys()


@pytest.mark.parametrize("expr", ['{job="a"} > 0', "scrape_duration_seconds > 1", "no expression ("])
def test_where_any_name_may_be_read_all_are(expr: str) -> None:
    assert names_read([group("up == 0", expr)]) is None


def test_a_recording_that_reads_itself_ends_somewhere() -> None:
    assert names_read([group("r := r offset 1h or a")]) is not None
