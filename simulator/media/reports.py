"""What a generator reports of one session: since its report before, or of its whole life."""

from __future__ import annotations

from typing import Final

import numpy as np
import orjson

from simulator.media.pacing import LATE_MS, lateness_quantile_ms
from simulator.media.quality import heard_figures
from simulator.media.sessions import Session, Sessions, Totals
from simulator.media.streams import Heard
from simulator.wire.rtp import HEADER_BYTES

LATE_SHARE: Final = 0.01
"""Of packets that left more than half a frame late: above it the generator fell behind."""


class ReportLine:
    """A report as it goes over the pipe. Thousands are made in the time of ticks, and so without being checked: tests
    hold them to `messages.Report`."""

    def __init__(self, data: bytes) -> None:
        self._data = data

    def line(self) -> bytes:
        return self._data


def totals_of(session: Session, sessions: Sessions, now_ns: int, overflow: int) -> Totals:
    """A session's counters as they are. Maxima begin anew with it; the session keeps those of its life."""
    place = session.place
    speaker = sessions.speakers[place]
    totals = Totals(
        at_ns=now_ns,
        heard=sessions.heard[place].copy(),
        lateness=sessions.lateness.bins[place].copy(),
        latest_ms=float(sessions.lateness.latest[place]),
        packets=int(speaker["packets"]),
        octets=int(speaker["octets"]),
        late=int(sessions.lateness.late[place]),
        unsent=session.unsent,
        all_sent=int(sessions.lateness.all_bins.sum()),
        all_late=int(sessions.lateness.all_late[0]),
        overflow=overflow,
    )
    for most in (Heard.JITTER_MOST, Heard.TRIP_MOST):
        sessions.heard[place, most] = 0.0
    sessions.lateness.latest[place] = 0.0
    session.most = np.maximum(
        session.most, (totals.heard[Heard.JITTER_MOST], totals.heard[Heard.TRIP_MOST], totals.latest_ms)
    )
    return totals


def report_of(session: Session, sessions: Sessions, ends: Totals, at_ms: int, *, final: bool) -> ReportLine:
    """The report up to `ends`, which is taken now: the fields of `messages.Report`, as a line."""
    since = session.began if final else session.reported
    heard = ends.heard - since.heard
    jitter_most, trip_most, latest = session.most if final else (*ends.heard[_MOST], ends.latest_ms)
    heard[_MOST] = jitter_most, trip_most
    lateness = ends.lateness - since.lateness
    packets = ends.packets - since.packets
    until = session.left_ns if session.left_ns is not None else ends.at_ns
    why = _behind(since, ends)
    fields = {
        "event": "report",
        "session": session.join.session,
        "room": session.join.room,
        "final": final,
        "at_ms": at_ms,
        "seconds": max(until - since.at_ns, 0) / 1e9,
        "connected": session.connected,
        "packets_sent": packets,
        "bytes_sent": ends.octets - since.octets + packets * HEADER_BYTES,
        "talkers": int(ends.heard[Heard.STREAMS]),
        "pacing_p50_ms": lateness_quantile_ms(lateness, packets, 0.5),
        "pacing_p99_ms": lateness_quantile_ms(lateness, packets, 0.99),
        "pacing_max_ms": float(latest) if packets else None,
        "behind": bool(why),
        "behind_why": why,
        **heard_figures(heard, float(ends.heard[Heard.TRIP_LAST]) if ends.heard[Heard.TRIPS] else None),
    }
    return ReportLine(orjson.dumps(fields) + b"\n")


_MOST = [int(Heard.JITTER_MOST), int(Heard.TRIP_MOST)]


def _behind(since: Totals, ends: Totals) -> str:
    """Why these figures say more about this machine than about the platform; empty where they do not."""
    if ends.overflow > since.overflow:
        return f"{ends.overflow - since.overflow} times something arrived when the generator's buffer was full"
    if ends.unsent > since.unsent:
        return f"{ends.unsent - since.unsent} packets were not sent"
    for whose, late, sent in (
        ("its", ends.late - since.late, ends.packets - since.packets),
        ("all", ends.all_late - since.all_late, ends.all_sent - since.all_sent),
    ):
        if sent and late > LATE_SHARE * sent:
            return f"{late} of {whose} {sent} packets left more than {LATE_MS:g} ms late"
    return ""
