"""What one report of the generator becomes: lines in Locust's statistics, and a quality report for the API.

The lines are `VOICE mos`, `VOICE loss` (of packets that were missed: lost, or too late to be played), `VOICE jitter`
and `VOICE rtt`. Locust's columns are milliseconds, so it shows thousandths where there is no time: a mean opinion of
4.1 as 4100, a loss of 2 % as 20 (`simulator.load.names` reads them back). Where the generator fell behind, the figures
would tell more about it than about the platform: then there is a `VOICE behind` line (its pacing), and nothing else
counts.
"""

from __future__ import annotations

from typing import Any

from locust.env import Environment

from simulator.catalog.voice_lines import Reason, over_the_line
from simulator.media.messages import Report

FEWEST_PACKETS = 50
"""A second of speech: of fewer packets, a share says nothing."""


def measure(environment: Environment, report: Report) -> bool:
    """Fire the lines of one report. Returns whether it counts."""
    if report.behind:
        fire(environment, "behind", report.pacing_p99_ms or 0.0)
        return False
    heard = report.packets_expected >= FEWEST_PACKETS
    told = {
        "mos": 1000.0 * report.mos if heard and report.mos is not None else None,
        "loss": 1000.0 * (report.gone or 0.0) if heard else None,
        "jitter": report.jitter_ms if heard else None,
        "rtt": report.round_trip_ms,
    }
    for name, value in told.items():
        if value is not None:
            fire(environment, name, value)
    return True


def fire(
    environment: Environment, name: str, value: float, *, late: float = 0.0, problem: str | None = None, url: str = ""
) -> None:
    """One line of request type VOICE. `value` is ms, or thousandths; `late` is seconds, and for times alone."""
    environment.events.request.fire(
        request_type="VOICE",
        name=name,
        response_time=value,
        response_length=0,
        exception=None if problem is None else VoiceError(problem),
        context={"late": late},
        url=url,
    )


def quality(report: Report, connection: str) -> dict[str, Any]:
    """The contract's `quality` of POST /voice/quality/report."""
    heard = report.packets_expected >= FEWEST_PACKETS
    audio: dict[str, Any] = {
        "bitrate": round(8 * report.bytes_sent / report.seconds) if report.seconds else 0,
        "packetsLost": report.packets_lost + report.packets_late if heard else 0,
        "packetsReceived": report.packets_received - report.packets_late if heard else 0,
    }
    if heard:
        audio |= {"jitter": report.jitter_ms, "latency": report.delay_ms, "mosScore": report.mos}
    return {"audio": audio, "connection": {"rtt": report.round_trip_ms, "connectionType": connection}}


def reasons(report: Report) -> tuple[Reason, ...]:
    """Why this report makes a call poor, by the lines that the API goes by."""
    heard = report.packets_expected >= FEWEST_PACKETS
    return over_the_line(
        loss_percent=100.0 * (report.gone or 0.0) if heard else None,
        jitter_ms=report.jitter_ms if heard else None,
        rtt_ms=report.round_trip_ms,
        one_way_ms=report.delay_ms if heard else None,
    )


class VoiceError(Exception):
    """Why a line of a call is a failure."""
