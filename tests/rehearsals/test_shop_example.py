"""A team whose metrics have nothing to do with CRYB rehearses all the same; under wrong names nothing can pass."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from simulator.catalog.looked_at import unused
from simulator.engine.expressions import expressions_in
from simulator.errors import ExitCode
from simulator.profile.overlaid import catalogue_of
from simulator.rehearsal.learning.overlay import learn_overlay
from simulator.streams.overlays import load_overlays
from tests.rehearsals.running import Finished, Rehearsal, changed

SHOP = Path(__file__).parents[2] / "examples" / "shop"
WITHIN_SECONDS = 240


def test_the_overlay_has_every_name_that_the_rules_use_and_no_other() -> None:
    catalogue = catalogue_of(load_overlays([SHOP / "shop-overlay.yaml"]))
    expressions = expressions_in(SHOP / "rules" / "shop.yml")
    learnt = learn_overlay(catalogue, (), expressions)
    assert learnt.summary == "0 families added (0 to be confirmed), 0 changed, 0 dropped"
    assert not learnt.notes
    assert unused(catalogue.families, [use.selector for one in expressions for use in one.uses or ()]) == ()
    assert {family.job for family in catalogue.families} == {"shop", "mailer"}


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Finished]]:
    """The example as it is, and as a platform would be that calls one label otherwise than the rules do."""
    rehearsals: dict[str, Rehearsal] = {}
    for name, change in (("as written", {}), ("another label", {"{state: paid}": "{outcome: paid}"})):
        home = tmp_path_factory.mktemp("shop") / "home"
        shutil.copytree(SHOP, home)
        if change:
            change = {**change, "{state: refused}": "{outcome: refused}"}
            changed(SHOP / "shop-overlay.yaml", home / "shop-overlay.yaml", change)
        rehearsals[name] = Rehearsal(home, "shop-bank-down.yaml", "--mode", "virtual")
    try:
        yield {name: rehearsal.finish(WITHIN_SECONDS) for name, rehearsal in rehearsals.items()}
    finally:
        for rehearsal in rehearsals.values():
            rehearsal.kill()


@pytest.mark.stack
@pytest.mark.slow
@pytest.mark.timeout(300)
def test_the_incident_is_noticed_and_the_twin_under_another_name_is_not(finished: dict[str, Finished]) -> None:
    run = finished["as written"]
    assert run.exit_code == ExitCode.PASS, run.output
    assert run.words("OrdersRefused") == {"met"}
    assert run.words("MailStuck") == {"met"}
    assert run.words("ShopDown") == {"met"}
    twin = finished["another label"]
    assert twin.exit_code != ExitCode.PASS, twin.output
    assert "met" not in twin.words("OrdersRefused")
