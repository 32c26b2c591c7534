"""The media relay beside the API: a child of it, told over a pipe who may speak in which room.

It starts with the first seat that is wanted (or at once, for a run with voice load) and ends with this process, however
that ends, since its stdin does. An outage of the API closes a port, not the pipe: whoever talks goes on to talk. A
relay that died is not started again: its calls are over, `/voice/health` says 503, joins are refused.
"""

from __future__ import annotations

import asyncio
import secrets
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from simulator.api.voice.rooms import Participant
from simulator.errors import SimulatorError
from simulator.media.impairments import NOTHING, met, of_fault, overload, together
from simulator.media.messages import (
    Admit,
    Count,
    Counts,
    Impair,
    Impairment,
    Left,
    Ready,
    Refused,
    RelayCommand,
    Remove,
    read_relay_event,
)
from simulator.profile.activity import ActiveFault

START_SECONDS: Final = 300.0
GRACE_SECONDS: Final = 5.0
_COUNT_SECONDS: Final = 5.0
_LONGEST_LINE: Final = 1 << 20


@dataclass(frozen=True)
class Seat:
    """A place at the relay: what a client says `join` to its generator with."""

    session: str
    room: str
    ssrc: int


class RelayMedia:
    """Implements `voice.service.Media`. `on_left` hears of sessions that ended at the relay, and whether silently."""

    def __init__(self, argv: Sequence[str], on_left: Callable[[Participant, bool], None]) -> None:
        self._argv = tuple(argv)
        self._on_left = on_left
        self._starting = asyncio.Lock()
        self._process: asyncio.subprocess.Process | None = None
        self._listening: asyncio.Task[None] | None = None
        self._died = False
        self._address = ("", 0)
        self._seats: dict[str, tuple[Participant, Seat]] = {}  # by session
        self._ssrcs: set[int] = set()
        self._numbers: dict[str, int] = {}  # of rooms, as they came
        self._disturbed: dict[str, Impairment] = {}  # by hand, as the relay was told
        self._counts: asyncio.Future[Counts] | None = None

    @property
    def alive(self) -> bool:
        """Whether it runs, or would if it were wanted."""
        return not self._died

    @property
    def url(self) -> str | None:
        """Where it listens, once it does."""
        return "udp://{}:{}".format(*self._address) if self._process is not None else None

    async def start(self) -> None:
        """Start it unless it runs already. Raises SimulatorError where it does not get ready."""
        async with self._starting:
            if self._process is not None or self._died:
                return
            process = await asyncio.create_subprocess_exec(
                *self._argv,
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                limit=_LONGEST_LINE,
                start_new_session=True,  # a Ctrl-C in the terminal is for us, and we end it in order
            )
            assert process.stdout is not None
            try:
                ready = await self._ready(process.stdout)
            except BaseException:
                process.kill()
                await process.wait()
                raise
            if ready is None:
                self._died = True
                await _end(process)
                raise SimulatorError(f"the media relay did not start; it ended with code {process.returncode}")
            host, _, port = ready.urls["relay"].removeprefix("udp://").rpartition(":")
            self._address = (host, int(port))
            if self._died:  # stopped meanwhile
                await _end(process)
                return
            self._process = process
            self._listening = asyncio.create_task(self._listen(process.stdout))

    async def _ready(self, pipe: asyncio.StreamReader) -> Ready | None:
        """Its first words; None where they do not come."""
        try:
            async with asyncio.timeout(START_SECONDS):
                line = await pipe.readline()
            said = read_relay_event(line)
        except (TimeoutError, ValueError):
            return None
        return said if isinstance(said, Ready) else None

    async def stop(self) -> None:
        """End it. Safe to call again."""
        process, self._process, self._died = self._process, None, True
        if process is not None:
            await _end(process)
        if self._listening is not None:
            await self._listening

    def seat(self, participant: Participant, host: str) -> dict[str, object] | None:
        """Where this participant's media goes; the same seat again while they are in. None: there is no relay.

        `host` is what the client calls this machine, told where the relay listens on all addresses.
        """
        if self._process is None:
            return None
        entry = self._seats.get(participant.session_id)
        if entry is None:
            seat = Seat(participant.session_id, participant.room.name, self._new_ssrc())
            entry = self._seats[seat.session] = (participant, seat)
            self._tell(Admit(session=seat.session, room=seat.room, ssrc=seat.ssrc))
        seat = entry[1]
        address, port = self._address
        return {
            "protocol": "rtp/udp",
            "host": host if address == "0.0.0.0" else address,  # noqa: S104 - compared, not bound
            "port": port,
            "room": seat.room,
            "session": seat.session,
            "ssrc": seat.ssrc,
        }

    def has(self, participant: Participant) -> bool:
        """Whether the relay still counts with this participant."""
        return participant.session_id in self._seats

    def release(self, participant: Participant) -> None:
        """Give the seat back."""
        if self._forget(participant.session_id) is not None:
            self._tell(Remove(session=participant.session_id))

    def disturb(self, by_hand: Sequence[ActiveFault], seed: int) -> None:
        """Let faults act that were asked for by hand, of which the relay's manifest knows nothing; to be called often.

        As with the profile's, their intensity is a share of rooms, in the order in which these came to be.
        """
        if not by_hand and not self._disturbed:
            return
        wanted: dict[str, Impairment] = {}
        for room in {seat.room for _, seat in self._seats.values()}:
            number = self._numbers.setdefault(room, len(self._numbers))
            found = [
                self._of(acting)
                for acting in by_hand
                if acting.fault.kind == "sfu_capacity" or met(seed, acting, number)
            ]
            if found:
                wanted[room] = together(found)
        for room in self._disturbed.keys() | wanted.keys():
            if wanted.get(room) != self._disturbed.get(room):
                self._tell(Impair(room=room, impairment=wanted.get(room, NOTHING)))
        self._disturbed = wanted

    def _of(self, acting: ActiveFault) -> Impairment:
        if acting.fault.kind == "sfu_capacity":
            return overload(len(self._seats), acting.intensity)
        return of_fault(acting)

    async def counts(self) -> Counts | None:
        """What the relay did so far; None where it does not say."""
        if self._process is None:
            return None
        if self._counts is None or self._counts.done():
            self._counts = asyncio.get_running_loop().create_future()
            self._tell(Count())
        try:
            return await asyncio.wait_for(asyncio.shield(self._counts), _COUNT_SECONDS)
        except TimeoutError:
            return None

    def _tell(self, command: RelayCommand) -> None:
        pipe = self._process.stdin if self._process is not None else None
        if pipe is not None and not pipe.is_closing():
            pipe.write(command.line())

    def _new_ssrc(self) -> int:
        while True:
            ssrc = secrets.randbelow(0xFFFF_FFFF) + 1
            if ssrc not in self._ssrcs:
                self._ssrcs.add(ssrc)
                return ssrc

    def _forget(self, session: str) -> Participant | None:
        entry = self._seats.pop(session, None)
        if entry is None:
            return None
        self._ssrcs.discard(entry[1].ssrc)
        return entry[0]

    async def _listen(self, pipe: asyncio.StreamReader) -> None:
        while line := await pipe.readline():
            match read_relay_event(line):
                case Left() as left:
                    participant = self._forget(left.session)
                    if participant is not None:
                        self._on_left(participant, left.silent and left.heard)
                case Counts() as counts if self._counts is not None and not self._counts.done():
                    self._counts.set_result(counts)
                case Refused() as refused:
                    print(f"media relay: {refused.command}: {refused.reason}", file=sys.stderr)
        if not self._died:
            print("the media relay has ended; no voice from here on", file=sys.stderr)
        self._died = True
        seats, self._seats = self._seats, {}
        for participant, _ in seats.values():
            self._on_left(participant, True)


async def _end(process: asyncio.subprocess.Process) -> None:
    if process.stdin is not None:
        process.stdin.close()
    try:
        async with asyncio.timeout(GRACE_SECONDS):
            await process.wait()
    except TimeoutError:
        process.kill()
        await process.wait()
