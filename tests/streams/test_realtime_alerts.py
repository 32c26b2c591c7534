"""Each fault of this domain trips the alerts that it should, and an ordinary month trips none."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from simulator.profile.load import load_profile
from simulator.units import MINUTE
from tests.streams.realtime import Platform, alerts, profile

ONSET_MINUTES = 30
SHIPPED = Path(__file__).parents[2] / "profiles"
SCRAPED_AND_EVALUATED_MS = MINUTE // 2
"""What Prometheus may take longer than the model's numbers: a scrape and an evaluation, 15 s each."""

# fault, intensity, minutes; alert -> the minute after the onset by which it fires
CASES = [
    ("websocket_disconnects", 0.5, 10, {"SocketDisconnectStorm": 3}),
    ("message_failures", 0.1, 30, {"MessageDeliveryFailures": 8}),
    ("message_latency", 0.3, 30, {"MessageLatencyHigh": 8, "QueueBacklog": 18}),
    ("queue_backlog", 0.5, 60, {"QueueBacklog": 18}),
    ("upload_failures", 0.3, 30, {"UploadFailures": 8}),
    ("search_degradation", 0.3, 30, {"SearchDegraded": 13}),
    ("voice_packet_loss", 0.3, 40, {"VoiceQualityPoor": 15}),
    ("voice_jitter", 0.3, 40, {"VoiceQualityPoor": 15}),
    ("voice_delay", 0.3, 40, {"VoiceQualityPoor": 15}),
    ("sfu_capacity", 0.93, 40, {"VoiceSFUSaturated": 6, "VoiceQualityPoor": 15}),
    ("sfu_capacity", 0.7, 40, {}),
    ("message_failures", 0.01, 30, {}),
    ("websocket_disconnects", 0.2, 10, {}),
    ("voice_packet_loss", 0.05, 40, {}),
]


@pytest.mark.parametrize(("kind", "intensity", "minutes", "expected"), CASES)
def test_a_fault_trips_its_alerts_in_time_and_no_others(
    kind: str, intensity: float, minutes: int, expected: dict[str, int]
) -> None:
    fault = {"id": "f", "kind": kind, "at": f"{ONSET_MINUTES}m", "for": f"{minutes}m", "intensity": intensity}
    run = Platform(profile(fault))
    fired = {name: run.elapsed[firing][0] / MINUTE for name, firing in alerts(run).items() if firing.any()}
    assert set(fired) == set(expected)
    for name, at in fired.items():
        assert ONSET_MINUTES <= at <= ONSET_MINUTES + expected[name], name


@pytest.mark.parametrize(
    "name",
    [
        "websocket-disconnects",
        "message-failures",
        "message-latency",
        "queue-backlog",
        "upload-failures",
        "search-degradation",
        "voice-packet-loss",
        "voice-jitter",
        "voice-delay",
        "sfu-capacity",
    ],
)
def test_a_shipped_profile_expects_what_the_model_s_numbers_give(name: str) -> None:
    described = load_profile(SHIPPED / f"{name}.yaml")
    run = Platform(described)
    fired = {alert: run.elapsed[firing] for alert, firing in alerts(run).items() if firing.any()}
    assert set(fired) == {alert.name for alert in described.expect.alerts}
    for alert in described.expect.alerts:
        assert alert.caused_by is not None
        assert alert.fires_within is not None
        assert alert.resolves_within is not None
        cause = described.fault(alert.caused_by)
        first, last = int(fired[alert.name][0]), int(fired[alert.name][-1])
        assert cause.at <= first <= cause.at + alert.fires_within - SCRAPED_AND_EVALUATED_MS, alert.name
        assert last <= cause.end + alert.resolves_within - SCRAPED_AND_EVALUATED_MS, alert.name


@pytest.mark.slow
@pytest.mark.parametrize("seed", [1, 2])
def test_an_ordinary_month_trips_none(seed: int) -> None:
    run = Platform(profile(days=30), step_ms=MINUTE, seed=seed)
    assert {name for name, firing in alerts(run).items() if firing.any()} == set()


def test_a_storm_is_over_some_minutes_after_its_end() -> None:
    run = Platform(profile({"id": "f", "kind": "websocket_disconnects", "at": "30m", "for": "10m", "intensity": 0.6}))
    clients, wanted = run.level("socket.connections"), run.level("users.online")
    share = clients / wanted / 1.15
    minute = run.elapsed / MINUTE
    assert share[minute < 30] == pytest.approx(1.0)
    assert share[(minute >= 30) & (minute < 40)] == pytest.approx(0.4)
    back = share[(minute >= 40) & (minute <= 44)]
    assert (np.diff(back) >= -1e-9).all()
    assert back[0] < 0.6
    assert back[-1] == pytest.approx(1.0)


def test_a_backlog_grows_with_what_is_neglected_and_is_worked_off_afterwards() -> None:
    run = Platform(profile({"id": "f", "kind": "message_latency", "at": "30m", "for": "30m", "intensity": 0.4}))
    backlog, minute = run.level("queue.messages.backlog"), run.elapsed / MINUTE
    assert (backlog[minute <= 30] == 0).all()
    arrived = run.level("queue.messages.arrivals")[(minute >= 30) & (minute < 60)].sum() * 30
    assert backlog[minute == 60][0] == pytest.approx(0.4 * arrived, rel=0.02)
    during = backlog[(minute > 31) & (minute < 60)]
    assert (np.diff(during[::2]) > 0).all()
    assert backlog[minute == 59][0] > 0
    assert (backlog[minute > 90] == 0).all()
    # nothing is lost: what was neglected is done later
    done = run.level("queue.messages.done")[(minute >= 30) & (minute < 90)].sum()
    came = run.level("queue.messages.arrivals")[(minute >= 30) & (minute < 90)].sum()
    assert done == pytest.approx(came, rel=0.02)
