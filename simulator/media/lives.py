"""What sessions do at their own times: knock, report to each other and to us, leave, end.

A few of what is due in each tick, so that sending need not wait for them.
"""

from __future__ import annotations

import heapq
import random
import time
from collections.abc import Callable
from typing import Final

import numpy as np

from simulator.media.batches import PACKET_BYTES
from simulator.media.conversation import goodbye, hear_goodbye, is_answer, knock, seconds_to_next
from simulator.media.exchange import MOST_TOLD, write_report
from simulator.media.messages import Connected, Join
from simulator.media.pipes import Pipes
from simulator.media.reports import report_of, totals_of
from simulator.media.sessions import Session, Sessions, Streams, Totals
from simulator.media.settling import settle_quiet, settle_stream
from simulator.media.streams import Heard
from simulator.media.traffic import Traffic
from simulator.wire.rtcp import decode_rtcp

LINGER_NS: Final = 1_000_000_000
"""How long a session that left still hears what is on its way to it."""
KNOCK_LEAST_NS: Final = 20_000_000
KNOCK_MOST_NS: Final = 500_000_000
"""Between two questions whether the relay is there: as long as it has taken so far, within these."""
QUIET_NS: Final = 1_000_000_000
SILENT_NS: Final = 60_000_000_000
"""A stream that has not been heard for so long is given up."""
_EACH_TICK: Final = 16


class Lives:
    """Of all sessions of a generator, from joining to the final report."""

    def __init__(
        self, pipes: Pipes, sessions: Sessions, streams: Streams, traffic: Traffic, *, report_ns: int, seed: int
    ) -> None:
        self._pipes = pipes
        self._sessions = sessions
        self._streams = streams
        self._traffic = traffic
        self._report_ns = report_ns
        self._random = random.Random(seed)  # noqa: S311 - when reports go out
        self._report_out = np.zeros(PACKET_BYTES, np.uint8)
        self._replies = np.zeros(MOST_TOLD, np.int64)
        self._timers: list[tuple[int, int, Session, Callable[[Session, int], None]]] = []
        self._timed = 0  # makes entries of one instant comparable
        self._swept_ns = 0

    def join(self, command: Join, now: int) -> None:
        """Begin a session. Raises OSError, OverflowError or struct.error where its relay is none."""
        host, _, port = command.relay.partition(":")
        session = self._sessions.join(command, (host, int(port)), now)
        session.began = session.reported = self._totals(session, now)
        self._knock(session, now)
        self._at(now + round(seconds_to_next(session, 0, self._random) * 1e9), session, self._converse)
        self._at(now + self._report_ns, session, self._report)
        if command.seconds is not None:
            self._at(now + round(command.seconds * 1e9), session, self.leave)

    def leave(self, session: Session, now: int) -> None:
        """Say goodbye; the final report follows when nothing can be on its way any more."""
        if session.left_ns is not None:
            return
        session.left_ns = now
        self._sessions.fall_silent(session)
        last = goodbye(session, self._sessions, time.time_ns(), self._traffic.stamp(session))
        self._traffic.send_report(session, last)
        self._at(now + LINGER_NS, session, self._end)

    def act(self, now: int) -> None:
        """Some of what is due."""
        for _ in range(_EACH_TICK):
            if not self._timers or self._timers[0][0] > now:
                return
            _, _, session, action = heapq.heappop(self._timers)
            action(session, now)

    def hear(self, data: bytes, at_ns: int) -> None:
        """What is neither voice nor a plain report: the relay's answer, a goodbye."""
        try:
            packets = decode_rtcp(data)
        except ValueError:
            return
        session = self._sessions.by_ssrc.get(int.from_bytes(data[-4:], "big"))  # the relay's last word
        if session is None:
            return
        if is_answer(packets):
            self._connect(session, at_ns)
        else:
            hear_goodbye(session, self._streams, self._sessions, packets, at_ns)

    def sweep(self, now: int) -> None:
        """Settle what no longer moves; drop the streams of those who have left. Does something twice a second."""
        if now - self._swept_ns <= QUIET_NS // 2:
            return
        self._swept_ns = now
        wall = time.time_ns()
        hearing = self._streams.hearing
        settle_quiet(hearing, self._sessions.heard, wall - QUIET_NS)
        rows = hearing.rows
        ended = (rows["ended"] > 0) & (rows["ended_ns"] < wall - LINGER_NS)
        silent = np.maximum(rows["heard_ns"], rows["reference_ns"]) < wall - SILENT_NS
        for place in np.flatnonzero((hearing.owners >= 0) & (ended | silent)).tolist():
            self._streams.end(place, self._sessions.heard)

    def _at(self, when_ns: int, session: Session, action: Callable[[Session, int], None]) -> None:
        self._timed += 1
        heapq.heappush(self._timers, (when_ns, self._timed, session, action))

    def _knock(self, session: Session, now: int) -> None:
        if not session.connected and session.left_ns is None:
            self._traffic.send_report(session, knock(session))
            since = now - session.joined_ns
            self._at(now + min(max(since, KNOCK_LEAST_NS), KNOCK_MOST_NS), session, self._knock)

    def _connect(self, session: Session, at_ns: int) -> None:
        if not session.connected:
            session.connected = True
            self._sessions.speakers[session.place]["away"] = session.left_ns is not None
            since_then = max(time.time_ns() - at_ns, 0)
            after = max(time.monotonic_ns() - session.joined_ns - since_then, 0) / 1e6
            self._pipes.say(Connected(session=session.join.session, at_ms=at_ns // 1_000_000, after_ms=after))

    def _converse(self, session: Session, now: int) -> None:
        if session.left_ns is None:
            packets = int(self._sessions.speakers[session.place]["packets"])
            length = write_report(
                self._report_out,
                self._sessions.speakers,
                session.place,
                packets > session.packets_told[1],  # sent since our report before the last one: section 6.4
                self._streams.hearing,
                session.name,
                time.time_ns(),
                self._traffic.stamp(session),
                self._replies,
            )
            session.packets_told = (packets, session.packets_told[0])
            session.compounds += 1
            self._traffic.send_report(session, self._report_out[:length].tobytes())
            others = len(self._streams.of(session.place))
            self._at(now + round(seconds_to_next(session, others, self._random) * 1e9), session, self._converse)

    def _report(self, session: Session, now: int) -> None:
        if session.left_ns is None:
            self._tell(session, now, final=False)
            self._at(now + self._report_ns, session, self._report)

    def _end(self, session: Session, now: int) -> None:
        for place in self._streams.of(session.place):
            self._streams.end(int(place), self._sessions.heard)
        self._tell(session, now, final=True)
        self._sessions.forget(session)

    def _totals(self, session: Session, now: int) -> Totals:
        return totals_of(session, self._sessions, now, self._traffic.overflow(session))

    def _tell(self, session: Session, now: int, *, final: bool) -> None:
        ends = self._totals(session, now)
        self._pipes.say(report_of(session, self._sessions, ends, time.time_ns() // 1_000_000, final=final))
        session.reported = ends


def warm_up() -> None:
    """Have everything compiled (or loaded) that sessions do at their own times."""
    sessions, streams = Sessions(0), Streams(8)
    session = sessions.join(Join(session="nobody", relay="127.0.0.1:9", room="none", ssrc=1), ("127.0.0.1", 9), 0)
    out, nobody = np.zeros(PACKET_BYTES, np.uint8), np.zeros(1, np.int64)
    write_report(out, sessions.speakers, session.place, False, streams.hearing, session.name, 0, 0, nobody)
    settle_quiet(streams.hearing, sessions.heard, 0)
    settle_stream(streams.hearing, sessions.heard, 0, 0, False)
    nothing = Totals(0, sessions.heard[session.place], sessions.lateness.bins[session.place])
    sessions.heard[session.place, [Heard.EXPECTED, Heard.TRIPS, Heard.WAITS]] = 1
    report_of(session, sessions, nothing, 0, final=False)
    sessions.forget(session)
