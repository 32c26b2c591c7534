r"""What a load generator writes about itself, one JSON line each second, and how that is read back.

    {"event":"started","at_ms":1767643200000}
    {"event":"measured","at_ms":…,"users":96,"cpu_ratio":0.21,"paced":{"http":{…}},"tallies":{"GET /api/v1/posts":{…}}}
    {"event":"ended","at_ms":…,"until_ms":1767643380000,"requests":3604}

Each `measured` line holds what happened since the line before, so lines are added up; `ended` repeats the number of
requests, by which a reader knows that it has read them all. Locust's workers send the same lines to their master.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import ConfigDict, Field, PlainSerializer, PlainValidator, TypeAdapter

from simulator.wire.latency_histogram import LatencyHistogram

MASTER_GONE = 5
"""Exit code of a worker that had not heard of its master for a minute."""
NO_USERS_LEFT = 6
"""Exit code of a worker that came when all users were dealt among others."""


class Outcome(StrEnum):
    """How one request ended."""

    OK = "ok"
    DECLINED = "declined"  # a 4xx that the journey counts with: what it asked for is gone, or not allowed
    RATE_LIMITED = "rate limited"  # 429
    FAILED = "failed"  # no answer, 5xx, a 4xx that nobody counts with, a body that is not the contract's


class Unanswered(StrEnum):
    """Why a request got no answer, not even the beginning of one."""

    REFUSED = "refused"  # the connection was
    TIMED_OUT = "timed out"  # while connecting, or waiting for the answer
    ABORTED = "aborted"  # the connection ended first, or the user was stopped with the request on its way
    NO_CONNECTION = "no connection"  # no such name, no way there, no free port, or TLS failed: nothing was asked


GIVEN_UP = (Unanswered.TIMED_OUT, Unanswered.ABORTED)
"""What was asked for and may have been done, though nobody heard of it."""


@dataclass
class Tally:
    """Counts of one request name. `requests` is all of them; the rate limited have no part in the latencies.

    `ends` counts them by the status that answered them (of Socket.IO: the code of an error), or why none did.
    """

    __pydantic_config__ = ConfigDict(extra="forbid", arbitrary_types_allowed=True)

    requests: int = 0
    failures: int = 0
    rate_limited: int = 0
    declined: int = 0
    ends: dict[str, int] = field(default_factory=dict)
    latency: Annotated[
        LatencyHistogram,
        PlainValidator(LatencyHistogram.decode),
        PlainSerializer(LatencyHistogram.encode, return_type=str),
    ] = field(default_factory=LatencyHistogram)

    def count(self, outcome: Outcome, seconds: float, end: str = "") -> None:
        """Count one request, with its end where that is known."""
        self.requests += 1
        self.failures += outcome is Outcome.FAILED
        self.declined += outcome is Outcome.DECLINED
        if outcome is Outcome.RATE_LIMITED:
            self.rate_limited += 1
        else:
            self.latency.record(seconds)
        if end:
            self.ends[end] = self.ends.get(end, 0) + 1

    def count_many(self, seconds: Sequence[float], failures: int) -> None:
        """Count latencies that went well, and failures that have none."""
        self.requests += len(seconds) + failures
        self.failures += failures
        self.latency.record_many(seconds)

    def add(self, other: Tally) -> None:
        """Count everything that `other` counted."""
        self.requests += other.requests
        self.failures += other.failures
        self.rate_limited += other.rate_limited
        self.declined += other.declined
        self.latency.add(other.latency)
        for end, count in other.ends.items():
            self.ends[end] = self.ends.get(end, 0) + count


@dataclass
class RoomTrouble:
    """What went wrong in one room."""

    lost: int = 0
    duplicates: int = 0
    reordered: int = 0


@dataclass
class Delivered:
    """Messages that reached members of a room other than their sender, and those that should have.

    Each is one message to one member. `lost` had not come when it was decided, `late` came after that; `undecided` were
    on their way to somebody who left; `untimed` came to somebody who reads slowly by intent. Between machines, the
    clocks by which a delivery is timed may differ by `clock_error_seconds`. `rooms` has only those in which something
    went wrong.
    """

    __pydantic_config__ = ConfigDict(extra="forbid")

    delivered: int = 0
    lost: int = 0
    duplicates: int = 0
    reordered: int = 0
    late: int = 0
    undecided: int = 0
    untimed: int = 0
    clock_error_seconds: float = 0.0
    rooms: dict[str, RoomTrouble] = field(default_factory=dict)

    def room(self, name: str) -> RoomTrouble:
        """Where what goes wrong in a room is counted."""
        return self.rooms.setdefault(name, RoomTrouble())

    def add(self, other: Delivered) -> None:
        """Count everything that `other` counted."""
        self.delivered += other.delivered
        self.lost += other.lost
        self.duplicates += other.duplicates
        self.reordered += other.reordered
        self.late += other.late
        self.undecided += other.undecided
        self.untimed += other.untimed
        self.clock_error_seconds = max(self.clock_error_seconds, other.clock_error_seconds)
        for name, trouble in other.rooms.items():
            room = self.room(name)
            room.lost += trouble.lost
            room.duplicates += trouble.duplicates
            room.reordered += trouble.reordered


def add_tallies(into: dict[str, Tally], more: Mapping[str, Tally]) -> None:
    """Add the tallies of another span or process, name by name."""
    for name, tally in more.items():
        into.setdefault(name, Tally()).add(tally)


def sum_tallies(tallies: Mapping[str, Tally]) -> Tally:
    """All names together."""
    total = Tally()
    for tally in tallies.values():
        total.add(tally)
    return total


@dataclass(frozen=True, kw_only=True)
class Started:
    """The generator is ready, its users may begin."""

    event: Literal["started"] = "started"
    at_ms: int


@dataclass
class Paced:
    """Turns of one scenario."""

    begun: int = 0
    missed: int = 0  # turns of the plan that no user was free to take
    finished: int = 0  # begun and done, where those who take turns count that
    late: int = 0  # begun, but not when they were due

    def add(self, other: Paced) -> None:
        """Count everything that `other` counted, on another process or in another span."""
        self.begun += other.begun
        self.missed += other.missed
        self.finished += other.finished
        self.late += other.late


def add_paced(into: dict[str, Paced], more: Mapping[str, Paced]) -> None:
    """Add the turns of another span or process, scenario by scenario."""
    for scenario, paced in more.items():
        into.setdefault(scenario, Paced()).add(paced)


@dataclass(frozen=True, kw_only=True)
class Measured:
    """What the generator did since its last line. `cpu_ratio` is its busiest process's share of one core.

    `paced` has the turns of each scenario, by its name in profiles (`http`). `given_up` has the names of requests that
    were on their way and got no answer, by the ids that they carried (`X-Request-Id`).
    """

    event: Literal["measured"] = "measured"
    at_ms: int
    users: int
    cpu_ratio: float
    paced: dict[str, Paced] = field(default_factory=dict)
    tallies: dict[str, Tally]
    workers: int = 0  # that the master hears of, where there are any
    deliveries: Delivered | None = None  # where messages to rooms are followed to those who get them
    given_up: dict[str, str] = field(default_factory=dict)

    @property
    def missed(self) -> int:
        """Turns of all plans that no user was free to take."""
        return sum(paced.missed for paced in self.paced.values())


@dataclass(frozen=True, kw_only=True)
class Ended:
    """The generator's last line, with the number of requests of all its lines together.

    `until_ms` is when it stopped to follow the plan: at the plan's end, or when it was told to end early.
    """

    event: Literal["ended"] = "ended"
    at_ms: int
    until_ms: int
    requests: int


Record = Started | Measured | Ended
_RECORD: TypeAdapter[Record] = TypeAdapter(Annotated[Record, Field(discriminator="event")])


def encode_record(record: Record) -> bytes:
    """One line, without its end."""
    return _RECORD.dump_json(record)


def decode_record(line: bytes) -> Record:
    """The record of one line. Raises ValueError."""
    return _RECORD.validate_json(line)
