"""One profile of the library on the reference rules and routes, and the same with thresholds ten times harder.

tests/accept/test_library.py does so with all of them.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from simulator.errors import ExitCode
from simulator.resources import shipped
from tests.rehearsals.harder import harder_rules
from tests.rehearsals.running import Finished, Rehearsal

PROFILE = "brute-force-login"
"""Alerts of two classes each: every receiver but those of business and revenue hears of them."""
WITHIN_SECONDS = 270

pytestmark = [pytest.mark.stack, pytest.mark.slow, pytest.mark.timeout(300)]


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Finished]]:
    folder = tmp_path_factory.mktemp("sample")
    harder = harder_rules(shipped("monitoring") / "prometheus" / "rules", folder / "rules")
    rehearsals = {}
    for name, arguments in {"shipped": [], "harder": ["--rules", str(harder / "*.yml")]}.items():
        (folder / name).mkdir()
        rehearsals[name] = Rehearsal(folder / name, PROFILE, *arguments)
    try:
        yield {name: rehearsal.finish(WITHIN_SECONDS) for name, rehearsal in rehearsals.items()}
    finally:
        for rehearsal in rehearsals.values():
            rehearsal.kill()


def test_the_reference_rules_and_routes_pass(finished: dict[str, Finished]) -> None:
    run = finished["shipped"]
    assert run.exit_code == ExitCode.PASS, run.output
    heard = {told["destination"] for told in run.verdict["notifications"] if told["status"] == "firing"}
    assert heard >= {"#security-alerts", "#critical-alerts", "#monitoring", "security@cryb.ai", "devops@cryb.ai"}


def test_thresholds_ten_times_harder_fail_and_both_alerts_are_missed(finished: dict[str, Finished]) -> None:
    run = finished["harder"]
    assert run.exit_code == ExitCode.FAIL, run.output
    assert run.words_of({"missing"}) == {"BruteForceLogin", "SuspiciousActivity"}
