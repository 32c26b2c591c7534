"""Expectations against a journal: the one function that turns observations into a verdict."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from simulator.profile.manifest import Manifest
from simulator.telemetry.observations import Observation
from simulator.telemetry.rules import AlertRule
from simulator.verdict.case import Case
from simulator.verdict.claims import claims_of
from simulator.verdict.compression import compression_notes
from simulator.verdict.document import RUN_LEVEL, Finding, Outcome, RunIdentity, Verdict, Word, outcome_of
from simulator.verdict.doubtful import judge_doubtful
from simulator.verdict.facts import EngineFacts
from simulator.verdict.firing import judge_firing
from simulator.verdict.guesses import without_guesses
from simulator.verdict.load import judge_load, load_notes, load_summary
from simulator.verdict.others import judge_others, not_graded_alerts
from simulator.verdict.predicted import judge_predictions, predictions_of
from simulator.verdict.resolution import judge_resolution
from simulator.verdict.routing import judge_routing
from simulator.verdict.sight import Sight
from simulator.verdict.silence import judge_silent
from simulator.verdict.targets import judge_targets
from simulator.verdict.timeline import alert_notes, alerts_of, faults_of, heard_of, notification_notes
from simulator.verdict.trust import judge_trust
from simulator.verdict.wording import counted


def judge(
    manifest: Manifest, rules: Sequence[AlertRule], journal: Sequence[Observation], engine: EngineFacts
) -> Verdict:
    """The verdict on one run. Pure: the same journal gives the same verdict, whenever and wherever it is judged.

    Anything seen to be broken is a fail; else anything that could not be seen makes the run inconclusive.
    """
    case = Case(manifest, tuple(rules), tuple(journal), engine)
    sight = Sight(case)
    findings = tuple(without_guesses(case, _findings(case, sight)))
    not_graded = not_graded_alerts(case, sight)
    outcome = outcome_of(findings)
    return Verdict(
        outcome=outcome,
        exit_code=outcome.exit_code,
        reason=_reason(outcome, findings),
        run=_identity(case),
        claims=claims_of(case, not_graded),
        findings=findings,
        faults=faults_of(case),
        alerts=alerts_of(case, {alert.alert for alert in not_graded}),
        notifications=heard_of(case),
        load=load_summary(case),
        not_graded=not_graded,
        notes=(*alert_notes(case), *notification_notes(case), *compression_notes(case), *load_notes(case)),
        predictions=predictions_of(case),
    )


def _findings(case: Case, sight: Sight) -> Iterator[Finding]:
    for number, expected in enumerate(case.expect.alerts):
        place = f"expect.alerts[{number}]"
        fired = judge_firing(case, sight, expected, place)
        yield fired.finding
        if fired.episode is not None:
            yield from judge_resolution(case, sight, expected, place)
            yield from judge_routing(case, sight, expected, place, fired.episode)
    for number, alert in enumerate(case.expect.silent):
        yield judge_silent(case, sight, alert, f"expect.silent[{number}]")
    yield from judge_others(case, sight)
    yield from judge_doubtful(case)
    yield from judge_predictions(case, sight)
    yield from judge_load(case)
    yield from judge_targets(case)
    yield from judge_trust(case)


def _reason(outcome: Outcome, findings: Sequence[Finding]) -> str:
    """The first finding that decides, and how many more there are."""
    if outcome is Outcome.PASS:
        return f"{counted(len(findings), 'expectation')} met, everything observed"
    if outcome is Outcome.FAIL:
        decisive = [finding for finding in findings if finding.word.is_failure]
    else:
        # What went wrong with the run explains what could not be seen of each alert.
        unobserved = [finding for finding in findings if finding.word is Word.UNOBSERVED]
        decisive = sorted(unobserved, key=lambda finding: finding.expectation not in RUN_LEVEL)
    if not decisive:
        return "nothing was asked"
    first = decisive[0]
    name = f"{first.alert} " if first.alert and first.alert not in first.message else ""
    more = f" (and {len(decisive) - 1} more)" if len(decisive) > 1 else ""
    return f"{name}{first.message}{more}"


def _identity(case: Case) -> RunIdentity:
    manifest = case.manifest
    return RunIdentity(
        run_id=manifest.run_id,
        profile=manifest.profile.name,
        profile_path=manifest.profile_path,
        profile_sha256=manifest.profile_sha256,
        seed=manifest.seed,
        mode=case.facts.mode.value,
        started=case.moment(case.started_ms),
        ends=case.moment(case.ends_ms),
        crybsim_version=manifest.crybsim_version,
        versions=manifest.versions
        | {"prometheus": case.facts.prometheus_version, "alertmanager": case.facts.alertmanager_version},
        rerun=case.facts.rerun,
    )
