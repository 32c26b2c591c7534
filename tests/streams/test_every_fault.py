"""No kind of fault without a test of what it touches, and of what it leaves alone to the last bit."""

from __future__ import annotations

from simulator.catalog.faults import BY_NAME
from tests.streams import infrastructure_touched, test_log_faults, test_people_faults, test_realtime_faults
from tests.streams import test_samples as requests
from tests.streams.runs import fault
from tests.streams.touched import touched

ELSEWHERE = {
    "traffic_spike": test_people_faults.test_traffic_moves_all_that_follows_it,
    "traffic_drop": test_people_faults.test_traffic_moves_all_that_follows_it,
    "log_flood": test_log_faults,
    "custom": "below",
}
"""Kinds that have a test of their own instead of a row in a table."""


def test_each_kind_is_in_a_table_or_has_a_test_of_its_own() -> None:
    tables = (
        requests.TOUCHED,
        test_people_faults.TOUCHED,
        infrastructure_touched.TOUCHED,
        test_realtime_faults.TOUCHED,
    )
    assert {kind for table in tables for kind in table} | ELSEWHERE.keys() == BY_NAME.keys()


def test_what_only_an_overlay_knows_touches_nothing_of_the_platform() -> None:
    assert touched(fault("custom", "5m", "1h")) == set()
