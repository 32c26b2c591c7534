"""What a verdict says about itself: the lines of cli.md's "What a pass means" as far as they apply to the run."""

from __future__ import annotations

from collections.abc import Sequence

from simulator.verdict.case import Case
from simulator.verdict.compression import compression_claim
from simulator.verdict.document import Claim, NotGraded
from simulator.verdict.facts import EngineFacts, Mode
from simulator.verdict.guesses import guessed_families
from simulator.verdict.wording import counted, listed, span


def claims_of(case: Case, not_graded: Sequence[NotGraded]) -> tuple[Claim, ...]:
    """The claims of a verdict, in a fixed order."""
    facts = case.facts
    claims = [
        Claim(title="Judged by which engine", text=_engine(facts)),
        Claim(title="By which names", text=_names(case)),
        Claim(
            title="Silent, not blind",
            text="an alert counts as silent only if its rule, and the recording rules that it rests on, were evaluated "
            "without error to the end and each of its selectors returned series (of absence: before the first fault)",
        ),
        Claim(title="For this reason", text=_reason(facts)),
        Claim(title="Heard by a stand-in", text=_hearing(facts)),
    ]
    if facts.load_planned and facts.mode is not Mode.VIRTUAL:
        claims.append(Claim(title="Load on something", text=_load(case)))
    claims.append(Claim(title="Whose data", text=_data(facts)))
    resolution = f"±{span(facts.resolution_ms)} (one scrape, one evaluation)"
    exactness = f"instants of firing are known to {resolution}{compression_claim(case)}"
    claims.append(Claim(title="How exactly", text=exactness))
    if not_graded:
        names = listed(tuple(alert.alert for alert in not_graded), most=10)
        count = counted(len(not_graded), "alert")
        claims.append(Claim(title="Not graded", text=f"{count} with windows longer than the data: {names}"))
    return tuple(claims)


def _engine(facts: EngineFacts) -> str:
    servers = (
        ("Prometheus", facts.prometheus_version, facts.production_prometheus_version),
        ("Alertmanager", facts.alertmanager_version, facts.production_alertmanager_version),
    )
    told = [f"{name} {ours or 'unknown'} (production: {theirs or 'not given'})" for name, ours, theirs in servers]
    accepted = "; a differing major version was accepted" if facts.accept_engine_difference else ""
    return f"judged by {' and '.join(told)}{accepted}{_offsets(facts)}"


def _offsets(facts: EngineFacts) -> str:
    """As which files production is taken to load its rules: it decides when they are evaluated."""
    if not facts.rule_paths:
        return ""
    assumed = "" if facts.rule_paths_given else " (assumed)"
    return f"; evaluated at the instants of {listed(facts.rule_paths, most=2)}{assumed}"


def _load(case: Case) -> str:
    thresholds = case.manifest.profile.load.thresholds
    judged = f"{counted(len(thresholds), 'threshold')} judged" if thresholds else "no thresholds were asked for"
    return f"target: {case.facts.load_target}; {judged}"


def _names(case: Case) -> str:
    facts = case.facts
    if facts.catalogue is None:
        text = "catalogue: not compared with your /metrics"
    else:
        compared = facts.catalogue
        differences = counted(compared.differences, "difference")
        text = f"catalogue: compared with your /metrics on {compared.date}, {differences}"
    if facts.unmapped_jobs:
        text += f"; nothing stands in for the scrape jobs {listed(facts.unmapped_jobs)}"
    guessed = sorted(guessed_families(case.manifest))
    if guessed:
        text += f"; a tool guessed {listed(guessed, most=5)} in an overlay, and nobody confirmed it"
    return text


def _reason(facts: EngineFacts) -> str:
    before = "an expected alert must have been inactive before its fault began"
    if facts.mode is Mode.VIRTUAL:
        return f"{before}, and must not fire in a control run without the fault"
    return f"{before}; a control run without the fault is made in virtual mode only"


def _hearing(facts: EngineFacts) -> str:
    if facts.mode is Mode.STAGING:
        real = f": {listed(facts.may_ring)} may have rung" if facts.may_ring else ""
        return f"nobody listened: the receivers of a staging stack are real{real}"
    text = "routing and templates tried; credentials, channels and endpoints not"
    if facts.missing_templates:
        text += f"; the text of {listed(facts.missing_templates)} was not: the files that define them are not here"
    if facts.removed_receivers:
        left_out = [f"{name} ({why})" for name, why in facts.removed_receivers.items()]
        text += f"; receivers left out: {listed(left_out)}"
    return text


def _data(facts: EngineFacts) -> str:
    if facts.mode is not Mode.STAGING:
        return "synthetic data only"
    if facts.run_label is None:
        return "staging: nothing tells the run's own series from real ones"
    name, value = facts.run_label
    return f'staging: only alerts that carry {name}="{value}" were graded'
