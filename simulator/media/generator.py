"""`python -m simulator.media.generator`: sends and hears for many voice sessions, and says how they fared.

    {"do": "join", "session": "s1", "relay": "127.0.0.1:50000", "room": "channel_1", "ssrc": 7, "seconds": 12}

One thread. Ten milliseconds are a tick: it sends what is due, takes what has arrived, and gives the rest of its time to
a few of the reports that are due, and of those who come.
"""

from __future__ import annotations

import argparse
import gc
import signal
import struct
import sys
import time
from collections import deque
from types import FrameType
from typing import Final

from simulator.errors import CrybsimError, ExitCode
from simulator.media.lives import Lives, warm_up
from simulator.media.messages import Join, Leave, Mute, Paced, Ready, Refused, read_generator_command
from simulator.media.pacing import lateness_quantile_ms
from simulator.media.pipes import Pipes
from simulator.media.sessions import PHASES, Sessions, Streams
from simulator.media.traffic import TICK_NS, Traffic

SKIP_NS: Final = 200_000_000
"""What should have left longer ago is not sent any more; its sessions are marked."""
_COMMANDS: Final = 20  # in one tick, so that sending need not wait for them
_IDLE_SECONDS: Final = 0.2


class Generator:
    """All sessions of this process. `run` is its life."""

    def __init__(self, pipes: Pipes, *, report_seconds: float, seed: int) -> None:
        self._pipes = pipes
        self._sessions = Sessions(seed)
        streams = Streams()
        self._traffic = Traffic(self._sessions, streams, seed)
        report_ns = round(report_seconds * 1e9)
        self._lives = Lives(pipes, self._sessions, streams, self._traffic, report_ns=report_ns, seed=seed)
        self._waiting: deque[bytes] = deque()  # commands
        self._tick = 0
        self.stopping = False

    def run(self) -> None:
        """Serve until stdin ends or `stopping`; then let all sessions leave, and report them."""
        warm_up()
        self._traffic.warm_up()
        gc.collect()
        gc.freeze()
        self._traffic.epoch_ns = time.monotonic_ns()
        self._pipes.say(Ready())
        while not self._pipes.ended and not self.stopping:
            idle = not self._sessions.by_name and not self._waiting
            self._waiting.extend(self._pipes.lines(_IDLE_SECONDS if idle else 0.0))
            self._turn(_COMMANDS)
        self._turn(len(self._waiting))
        for session in list(self._sessions.by_name.values()):
            self._lives.leave(session, time.monotonic_ns())
        while self._sessions.by_name:
            self._turn()
        self._pipes.say(self._paced())
        ends = time.monotonic() + 2.0
        while not self._pipes.flush(0.1) and time.monotonic() < ends:
            pass

    def close(self) -> None:
        """Give the sockets back."""
        self._traffic.close()

    def _turn(self, commands: int = 0) -> None:
        """What is due now, then so many commands; then wait for the next tick."""
        now = time.monotonic_ns()
        behind = now - self._traffic.due_ns(self._tick)
        if behind > SKIP_NS:
            skipped = (behind // TICK_NS // PHASES) * PHASES
            self._tick += skipped
            for session in self._sessions.by_name.values():
                session.unsent += skipped // PHASES
        for _ in range(PHASES):
            if self._traffic.due_ns(self._tick) > time.monotonic_ns():
                break
            self._traffic.send(self._tick)
            for data, at_ns in self._traffic.receive():
                self._lives.hear(data, at_ns)
            self._tick += 1
            self._lives.act(time.monotonic_ns())
        for _ in range(min(commands, len(self._waiting))):
            self._obey(self._waiting.popleft())
        self._lives.sweep(time.monotonic_ns())
        self._pipes.check_parent()
        self._pipes.flush()
        left = self._traffic.due_ns(self._tick) - time.monotonic_ns()
        if left > 0:
            time.sleep(left / 1e9)

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
                self._lives.leave(session, now)
            case Refused():
                self._pipes.say(command)

    def _refuse(self, line: bytes, reason: str) -> None:
        self._pipes.say(Refused(command=line.decode(errors="replace").strip()[:200], reason=reason))

    def _join(self, command: Join, now: int) -> None:
        if not self._sessions.by_name:  # nobody was late while nobody was here
            self._tick = max(self._tick, (now - self._traffic.epoch_ns) // TICK_NS)
        try:
            self._lives.join(command, now)
        except (OSError, OverflowError, struct.error):
            self._refuse(command.line(), f"{command.relay} is no IPv4 address and port")

    def _paced(self) -> Paced:
        lateness = self._sessions.lateness
        packets = int(lateness.all_bins.sum())
        return Paced(
            packets_sent=packets,
            packets_late=int(lateness.all_late[0]),
            p50_ms=lateness_quantile_ms(lateness.all_bins, packets, 0.5),
            p99_ms=lateness_quantile_ms(lateness.all_bins, packets, 0.99),
            max_ms=float(lateness.all_latest[0]) if packets else None,
        )


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
