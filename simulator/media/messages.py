"""What is said to and by the two media processes: one JSON object a line, on stdin and stdout.

The generator (`python -m simulator.media.generator`) is told `join`, `mute`, `leave` and says `ready`, `connected`,
`report`, and last `paced`. The relay (`python -m simulator.media.relay`) is told `admit`, `remove`, `impair`, `count`
and says `ready`, `left`, `counts`. A line that makes no sense is answered with `refused`; nothing else happens. The end
of stdin ends either process, as SIGTERM does: the generator's sessions leave and are reported before.

Shares are 0 to 1, times are in the unit of their name, instants (`at_ms`) are milliseconds of the wall clock.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

Share = Annotated[float, Field(ge=0, le=1)]
Ssrc = Annotated[int, Field(ge=1, le=0xFFFF_FFFF)]
"""Unique among the sessions of one relay: whoever admits a session chooses it."""
Name = Annotated[str, Field(min_length=1, max_length=200)]


class _Message(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    def line(self) -> bytes:
        """As it goes over the pipe."""
        return self.model_dump_json().encode() + b"\n"


class Talk(StrEnum):
    """Who says how much."""

    SPURTS = "spurts"  # on and off, as people talk (ITU-T P.59); 50 packets a second while on
    ALWAYS = "always"  # 50 packets a second
    LISTENS = "listens"  # nothing but reports


# To the generator


class Join(_Message):
    """Take part in a room, for some seconds or until `leave`. The relay must have been told of it (`admit`) or be told
    soon; until it answers, the session asks it twice a second at least, and says nothing else."""

    do: Literal["join"] = "join"
    session: Name
    relay: str = Field(pattern=r"^(\d{1,3}(\.\d{1,3}){3}):\d{1,5}$")  # IPv4 address and port
    room: Name
    ssrc: Ssrc
    seconds: float | None = Field(default=None, gt=0, le=86_400)
    talk: Talk = Talk.SPURTS
    muted: bool = False


class Mute(_Message):
    """Send no voice from now on (or do again); what is heard is heard all the same."""

    do: Literal["mute"] = "mute"
    session: Name
    muted: bool = True


class Leave(_Message):
    """Leave now. The final report follows a second later: the session still hears what is on its way."""

    do: Literal["leave"] = "leave"
    session: Name


GeneratorCommand = Annotated[Join | Mute | Leave, Field(discriminator="do")]


# From the generator


class Connected(_Message):
    """The relay answered for the first time, so many ms after `join`."""

    event: Literal["connected"] = "connected"
    session: Name
    at_ms: int
    after_ms: float


class Report(_Message):
    """What one session sent and heard: since the report before (`final` false) or from join to leave (`final` true).

    Where nothing was heard, or no round trip has been measured yet, the figure is None: unknown, not zero.
    `behind` marks a session whose figures say more about this machine than about the platform: show it, count it not.
    """

    event: Literal["report"] = "report"
    session: Name
    room: Name
    final: bool
    at_ms: int
    seconds: float  # that this report covers
    connected: bool  # the relay has answered at least once

    packets_sent: int
    bytes_sent: int  # of RTP, headers included
    packets_expected: int
    packets_received: int  # different ones: a duplicate counts once
    packets_lost: int
    packets_late: int  # received, but after their turn to be played: thrown away
    packets_duplicate: int
    packets_reordered: int  # with a lower number than one that came before
    bytes_received: int
    talkers: int  # others heard since it joined

    jitter_ms: float | None  # mean of RFC 3550's estimate over the packets received
    jitter_max_ms: float | None
    round_trip_ms: float | None  # mean; RFC 3550, section 6.4.1 (LSR and DLSR)
    round_trip_max_ms: float | None
    burst_density: Share | None  # RFC 3611, section 4.7.2, Gmin = 16: share lost or late within bursts
    gap_density: Share | None  # and between them
    burst_ms: float | None  # mean length of a burst
    gap_ms: float | None
    burst_ratio: float | None  # BurstR of G.107: mean number lost in a row, over that of random loss
    buffer_ms: float | None  # mean wait in the jitter buffer
    delay_ms: float | None  # from mouth to ear: half the round trip, jitter buffer, codec
    r: float | None  # E-model, G.107
    mos: float | None  # 1 to 4.5

    pacing_p50_ms: float | None  # how late this session's packets left
    pacing_p99_ms: float | None
    pacing_max_ms: float | None
    behind: bool
    behind_why: str = ""

    @property
    def loss(self) -> float | None:
        """Share of the expected packets that never came."""
        return self.packets_lost / self.packets_expected if self.packets_expected else None

    @property
    def gone(self) -> float | None:
        """Share of the expected packets that never came or came late."""
        return (self.packets_lost + self.packets_late) / self.packets_expected if self.packets_expected else None


class Paced(_Message):
    """Said last: how late packets left, over all packets of all sessions (by bins of a quarter of an octave)."""

    event: Literal["paced"] = "paced"
    packets_sent: int
    packets_late: int  # by more than half a frame
    p50_ms: float | None
    p99_ms: float | None
    max_ms: float | None


# To the relay


class Admit(_Message):
    """Packets with this SSRC are forwarded to the room's others from now on; where they come from, is sent to."""

    do: Literal["admit"] = "admit"
    session: Name
    room: Name
    ssrc: Ssrc


class Remove(_Message):
    """Forward nothing of or to this session any more."""

    do: Literal["remove"] = "remove"
    session: Name


class Impairment(_Message):
    """What is done to packets on their way to a listener. Loss has a memory (Gilbert's channel, or Elliott's with
    `lost_good` and `lost_bad`); jitter is an exponential delay of that mean, of its own for each packet, and so turns
    round packets too."""

    loss: float = Field(default=0.0, ge=0, lt=1)  # share lost in the long run, by the channel's bad state
    burst: float = Field(default=1.0, ge=1)  # mean number of packets that the bad state lasts
    lost_good: Share = 0.0  # share lost in the good state
    lost_bad: Share = 1.0  # and in the bad one
    jitter_ms: float = Field(default=0.0, ge=0, le=5_000)
    delay_ms: float = Field(default=0.0, ge=0, le=5_000)
    reorder: Share = 0.0  # share of packets that leave 30 ms later, behind the one that follows
    duplicate: Share = 0.0  # share of packets sent twice


class Impair(_Message):
    """By hand, on top of the profile's faults: for one room, or for all (None). One with nothing in it ends it."""

    do: Literal["impair"] = "impair"
    room: Name | None = None
    impairment: Impairment = Impairment()


class Count(_Message):
    """Say `counts`."""

    do: Literal["count"] = "count"


RelayCommand = Annotated[Admit | Remove | Impair | Count, Field(discriminator="do")]


# From the relay


class Ready(_Message):
    """Said first, by both. The relay's URL is `udp://ADDRESS:PORT`, under `relay`."""

    event: Literal["ready"] = "ready"
    urls: dict[str, str] = {}


class Left(_Message):
    """A session said goodbye, was removed, or has not been heard of for `silent_seconds` (then `silent`)."""

    event: Literal["left"] = "left"
    session: Name
    room: Name
    silent: bool = False
    heard: bool = True  # anything at all, ever: who was admitted and never came has no media to lose
    packets_in: int = 0  # voice from it
    packets_out: int = 0  # voice to it, copies included
    packets_lost: int = 0  # on purpose, on the way to it
    packets_duplicated: int = 0


class Counts(_Message):
    """What the relay did, since it began. Voice only: RTCP is counted apart and never lost on purpose."""

    event: Literal["counts"] = "counts"
    at_ms: int
    sessions: int  # there now, and heard of
    rooms: int
    packets_in: int
    packets_out: int  # forwarded, copies included
    packets_lost: int  # on purpose
    packets_duplicated: int
    packets_delayed: int
    packets_unsent: int  # the operating system would not take them
    packets_overflowed: int  # arrived when the relay's own buffer was full; at least: what came in one piece is one
    reports_in: int
    strangers: int  # of an SSRC that nobody admitted, or no RTP at all


class Refused(_Message):
    """A command that made no sense, and why."""

    event: Literal["refused"] = "refused"
    command: str
    reason: str


GeneratorEvent = Annotated[Ready | Connected | Report | Paced | Refused, Field(discriminator="event")]
RelayEvent = Annotated[Ready | Left | Counts | Refused, Field(discriminator="event")]

_GENERATOR_COMMANDS: Final[TypeAdapter[Join | Mute | Leave]] = TypeAdapter(GeneratorCommand)
_RELAY_COMMANDS: Final[TypeAdapter[Admit | Remove | Impair | Count]] = TypeAdapter(RelayCommand)
_GENERATOR_EVENTS: Final[TypeAdapter[Ready | Connected | Report | Paced | Refused]] = TypeAdapter(GeneratorEvent)
_RELAY_EVENTS: Final[TypeAdapter[Ready | Left | Counts | Refused]] = TypeAdapter(RelayEvent)


def read_generator_command(line: bytes) -> Join | Mute | Leave | Refused:
    """One line to the generator; Refused where it makes no sense."""
    try:
        return _GENERATOR_COMMANDS.validate_json(line)
    except ValidationError as error:
        return _refused(line, error)


def read_relay_command(line: bytes) -> Admit | Remove | Impair | Count | Refused:
    """One line to the relay; Refused where it makes no sense."""
    try:
        return _RELAY_COMMANDS.validate_json(line)
    except ValidationError as error:
        return _refused(line, error)


def read_generator_event(line: bytes) -> Ready | Connected | Report | Paced | Refused:
    """One line of the generator. Raises ValueError."""
    return _GENERATOR_EVENTS.validate_json(line)


def read_relay_event(line: bytes) -> Ready | Left | Counts | Refused:
    """One line of the relay. Raises ValueError."""
    return _RELAY_EVENTS.validate_json(line)


def _refused(line: bytes, error: ValidationError) -> Refused:
    first = error.errors(include_url=False)[0]
    where = ".".join(str(part) for part in first["loc"])
    return Refused(command=line.decode(errors="replace").strip()[:200], reason=f"{where}: {first['msg']}".lstrip(": "))
