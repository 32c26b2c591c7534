"""What befalls the packets of a room now: the profile's voice faults, and what was asked for by hand on top.

A fault's intensity is a share of calls, so it meets that share of the rooms, everybody in them, both ways; aimed at a
region, that share of the region's part of them. Which rooms: they are numbered as they come, and number n is met while
the fractional part of s + n times the golden ratio is below the share (s is of the run's seed and the fault). So the
share is right among few rooms too, and a rising intensity only ever adds rooms.
"""

from __future__ import annotations

import math
import zlib
from typing import Final

from simulator.catalog.voice import OVERLOAD_FROM, OVERLOAD_JITTER_MS, OVERLOAD_LOSS, PARTICIPANTS_PER_SFU
from simulator.media.messages import Impairment
from simulator.model.voice_quality import GilbertElliott
from simulator.profile.activity import ActiveFault
from simulator.profile.manifest import Manifest

NOTHING: Final = Impairment()
KINDS: Final = ("voice_packet_loss", "voice_jitter", "voice_delay", "sfu_capacity")
"""The fault kinds that the relay can do something about."""

_GOLDEN: Final = (math.sqrt(5) - 1) / 2


class Impairments:
    """Of one relay, which stands for one instance of LiveKit."""

    def __init__(self, manifest: Manifest | None, instance: str) -> None:
        self._manifest = manifest
        self._instance = instance
        self._by_hand: dict[str | None, Impairment] = {}

    def impair(self, room: str | None, impairment: Impairment) -> None:
        """By hand, for a room or for all (None), until told otherwise."""
        if impairment == NOTHING:
            self._by_hand.pop(room, None)
        else:
            self._by_hand[room] = impairment

    def acting(self, wall_ms: int) -> tuple[ActiveFault, ...]:
        """The voice faults that act on this instance."""
        if self._manifest is None:
            return ()
        return tuple(
            acting
            for acting in self._manifest.active(wall_ms)
            if acting.fault.kind in KINDS and acting.fault.target.instance in (None, self._instance)
        )

    def of_room(self, name: str, number: int, acting: tuple[ActiveFault, ...], participants: int) -> Impairment:
        """Everything that acts on a room, with so many participants on the whole relay."""
        found = [self._by_hand[which] for which in (None, name) if which in self._by_hand]
        for fault in acting:
            if fault.fault.kind == "sfu_capacity":
                found.append(overload(participants, fault.intensity))
            elif self._manifest is not None:
                part = self._manifest.profile.platform.region_share(fault.fault.target.region)
                if met(self._manifest.seed, fault, number, part):
                    found.append(of_fault(fault))
        return together(found)


def met(seed: int, acting: ActiveFault, number: int, part: float = 1.0) -> bool:
    """Whether a fault meets the room of this number; `part` is the share of rooms that it is about."""
    start = zlib.crc32(f"{seed} {acting.fault.id}".encode()) / 2**32
    return (start + number * _GOLDEN) % 1.0 < acting.intensity * part


def taken_share(participants: int, intensity: float) -> float:
    """The share of an SFU's places that are taken: by these, and by a fault's share of those that are left."""
    taken = min(participants, PARTICIPANTS_PER_SFU)
    return (taken + intensity * (PARTICIPANTS_PER_SFU - taken)) / PARTICIPANTS_PER_SFU


def overload(participants: int, intensity: float) -> Impairment:
    """What an SFU does to packets with this share of its free places taken, as the model has it."""
    over = max((taken_share(participants, intensity) - OVERLOAD_FROM) / (1.0 - OVERLOAD_FROM), 0.0)
    return Impairment(loss=OVERLOAD_LOSS * over, jitter_ms=OVERLOAD_JITTER_MS * over)


def together(impairments: list[Impairment]) -> Impairment:
    """One that does what these do one after the other: what one lets through the next may lose; the burst is the mean,
    weighted by the losses."""
    if not impairments:
        return NOTHING
    if len(impairments) == 1:
        return impairments[0]
    losses = sum(one.loss for one in impairments)
    return Impairment(
        loss=1 - math.prod(1 - one.loss for one in impairments),
        burst=sum(one.loss * one.burst for one in impairments) / losses if losses else 1.0,
        lost_good=1 - math.prod(1 - one.lost_good for one in impairments),
        lost_bad=max(one.lost_bad for one in impairments),
        jitter_ms=min(sum(one.jitter_ms for one in impairments), 5_000),
        delay_ms=min(sum(one.delay_ms for one in impairments), 5_000),
        reorder=1 - math.prod(1 - one.reorder for one in impairments),
        duplicate=1 - math.prod(1 - one.duplicate for one in impairments),
    )


def channel_of(impairment: Impairment) -> GilbertElliott:
    """The chances of the channel that loses its packets. More than half can only be lost in longer bursts."""
    least = impairment.loss / (1 - impairment.loss)
    plain = GilbertElliott.of(impairment.loss, max(impairment.burst, least))
    return GilbertElliott(plain.p, plain.r, impairment.lost_good, impairment.lost_bad)


def of_fault(acting: ActiveFault) -> Impairment:
    """What a fault does to the packets of a room that it meets."""
    match acting.fault.kind:
        case "voice_packet_loss":
            return Impairment(loss=acting.parameter("loss"), burst=acting.parameter("burst"))
        case "voice_jitter":
            return Impairment(jitter_ms=acting.parameter("jitter"))
        case "voice_delay":
            return Impairment(delay_ms=acting.parameter("delay"))
        case _:
            return NOTHING
