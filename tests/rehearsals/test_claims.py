"""Every claim of "what a pass means" turns a would-be pass into a fail or an inconclusive, with the real servers.

One incident is rehearsed in virtual time; then the same run is asked different questions. docs/verdict.md lists which
test stands for which claim.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from simulator.clock import WallClock
from simulator.profile.load import load_profile
from simulator.profile.schema import Expect
from simulator.rehearsal.local_servers import LocalServers
from simulator.rehearsal.request import Production, RehearsalRequest, Servers, TeamFiles
from simulator.rehearsal.virtual.run import Observed, observe_virtual
from simulator.stack.binaries import find_binaries
from simulator.telemetry.observations import Observation
from simulator.verdict import CatalogueComparison, Outcome, Verdict, Word, judge
from tests.rehearsals.running import changed

CLAIMS = Path(__file__).parent / "claims"
PRODUCTION = Production(
    prometheus="3.5.0",
    alertmanager="0.28.0",
    prometheus_url="https://prometheus.example.org/p/",
    alertmanager_url="https://alertmanager.example.org",
)

pytestmark = [pytest.mark.stack, pytest.mark.slow, pytest.mark.timeout(600)]


class Nobody:
    """Looks on and says nothing."""

    def begin(self, started_ms: int, duration_ms: int) -> None:
        """Nothing to show."""

    def tick(self) -> None:
        """Nothing to show."""

    def work(self, what: str, done: int, expected: int) -> None:
        """Nothing to show."""

    def show(self, observation: Observation) -> None:
        """Nothing to show."""


def servers() -> Servers:
    found = find_binaries()
    return Servers(
        prometheus=found.prometheus.path,
        promtool=found.promtool.path,
        alertmanager=found.alertmanager.path,
        amtool=found.amtool.path,
        prometheus_version=found.prometheus.version.split("+")[0],
        alertmanager_version=found.alertmanager.version.split("+")[0],
    )


def files(rules: Path = CLAIMS / "rules.yml", routes: Path = CLAIMS / "alertmanager.yml") -> TeamFiles:
    return TeamFiles(CLAIMS / "prometheus.yml", routes, (str(rules),))


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Observed:
    folder = tmp_path_factory.mktemp("claims")
    request = RehearsalRequest(
        profile=load_profile(CLAIMS / "claims.yaml"),
        profile_path="claims.yaml",
        local=(files(), servers()),
        production=PRODUCTION,
        accept_engine_difference=True,
        alertmanager_scale=10.0,
        out=folder / "run",
    )
    return observe_virtual(request, clock=WallClock(), view=Nobody())


FIRES = {"name": "HighErrorRate", "caused_by": "errors", "notifies": ["#alerts"]}
PASSING: dict[str, object] = {"alerts": [FIRES], "silent": ["APIServiceDown"], "no_other_alerts": False}


def judged(run: Observed, expect: dict[str, object], **facts: object) -> Verdict:
    """The verdict on the run, had it been asked this, under these circumstances."""
    profile = run.manifest.profile.model_copy(update={"expect": Expect.model_validate(expect)})
    manifest = run.manifest.model_copy(update={"profile": profile})
    return judge(manifest, run.rules, run.journal, replace(run.facts, **facts))  # type: ignore[arg-type]


def told(verdict: Verdict) -> list[tuple[str, str, str]]:
    return [(f.expectation, f.word.value, f.message) for f in verdict.findings if f.word is not Word.MET]


def also(*, notified: str = "", silent: str = "", **fields: object) -> dict[str, object]:
    """What passes, and one thing more."""
    alerts = [FIRES, *([{"name": notified, "caused_by": "errors", "notifies": ["#alerts"]}] if notified else [])]
    return {**PASSING, "alerts": alerts, "silent": ["APIServiceDown", *([silent] if silent else [])], **fields}


def test_the_run_passes_when_asked_what_it_does(run: Observed) -> None:
    verdict = judged(run, PASSING)
    assert verdict.outcome is Outcome.PASS, told(verdict)
    assert {claim.title for claim in verdict.claims} >= {
        "Judged by which engine",
        "By which names",
        "Silent, not blind",
        "For this reason",
        "Heard by a stand-in",
        "Whose data",
    }


FAILS: dict[str, tuple[dict[str, object], Word, str]] = {
    "for this reason: it was active before the fault": (
        also(notified="AlwaysOn"),
        Word.NOT_CAUSED,
        "before errors began",
    ),
    "for this reason: it also fires without its fault": (
        {**PASSING, "alerts": [FIRES, {"name": "Active", "caused_by": "harmless"}]},
        Word.NOT_CAUSED,
        "also fired in the control run without harmless",
    ),
    "heard by a stand-in: its template does not render": (also(notified="Unreadable"), Word.MISROUTED, "NoSuchField"),
    "heard by a stand-in: its route is muted at that hour": (
        also(notified="Muted"),
        Word.MISROUTED,
        "muted by time interval 'evening'",
    ),
    "heard by a stand-in: it is silenced for maintenance": (also(notified="Silenced"), Word.MISROUTED, "silenced"),
    "silent, not firing": (also(silent="Active"), Word.UNEXPECTED, "had to stay silent and fired"),
}


@pytest.mark.parametrize(("expect", "word", "says"), FAILS.values(), ids=FAILS)
def test_a_claim_that_does_not_hold_fails(run: Observed, expect: dict[str, object], word: Word, says: str) -> None:
    verdict = judged(run, expect)
    assert verdict.outcome is Outcome.FAIL, told(verdict)
    assert any(kind == word and says in message for _, kind, message in told(verdict)), told(verdict)


UNOBSERVED: dict[str, tuple[dict[str, object], dict[str, object], str]] = {
    "another major version of Prometheus in production": (
        PASSING,
        {"accept_engine_difference": False},
        "but production runs 3.5.0: another major version",
    ),
    "names not compared, strictly": (PASSING, {"strict": True}, "were not compared with your /metrics"),
    "names that differ, strictly": (
        PASSING,
        {"strict": True, "catalogue": CatalogueComparison("2026-01-01", 3)},
        "3 of the catalogue's names differ",
    ),
    "a silence whose rule fails": (also(silent="Failing"), {}, "blind, not silent: its evaluation failed"),
    "a silence whose recording rule fails": (
        also(silent="RestsOnFailure"),
        {},
        "blind, not silent: recording rule broken:requests, which it rests on, failed at",
    ),
    "a silence that looks at no series": (also(silent="NoSuchSeries"), {}, "no_such_metric_total"),
    "a silence about absence of what was never there": (
        also(silent="NeverThere"),
        {},
        "asks for absence and was not seen matching before the first fault",
    ),
    "a silence that virtual time cannot evaluate": (
        also(silent="CannotBeLabelled"),
        {},
        "its rule was never evaluated: its labels need",
    ),
    "all of these, unnamed": ({**PASSING, "no_other_alerts": True}, {}, "NoSuchSeries was blind, not silent"),
    "a text that virtual time cannot write": (
        also(notified="Unsaid"),
        {},
        "not in production's words: annotation summary needs",
    ),
    "a block that nobody reviewed": ({**PASSING, "reviewed": False}, {}, "reviewed: false"),
    "no control run": (PASSING, {"controls": ()}, "there was no control run without errors"),
}


@pytest.mark.parametrize(("expect", "facts", "says"), UNOBSERVED.values(), ids=UNOBSERVED)
def test_a_claim_that_nobody_can_vouch_for_is_inconclusive(
    run: Observed, expect: dict[str, object], facts: dict[str, object], says: str
) -> None:
    verdict = judged(run, expect, **facts)
    wanted = Outcome.FAIL if expect.get("no_other_alerts") else Outcome.INCONCLUSIVE  # there, others fire as well
    assert verdict.outcome is wanted, told(verdict)
    assert any(word == Word.UNOBSERVED and says in message for _, word, message in told(verdict)), told(verdict)


def test_a_time_interval_that_is_active_at_the_simulated_hour_lets_through(run: Observed) -> None:
    verdict = judged(run, also(notified="Active"))
    assert verdict.outcome is Outcome.PASS, told(verdict)


def test_links_are_productions(run: Observed) -> None:
    verdict = judged(run, PASSING)
    (text,) = {
        heard.text
        for heard in verdict.notifications
        if any(a.alert == "HighErrorRate" and a.status == "firing" for a in heard.alerts)
    }
    assert "of requests fail, see https://prometheus.example.org/p " in text
    assert "https://prometheus.example.org/p/graph?g0.expr=api%3Aerrors%3Aratio_rate10s+%3E+0.1&g0.tab=1" in text
    assert text.rstrip().endswith("https://alertmanager.example.org")


def test_the_verdict_says_at_which_instants_rules_were_evaluated(run: Observed) -> None:
    claims = {claim.title: claim.text for claim in judged(run, PASSING).claims}
    assert "instants of /etc/prometheus/rules/rules.yml (assumed)" in claims["Judged by which engine"]
    given = {claim.title: claim.text for claim in judged(run, PASSING, rule_paths_given=True).claims}
    assert "(assumed)" not in given["Judged by which engine"]


def test_a_feature_of_rules_that_the_engine_lacks_is_named(tmp_path: Path) -> None:
    rules = changed(
        CLAIMS / "rules.yml", tmp_path / "rules.yml", {"  - name: blind": "  - name: blind\n    query_offset: 1m"}
    )
    local = LocalServers(files(rules), replace(servers(), prometheus_version="2.42.0"))
    assert local.rules.told
    assert all("query_offset needs Prometheus ≥ 2.53, this is 2.42" in line for line in local.rules.told)
