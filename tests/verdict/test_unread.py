"""What an expression that crybsim cannot read looks at nobody knows: neither its firing nor its silence is a pass."""

from __future__ import annotations

from dataclasses import replace

import pytest

from simulator.telemetry.rules import not_readable
from simulator.verdict import CatalogueComparison, Word
from tests.verdict.scene import PASSING, Scene, must_not_pass, must_pass

UNREAD = "crybsim cannot read brand_new(x) > 1"
COMPARED = CatalogueComparison("2026-01-01", 0)
"""With the platform's own /metrics, and the catalogue has all of it: then no metric counts as unknown."""


def unread(scene: Scene, alert: str) -> Scene:
    """The same with one alert's expression not readable."""
    selector = not_readable("brand_new(x) > 1")
    rules = (replace(one, selectors=(selector,)) if one.name == alert else one for one in scene.rules)
    return replace(scene, rules=tuple(rules))


@pytest.mark.parametrize("compared", [None, COMPARED])
def test_an_expected_alert_that_fires_is_not_met(compared: CatalogueComparison | None) -> None:
    must_pass(PASSING.given(catalogue=compared))
    scene = unread(PASSING, "HighErrorRate").given(catalogue=compared)
    must_not_pass(scene, "expect.alerts[0]", Word.UNOBSERVED, UNREAD)


@pytest.mark.parametrize("compared", [None, COMPARED])
def test_an_alert_that_stays_silent_is_blind(compared: CatalogueComparison | None) -> None:
    scene = unread(PASSING, "DiskAlmostFull").given(catalogue=compared)
    must_not_pass(scene, "expect.no_other_alerts", Word.UNOBSERVED, UNREAD)
    silent = scene.expecting(silent=["DiskAlmostFull"], no_other_alerts=False)
    must_not_pass(silent, "expect.silent[0]", Word.UNOBSERVED, UNREAD)
