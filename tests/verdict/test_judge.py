"""The verdict as a whole."""

from __future__ import annotations

from dataclasses import replace

from simulator.telemetry.observations import Gap, LoadEnded, NotificationKind
from simulator.units import MINUTE, SECOND
from simulator.verdict import CatalogueComparison, EngineFacts, Mode, Outcome
from tests.verdict.scene import DISK_FIRED, END, FIRED, ONSET, OUTAGE, PASSING, START, load_ended, no, told


def test_a_fail_beats_what_was_not_observed() -> None:
    scene = PASSING.plus(*DISK_FIRED, Gap(END - MINUTE, "alertmanager", "gone")).expecting(reviewed=False)
    verdict = scene.judged()
    assert verdict.outcome is Outcome.FAIL
    assert verdict.exit_code == 1
    assert "DiskAlmostFull" in verdict.reason


def test_the_reason_of_an_inconclusive_run_is_what_went_wrong_with_it() -> None:
    verdict = PASSING.plus(Gap(ONSET, "prometheus", "connection refused")).judged()
    assert verdict.reason.startswith("prometheus could not be observed at +2m: connection refused")


def test_times_to_detect_with_and_without_notification() -> None:
    (episode,) = [alert for alert in PASSING.judged().alerts if alert.standing == "expected"]
    assert episode.detect_ms == 150 * SECOND
    assert episode.notified_ms == 160 * SECOND
    assert (episode.pending.offset_ms, episode.firing.offset_ms) == (150 * SECOND, 270 * SECOND)
    assert episode.firing.at == "2026-01-05T20:04:30.000Z"


def test_alerts_with_windows_longer_than_the_data_are_listed_and_claimed() -> None:
    verdict = PASSING.judged()
    assert [alert.alert for alert in verdict.not_graded] == ["SLOAvailabilityFastBurn"]
    claims = {claim.title: claim.text for claim in verdict.claims}
    assert "SLOAvailabilityFastBurn" in claims["Not graded"]


def test_what_a_verdict_says_about_itself() -> None:
    facts = {"production_prometheus_version": "2.53.1", "catalogue": CatalogueComparison("2026-01-01", 3)}
    verdict = PASSING.given(**facts, removed_receivers={"sms": "no proxy is up"}, unmapped_jobs=("kafka",)).judged()
    claims = {claim.title: claim.text for claim in verdict.claims}
    assert "Prometheus 2.42.0 (production: 2.53.1)" in claims["Judged by which engine"]
    assert "on 2026-01-01, 3 differences" in claims["By which names"]
    assert "kafka" in claims["By which names"]
    assert "credentials, channels and endpoints not" in claims["Heard by a stand-in"]
    assert "receivers left out: sms (no proxy is up)" in claims["Heard by a stand-in"]
    assert "reference API, not your platform" in claims["Load on something"]


def test_notes_tell_of_busy_generators_pending_alerts_and_refused_payloads() -> None:
    busy = PASSING.without(no(LoadEnded)).plus(load_ended(worker_cpu_ratio=0.95))
    scene = busy.plus(DISK_FIRED[0], told(NotificationKind.SLACK, "o", "#other", FIRED + MINUTE, problem="no_text"))
    notes = "\n".join(scene.judged().notes)
    assert "95% of its core" in notes
    assert 'DiskAlmostFull{severity="warning"} was still pending when the run ended' in notes
    assert "slack to #other" in notes
    assert "no_text" in notes


def test_the_defaults_of_the_facts_do_not_pass_a_run() -> None:
    bare = EngineFacts(
        mode=Mode.LIVE,
        prometheus_version="2.42.0",
        alertmanager_version="0.25.0",
        history_start_ms=START,
        scrape_interval_ms=10 * SECOND,
        evaluation_interval_ms=15 * SECOND,
    )
    assert replace(OUTAGE, facts=bare).judged().outcome is Outcome.INCONCLUSIVE
