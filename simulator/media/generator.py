"""`python -m simulator.media.generator`: sends and hears for many voice sessions, and says how they fared.

    {"do": "join", "session": "s1", "relay": "127.0.0.1:50000", "room": "channel_1", "ssrc": 7, "seconds": 12}

One thread, no Python object for a packet. Five milliseconds are a tick: it sends what is due, looks at a part of the
sockets, and gives the rest of its time to a few of the reports that are due.
"""

from __future__ import annotations

import argparse
import gc
import heapq
import random
import signal
import struct
import sys
import time
from collections import deque
from collections.abc import Callable
from types import FrameType
from typing import Final

import numpy as np
from numpy.typing import NDArray

from simulator.errors import CrybsimError, ExitCode
from simulator.media.batches import AT_ONCE, PACKET_BYTES, AlikeBatch, Batch, open_socket
from simulator.media.conversation import goodbye, hear_goodbye, is_answer, knock, seconds_to_next
from simulator.media.exchange import MOST_TOLD, write_report
from simulator.media.hearing import Heard, settle_quiet, settle_stream
from simulator.media.messages import Connected, Join, Leave, Mute, Ready, Refused, read_generator_command
from simulator.media.packets import Number
from simulator.media.pipes import Pipes
from simulator.media.reports import report_of, totals_of
from simulator.media.sessions import PHASES, TICK_MS, Session, Sessions, Streams, Totals
from simulator.media.taking import take
from simulator.media.talking import fill, note_lateness
from simulator.wire.rtcp import decode_rtcp
from simulator.wire.rtp import CLOCK_HZ

TICK_NS: Final = TICK_MS * 1_000_000
LINGER_NS: Final = 1_000_000_000
"""How long a session that left still hears what is on its way to it."""
KNOCK_LEAST_NS: Final = 20_000_000
KNOCK_MOST_NS: Final = 500_000_000
"""Between two questions whether the relay is there: as long as it has taken so far, within these."""
QUIET_NS: Final = 1_000_000_000
SILENT_NS: Final = 60_000_000_000
"""A stream that has not been heard for so long is given up."""
SKIP_NS: Final = 200_000_000
"""What should have left longer ago is not sent any more; its sessions are marked."""
_EACH_TICK: Final = 8  # reports of each kind in one tick, so that sending need not wait for them
_COMMANDS: Final = 10
_LISTEN_EVERY: Final = 2  # turns
_LOOK_AT: Final = (1, 3)  # sockets, from the one that has just sent: each twice a frame
_IDLE_SECONDS: Final = 0.2


class Generator:
    """All sessions of this process. `run` is its life."""

    def __init__(self, pipes: Pipes, *, report_seconds: float, seed: int) -> None:
        self._pipes = pipes
        self._report_ns = round(report_seconds * 1e9)
        self._random = random.Random(seed)  # noqa: S311 - when reports go out
        self._sessions = Sessions(seed)
        self._streams = Streams()
        self._sockets = [open_socket() for _ in range(PHASES)]
        self._out = AlikeBatch(AT_ONCE)
        self._in = Batch(AT_ONCE, incoming=True)
        self._out.data[:, 12:] = np.frombuffer(random.Random(seed).randbytes(self._out.data.shape[1] - 12), np.uint8)  # noqa: S311
        self._senders = np.zeros(AT_ONCE, np.int64)
        self._told = np.zeros(2 * AT_ONCE, np.int64)
        self._tally = np.zeros((PHASES, 2), np.int64)
        self._report_out = np.zeros(PACKET_BYTES, np.uint8)
        self._replies = np.zeros(MOST_TOLD, np.int64)
        self._timers: list[tuple[int, int, Session, Callable[[Session, int], None]]] = []
        self._waiting: deque[bytes] = deque()  # commands
        self._timed = 0  # makes entries of one instant comparable
        self._epoch_ns = time.monotonic_ns()
        self._tick = 0
        self._turns = 0
        self._swept_ns = 0
        self._all_sent = 0
        self._all_late = 0
        self.stopping = False

    def run(self) -> None:
        """Serve until stdin ends or `stopping`; then let all sessions leave, and report them."""
        warm_up(self._in, self._out)
        gc.collect()
        gc.freeze()
        self._epoch_ns = time.monotonic_ns()
        self._pipes.say(Ready())
        while not self._pipes.ended and not self.stopping:
            idle = not self._sessions.by_name
            self._turns += 1
            if idle or self._turns % _LISTEN_EVERY == 0:
                self._waiting.extend(self._pipes.lines(_IDLE_SECONDS if idle and not self._waiting else 0.0))
            self._turn(_COMMANDS)
        self._turn(len(self._waiting))
        for session in list(self._sessions.by_name.values()):
            self._leave(session, time.monotonic_ns())
        while self._sessions.by_name:
            self._turn()
        ends = time.monotonic() + 2.0
        while not self._pipes.flush(0.1) and time.monotonic() < ends:
            pass

    def close(self) -> None:
        """Give the sockets back."""
        for opened in self._sockets:
            opened.close()

    def _turn(self, commands: int = 0) -> None:
        """So many commands, and what is due now; then wait for the next tick."""
        for _ in range(min(commands, len(self._waiting))):
            self._obey(self._waiting.popleft())
        now = time.monotonic_ns()
        behind = now - (self._epoch_ns + self._tick * TICK_NS)
        if behind > SKIP_NS:
            skipped = (behind // TICK_NS // PHASES) * PHASES
            self._tick += skipped
            for session in self._sessions.by_name.values():
                session.unsent += skipped // PHASES
        for _ in range(PHASES):
            if self._epoch_ns + self._tick * TICK_NS > time.monotonic_ns():
                break
            self._send(self._tick)
            for later in _LOOK_AT:
                self._receive((self._tick + later) % PHASES)
            self._tick += 1
            self._act(time.monotonic_ns())
        now = time.monotonic_ns()
        if now - self._swept_ns > QUIET_NS // 2:
            self._sweep(now)
        self._pipes.flush()
        left = self._epoch_ns + self._tick * TICK_NS - time.monotonic_ns()
        if left > 0:
            time.sleep(left / 1e9)

    def _act(self, now: int) -> None:
        """Some of what sessions do at their own times: report, leave, end."""
        for _ in range(_EACH_TICK):
            if not self._timers or self._timers[0][0] > now:
                return
            _, _, session, action = heapq.heappop(self._timers)
            action(session, now)

    def _send(self, tick: int) -> None:
        """The voice of the sessions whose phase this is."""
        phase, frame = tick % PHASES, tick // PHASES
        sessions = self._sessions
        members = sessions.members[phase]
        due = self._epoch_ns + tick * TICK_NS
        out = self._out
        for first in range(0, int(sessions.counts[phase]), AT_ONCE):
            count = min(int(sessions.counts[phase]) - first, AT_ONCE)
            packets = fill(
                members[first:],
                count,
                frame,
                sessions.speakers,
                out.data,
                out.pieces,
                out.addresses,
                self._senders,
            )
            if not packets:
                continue
            before = time.monotonic_ns()
            refused = out.send(self._sockets[phase].fileno(), packets)
            after = time.monotonic_ns()
            self._all_sent += packets
            self._all_late += note_lateness(
                self._senders, packets, due, before, after, sessions.lateness, sessions.latest, sessions.late
            )
            if refused:
                places = {int(self._senders[at]) for at in refused}
                for session in sessions.by_name.values():
                    session.unsent += session.place in places

    def _receive(self, number: int) -> None:
        """What has arrived at a socket."""
        batch, streams, sessions = self._in, self._streams, self._sessions
        descriptor = self._sockets[number].fileno()
        while True:
            got = batch.receive(descriptor)
            if not got:
                return
            streams.make_room(got)
            told = take_batch(batch, got, sessions, streams, self._told, self._tally[number])
            for at in range(told):
                place = int(self._told[2 * at])
                length = int(batch.headers[place, 7]) & 0xFFFFFFFF
                self._hear_other(batch.data[place, :length].tobytes(), int(self._told[2 * at + 1]))
            batch.again(got)
            if got < batch.size:
                return

    def _hear_other(self, data: bytes, at_ns: int) -> None:
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

    def _connect(self, session: Session, at_ns: int) -> None:
        if not session.connected:
            session.connected = True
            self._sessions.speakers[session.place]["away"] = session.left_ns is not None
            since_then = max(time.time_ns() - at_ns, 0)
            after = max(time.monotonic_ns() - session.joined_ns - since_then, 0) / 1e6
            self._pipes.say(Connected(session=session.join.session, at_ms=at_ns // 1_000_000, after_ms=after))

    def _obey(self, line: bytes) -> None:
        command = read_generator_command(line)
        session = None if isinstance(command, Refused) else self._sessions.by_name.get(command.session)
        now = time.monotonic_ns()
        match command:
            case Join() if session is not None or command.ssrc in self._sessions.by_ssrc:
                self._refuse(line, "a session of that name or SSRC is here already")
            case Join():
                self._join(command, now)
            case Mute() | Leave() if session is None:
                self._refuse(line, "there is no such session")
            case Mute() if session is not None:
                self._sessions.speakers[session.place]["muted"] = command.muted
            case Leave() if session is not None:
                self._leave(session, now)
            case Refused():
                self._pipes.say(command)

    def _refuse(self, line: bytes, reason: str) -> None:
        self._pipes.say(Refused(command=line.decode(errors="replace").strip()[:200], reason=reason))

    def _join(self, command: Join, now: int) -> None:
        host, _, port = command.relay.partition(":")
        if not self._sessions.by_name:  # nobody was late while nobody was here
            self._tick = max(self._tick, (now - self._epoch_ns) // TICK_NS)
        try:
            session = self._sessions.join(command, (host, int(port)), now)
        except (OSError, OverflowError, struct.error):
            self._refuse(command.line(), f"{command.relay} is no IPv4 address and port")
            return
        session.began = session.reported = self._totals(session, now)
        self._knock(session, now)
        self._at(now + round(seconds_to_next(session, 0, self._random) * 1e9), session, self._converse)
        self._at(now + self._report_ns, session, self._report)
        if command.seconds is not None:
            self._at(now + round(command.seconds * 1e9), session, self._leave)

    def _at(self, when_ns: int, session: Session, action: Callable[[Session, int], None]) -> None:
        self._timed += 1
        heapq.heappush(self._timers, (when_ns, self._timed, session, action))

    def _knock(self, session: Session, now: int) -> None:
        if not session.connected and session.left_ns is None:
            self._send_report(session, knock(session))
            since = now - session.joined_ns
            self._at(now + min(max(since, KNOCK_LEAST_NS), KNOCK_MOST_NS), session, self._knock)

    def _converse(self, session: Session, now: int) -> None:
        if session.left_ns is None:
            packets = int(self._sessions.speakers[session.place]["packets"])
            length = write_report(
                self._report_out,
                self._sessions.speakers,
                session.place,
                packets > session.packets_told[1],  # sent since our report before the last one: section 6.4
                self._streams.rows,
                self._streams.owners,
                session.name,
                time.time_ns(),
                self._stamp(session),
                self._replies,
            )
            session.packets_told = (packets, session.packets_told[0])
            session.compounds += 1
            self._send_report(session, self._report_out[:length].tobytes())
            others = len(self._streams.of(session.place))
            self._at(now + round(seconds_to_next(session, others, self._random) * 1e9), session, self._converse)

    def _stamp(self, session: Session) -> int:
        """The RTP time stamp of this instant."""
        since = time.monotonic_ns() - self._epoch_ns - session.phase * TICK_NS
        start = int(self._sessions.speakers[session.place]["stamp"])
        return (start + since * CLOCK_HZ // 1_000_000_000) & 0xFFFFFFFF

    def _send_report(self, session: Session, data: bytes) -> None:
        try:
            self._sockets[session.phase].sendto(data, session.relay)
        except OSError:
            pass  # as if it had been lost on the way

    def _report(self, session: Session, now: int) -> None:
        if session.left_ns is None:
            self._tell(session, now, final=False)
            self._at(now + self._report_ns, session, self._report)

    def _leave(self, session: Session, now: int) -> None:
        if session.left_ns is not None:
            return
        session.left_ns = now
        self._sessions.fall_silent(session)
        self._send_report(session, goodbye(session, self._sessions, time.time_ns(), self._stamp(session)))
        self._at(now + LINGER_NS, session, self._end)

    def _end(self, session: Session, now: int) -> None:
        for place in self._streams.of(session.place):
            self._streams.end(int(place), self._sessions.heard)
        self._tell(session, now, final=True)
        self._sessions.forget(session)

    def _totals(self, session: Session, now: int) -> Totals:
        overflow = int(self._tally[session.phase, 1])
        return totals_of(session, self._sessions, now, self._all_sent, self._all_late, overflow)

    def _tell(self, session: Session, now: int, *, final: bool) -> None:
        ends = self._totals(session, now)
        self._pipes.say(report_of(session, self._sessions, ends, _wall_ms(), final=final))
        session.reported = ends

    def _sweep(self, now: int) -> None:
        """Settle what no longer moves; drop the streams of those who have left."""
        self._swept_ns = now
        self._pipes.check_parent()
        wall = time.time_ns()
        streams = self._streams
        rows = streams.rows
        settle_quiet(
            rows, streams.owners, streams.arrived, streams.late, self._sessions.heard, len(rows), wall - QUIET_NS
        )
        ended = (rows["ended"] > 0) & (rows["ended_ns"] < wall - LINGER_NS)
        silent = np.maximum(rows["heard_ns"], rows["reference_ns"]) < wall - SILENT_NS
        for place in np.flatnonzero((streams.owners >= 0) & (ended | silent)):
            streams.end(int(place), self._sessions.heard)


def warm_up(incoming: Batch, outgoing: Batch) -> None:
    """Have every kernel compiled (or loaded) before the first session comes."""
    sessions, streams = Sessions(0), Streams(8)
    session = sessions.join(Join(session="nobody", relay="127.0.0.1:9", room="none", ssrc=1), ("127.0.0.1", 9), 0)
    nobody = np.zeros(1, np.int64)
    fill(nobody, 0, 0, sessions.speakers, outgoing.data, outgoing.pieces, outgoing.addresses, nobody)
    note_lateness(nobody, 0, 0, 0, 0, sessions.lateness, sessions.latest, sessions.late)
    take_batch(incoming, 0, sessions, streams, nobody, nobody)
    out = np.zeros(PACKET_BYTES, np.uint8)
    write_report(out, sessions.speakers, session.place, False, streams.rows, streams.owners, session.name, 0, 0, nobody)
    settle_quiet(streams.rows, streams.owners, streams.arrived, streams.late, sessions.heard, 0, 0)
    settle_stream(streams.rows, streams.owners, streams.arrived, streams.late, sessions.heard, 0, 0, False)
    nothing = Totals(0, sessions.heard[session.place], sessions.lateness[session.place])
    sessions.heard[session.place, [Heard.EXPECTED, Heard.TRIPS, Heard.WAITS]] = 1
    report_of(session, sessions, nothing, 0, final=False)
    sessions.forget(session)


def take_batch(
    batch: Batch, got: int, sessions: Sessions, streams: Streams, told: NDArray[np.int64], tally: NDArray[np.int64]
) -> Number:
    """Hear what a batch has received; how many of it are left to Python (see `taking.take`)."""
    return take(
        batch.headers,
        batch.data,
        batch.control,
        got,
        sessions.keys,
        sessions.places,
        streams.keys,
        streams.places,
        streams.rows,
        streams.owners,
        streams.arrived,
        streams.late,
        sessions.heard,
        streams.free,
        told,
        tally,
    )


def _wall_ms() -> int:
    return time.time_ns() // 1_000_000


def main(arguments: list[str]) -> int:
    """The program."""
    parser = argparse.ArgumentParser(prog="python -m simulator.media.generator", description=__doc__.splitlines()[0])
    parser.add_argument("--report-seconds", type=float, default=5.0, help="between two reports of a session")
    parser.add_argument("--seed", type=int, default=1, help="of talk spurts and of the times of RTCP")
    options = parser.parse_args(arguments)
    if options.report_seconds <= 0:
        parser.error("--report-seconds has to be above 0")
    try:
        generator = Generator(Pipes(), report_seconds=options.report_seconds, seed=options.seed)
    except CrybsimError as error:
        print(f"generator: {error}", file=sys.stderr)
        return int(error.exit_code)

    def stop(number: int, frame: FrameType | None) -> None:
        generator.stopping = True

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    try:
        generator.run()
    finally:
        generator.close()
    return int(ExitCode.PASS)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
