"""`python -m simulator.media.relay`: forwards the packets of each admitted session to the others in its room.

    {"do": "admit", "session": "s1", "room": "channel_1", "ssrc": 7}

It stands for the SFU. The profile's voice faults act here, by the manifest and the wall clock alone.
"""

from __future__ import annotations

import argparse
import gc
import select
import signal
import sys
import time
from pathlib import Path
from types import FrameType
from typing import Final

import numpy as np

from simulator.errors import CrybsimError, ExitCode
from simulator.media import forwarding
from simulator.media.arriving import Arrivals
from simulator.media.batches import Batch, address_of, open_socket
from simulator.media.forwarding import TALLY, Noticed, forward
from simulator.media.impairments import Impairments
from simulator.media.messages import Admit, Count, Counts, Impair, Left, Ready, Refused, Remove, read_relay_command
from simulator.media.packets import FOR, HERE, RELAY_SSRC
from simulator.media.pipes import Pipes
from simulator.media.rooms import RoomFullError, Rooms
from simulator.media.wheel import WHEEL, empty_wheel, release
from simulator.profile.manifest import Manifest
from simulator.wire.rtcp import Application, ReceiverReport, encode_rtcp

HELD: Final = 1 << 17
"""Datagrams that may wait: 1,000 talkers in rooms of five, each delayed by half a second."""
IN_AT_ONCE: Final = 512
OUT_AT_ONCE: Final = 4096
FRESH_NS: Final = 50_000_000
"""How late a fault may begin or end."""
SWEEP_NS: Final = 1_000_000_000
_IDLE_MS: Final = 50
_ROUNDS: Final = 8  # batches before the clock is looked at again


class Relay:
    """One UDP port, and the rooms behind it. `run` is its life."""

    def __init__(
        self, pipes: Pipes, impairments: Impairments, *, host: str, port: int, silent_seconds: float, seed: int
    ) -> None:
        self._pipes = pipes
        self._impairments = impairments
        self._silent_ns = round(silent_seconds * 1e9)
        self._socket = open_socket(host, port)
        self._rooms = Rooms()
        self._in = Arrivals()
        self._batch = Batch(OUT_AT_ONCE)
        self._wheel = empty_wheel(HELD)
        self._random = np.array([seed], np.uint64)
        self._noticed = Noticed(np.zeros(IN_AT_ONCE + 1, np.int64), np.zeros(IN_AT_ONCE + 1, np.int64))
        self._tally = np.zeros(TALLY, np.int64)
        self._overflow = 0
        self._unsent = 0
        self._released_ms = time.monotonic_ns() // 1_000_000
        self._refreshed_ns = 0
        self._swept_ns = 0
        self.stopping = False

    def run(self) -> None:
        """Serve until stdin ends or `stopping`."""
        self._forward(0, 0)
        self._release_slot(0)
        gc.collect()
        gc.freeze()
        host, port = self._socket.getsockname()
        self._pipes.say(Ready(urls={"relay": f"udp://{host}:{port}"}))
        waits = select.poll()
        waits.register(self._socket, select.POLLIN)
        waits.register(0, select.POLLIN)
        while not self._pipes.ended and not self.stopping:
            self._refresh(time.monotonic_ns())
            self._release(time.monotonic_ns() // 1_000_000)
            for _ in range(_ROUNDS):
                self._receive()
                if not self._in.more:
                    break
            self._pipes.flush()
            waits.poll(1 if self._wheel.free[0] < HELD else _IDLE_MS)
        self._pipes.say(self._counts())
        self._pipes.flush(1.0)

    def close(self) -> None:
        """Give the port back."""
        self._socket.close()

    def _receive(self) -> None:
        got = self._in.receive(self._socket.fileno())
        self._overflow = max(self._overflow, self._in.overflow)
        for line in self._pipes.lines():  # whoever was told of before this came is no stranger
            self._obey(line)
        for first in range(0, got, IN_AT_ONCE):
            self._forward(first, min(first + IN_AT_ONCE, got))

    def _forward(self, done: int, end: int) -> None:
        """Deal with so many arrivals, in as many parts as go into the outgoing batch."""
        knocks, gone = self._noticed
        knocks[0] = gone[0] = 0
        while True:
            done, written = forward(
                self._in.datagrams,
                self._in.data,
                done,
                end,
                self._released_ms,
                self._rooms.forwarding,
                self._batch.out,
                self._wheel,
                self._noticed,
                self._random,
                self._tally,
            )
            self._send(written)
            if done >= end:
                break
        for place in knocks[1 : 1 + knocks[0]]:
            self._answer(int(place))
        for place in dict.fromkeys(gone[1 : 1 + gone[0]].tolist()):
            self._remove(place)

    def _release(self, now_ms: int) -> None:
        """Send what has waited long enough."""
        if self._wheel.free[0] == HELD:
            self._released_ms = now_ms
        for at_ms in range(max(self._released_ms + 1, now_ms - WHEEL + 1), now_ms + 1):
            self._released_ms = at_ms
            self._release_slot(at_ms % WHEEL)

    def _release_slot(self, slot: int) -> None:
        while True:
            written = release(slot, self._batch.out, self._wheel)
            self._send(written)
            if written < OUT_AT_ONCE:
                return

    def _send(self, count: int) -> None:
        if count:
            self._unsent += len(self._batch.send(self._socket.fileno(), count))

    def _answer(self, place: int) -> None:
        ssrc = int(self._rooms.members[place]["ssrc"])
        here = Application(RELAY_SSRC, HERE.decode())
        answer = encode_rtcp(
            ReceiverReport(RELAY_SSRC), here, Application(RELAY_SSRC, FOR.decode(), ssrc.to_bytes(4, "big"))
        )
        try:
            self._socket.sendto(answer, address_of(int(self._rooms.members[place]["address"])))
        except OSError:
            self._unsent += 1

    def _obey(self, line: bytes) -> None:
        command = read_relay_command(line)
        match command:
            case Admit():
                self._admit(command, line)
            case Remove() if command.session in self._rooms.by_session:
                self._remove(self._rooms.by_session[command.session])
            case Remove():
                self._refuse(line, "there is no such session")
            case Impair():
                self._impairments.impair(command.room, command.impairment)
                self._refreshed_ns = 0
            case Count():
                self._pipes.say(self._counts())
            case Refused():
                self._pipes.say(command)

    def _admit(self, command: Admit, line: bytes) -> None:
        if command.session in self._rooms.by_session or self._rooms.knows(command.ssrc):
            self._refuse(line, "a session of that name or SSRC is here already")
            return
        try:
            self._rooms.admit(command, time.time_ns())
        except RoomFullError as error:
            self._refuse(line, str(error))
        self._refreshed_ns = 0

    def _refuse(self, line: bytes, reason: str) -> None:
        self._pipes.say(Refused(command=line.decode(errors="replace").strip()[:200], reason=reason))

    def _remove(self, place: int, *, silent: bool = False) -> None:
        session, room = self._rooms.names(place)
        member = self._rooms.members[place]
        self._pipes.say(
            Left(
                session=session,
                room=room,
                silent=silent,
                heard=bool(member["address"]),
                packets_in=int(member["packets_in"]),
                packets_out=int(member["packets_out"]),
                packets_lost=int(member["packets_lost"]),
                packets_duplicated=int(member["packets_duplicated"]),
            )
        )
        self._rooms.remove(place)

    def _refresh(self, now_ns: int) -> None:
        """What befalls packets from now on; who has fallen silent."""
        if now_ns - self._refreshed_ns > FRESH_NS:
            self._refreshed_ns = now_ns
            acting = self._impairments.acting(time.time_ns() // 1_000_000)
            here = len(self._rooms.by_session)
            self._rooms.impair(lambda room: self._impairments.of_room(room.name, room.number, acting, here))
        if now_ns - self._swept_ns > SWEEP_NS:
            self._swept_ns = now_ns
            self._pipes.check_parent()
            since = time.time_ns() - self._silent_ns
            for place in list(self._rooms.by_session.values()):
                if self._rooms.members[place]["heard_ns"] < since:
                    self._remove(place, silent=True)

    def _counts(self) -> Counts:
        tally = [int(count) for count in self._tally]
        return Counts(
            at_ms=time.time_ns() // 1_000_000,
            sessions=sum(self._rooms.members[place]["address"] != 0 for place in self._rooms.by_session.values()),
            rooms=len(self._rooms.by_name),
            packets_in=tally[forwarding.IN],
            packets_out=tally[forwarding.OUT],
            packets_lost=tally[forwarding.LOST],
            packets_duplicated=tally[forwarding.DUPLICATED],
            packets_delayed=tally[forwarding.DELAYED],
            packets_unsent=self._unsent + tally[forwarding.OVERRUN],
            packets_overflowed=self._overflow,
            reports_in=tally[forwarding.REPORTS_IN],
            strangers=tally[forwarding.STRANGERS],
        )


def main(arguments: list[str]) -> int:
    """The program."""
    parser = argparse.ArgumentParser(prog="python -m simulator.media.relay", description=__doc__.splitlines()[0])
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on")
    parser.add_argument("--port", type=int, default=0, help="UDP port; 0: a free one")
    parser.add_argument("--manifest", type=Path, help="of the run whose voice faults act")
    parser.add_argument("--instance", default="livekit-1", help="which instance of LiveKit this is")
    parser.add_argument(
        "--silent-seconds", type=float, default=30.0, help="after which a session is taken to have left"
    )
    parser.add_argument("--seed", type=int, default=1, help="of what is lost and delayed")
    options = parser.parse_args(arguments)
    try:
        manifest = Manifest.read(options.manifest) if options.manifest else None
        relay = Relay(
            Pipes(),
            Impairments(manifest, options.instance),
            host=options.host,
            port=options.port,
            silent_seconds=options.silent_seconds,
            seed=manifest.seed if manifest else options.seed,
        )
    except CrybsimError as error:
        print(f"relay: {error}", file=sys.stderr)
        return int(error.exit_code)

    def stop(number: int, frame: FrameType | None) -> None:
        relay.stopping = True

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    try:
        relay.run()
    finally:
        relay.close()
    return int(ExitCode.PASS)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
