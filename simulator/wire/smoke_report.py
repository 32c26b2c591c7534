"""What a smoke run writes, one JSON line for each request and each journey's end, and how that is read back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import Field, TypeAdapter

from simulator.wire.load_report import Outcome


@dataclass(frozen=True, kw_only=True)
class RequestSeen:
    """One request. `outcome` is None where the target file says that the API has no such route: nothing was sent."""

    event: Literal["request"] = "request"
    journey: str
    route: str  # method and pattern of the contract
    outcome: Outcome | None
    status: int  # 0 without an answer
    milliseconds: float
    problem: str = ""


@dataclass(frozen=True, kw_only=True)
class JourneyEnded:
    """The end of a journey. `ended_early` says what it needed and did not find, `broken` what it stumbled over."""

    event: Literal["ended"] = "ended"
    journey: str
    seconds: float
    ended_early: str = ""
    broken: str = ""


Record = RequestSeen | JourneyEnded
_RECORD: TypeAdapter[Record] = TypeAdapter(Annotated[Record, Field(discriminator="event")])


def encode_record(record: Record) -> bytes:
    """One line, without its end."""
    return _RECORD.dump_json(record)


def decode_record(line: bytes) -> Record:
    """The record of one line. Raises ValueError."""
    return _RECORD.validate_json(line)
