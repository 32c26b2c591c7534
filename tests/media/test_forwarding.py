"""What the relay's kernel does to many packets, without sockets: shares that hold whatever is drawn."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

import numpy as np
import pytest

from simulator.media.arriving import Arrivals
from simulator.media.batches import Batch, address_word
from simulator.media.forwarding import (
    DELAYED,
    DUPLICATED,
    IN,
    LOST,
    OUT,
    REORDER_MS,
    STRANGERS,
    TALLY,
    Noticed,
    forward,
)
from simulator.media.messages import Admit, Impairment
from simulator.media.rooms import RoomFullError, Rooms
from simulator.media.wheel import WHEEL, empty_wheel, release
from simulator.wire.rtp import RtpPacket, decode_rtp, encode_rtp

HELD = 1 << 15
LISTENERS = 20


class Bench:
    """A room with one talker and some listeners."""

    def __init__(self, impairment: Impairment) -> None:
        self.rooms = Rooms()
        for number in range(LISTENERS + 1):
            self.rooms.admit(Admit(session=f"s{number}", room="room", ssrc=number + 1), 0)
        self.rooms.impair(lambda room: impairment)
        self.rooms.members["address"][self.rooms.members["ssrc"] > 1] = address_word("127.0.0.1", 9)
        self.arrivals, self.out = Arrivals(), Batch(4096).out
        self.arrivals.datagrams["address"] = address_word("127.0.0.1", 8)
        self.wheel = empty_wheel(HELD)
        self.random = np.array([42], np.uint64)
        self.noticed = Noticed(np.zeros(65, np.int64), np.zeros(65, np.int64))
        self.tally = np.zeros(TALLY, np.int64)
        self.now_ms = 1_000
        self.heard: dict[int, list[int]] = {}  # by listener's SSRC: numbers, in order

    def talk(self, packets: int, ssrc: int = 1) -> None:
        """A packet every 20 ms; what is due is heard meanwhile."""
        for number in range(packets):
            data = encode_rtp(RtpPacket(111, number & 0xFFFF, number * 960, ssrc, b"\x78voice"))
            self.arrivals.data[: len(data)] = np.frombuffer(data, np.uint8)
            self.arrivals.datagrams["length"][0] = len(data)
            done, written = forward(
                self.arrivals.datagrams,
                self.arrivals.data,
                0,
                1,
                self.now_ms,
                self.rooms.forwarding,
                self.out,
                self.wheel,
                self.noticed,
                self.random,
                self.tally,
            )
            assert done == 1
            self._hear(written)
            self.wait(20)

    def wait(self, milliseconds: int) -> None:
        for _ in range(milliseconds):
            self.now_ms += 1
            self._hear(release(self.now_ms % WHEEL, self.out, self.wheel))

    def _hear(self, written: int) -> None:
        for at in range(written):
            packet = decode_rtp(self.out.data[at, : int(self.out.lengths[at])].tobytes())
            assert packet.payload == b"\x78voice"
            assert packet.extension is not None
            self.heard.setdefault(int.from_bytes(packet.extension.data, "big"), []).append(packet.sequence)


def test_without_impairment_everybody_else_hears_everything_in_order() -> None:
    bench = Bench(Impairment())
    bench.talk(50)
    assert bench.heard == {ssrc: list(range(50)) for ssrc in range(2, LISTENERS + 2)}
    assert (bench.tally[IN], bench.tally[OUT], bench.tally[LOST]) == (50, 50 * LISTENERS, 0)


def test_losses_have_the_share_and_the_bursts_that_were_asked_for_and_spare_the_first() -> None:
    """40,000 packets of a channel with 10 % in bursts of 4: within four standard errors, some 0.9 % and 0.25."""
    bench = Bench(Impairment(loss=0.1, burst=4))
    bench.talk(2000)
    lost = [sorted(set(range(2000)) - set(numbers)) for numbers in bench.heard.values()]
    total = sum(map(len, lost))
    runs = sum(1 for numbers in lost for number in numbers if number - 1 not in set(numbers))
    assert total == bench.tally[LOST] == 2000 * LISTENERS - bench.tally[OUT]
    assert total / (2000 * LISTENERS) == pytest.approx(0.1, abs=0.012)
    assert total / runs == pytest.approx(4.0, abs=0.3)
    assert all(numbers[0] == 0 for numbers in bench.heard.values())


@pytest.mark.parametrize(
    ("impairment", "check"),
    [
        (Impairment(delay_ms=100), lambda late, doubled, turned: late == 1.0 and doubled == turned == 0),
        (Impairment(jitter_ms=60), lambda late, doubled, turned: late > 0.95 and doubled == 0 and turned > 0.2),
        (Impairment(reorder=0.1), lambda late, doubled, turned: 0.08 < late < 0.12 and 0.06 < turned < 0.12),
        (Impairment(duplicate=0.1), lambda late, doubled, turned: late == turned == 0 and 0.08 < doubled < 0.12),
    ],
    ids=["delay", "jitter", "reorder", "duplicate"],
)
def test_delays_turns_and_copies(impairment: Impairment, check: Callable[[float, float, float], bool]) -> None:
    bench = Bench(impairment)
    bench.talk(300)
    bench.wait(max(1_500, REORDER_MS))
    numbers = list(bench.heard.values())
    assert [sorted(set(heard)) for heard in numbers] == [list(range(300))] * LISTENERS  # nothing is lost
    assert bench.wheel.free[0] == HELD  # nothing is left in the wheel
    total = 300 * LISTENERS
    turned = sum(after < before for heard in numbers for before, after in pairwise(heard))
    assert sum(map(len, numbers)) - total == bench.tally[DUPLICATED]
    assert check(bench.tally[DELAYED] / total, bench.tally[DUPLICATED] / total, turned / total)


def test_strangers_are_heard_by_nobody() -> None:
    bench = Bench(Impairment())
    bench.talk(10, ssrc=999)
    assert bench.heard == {}
    assert bench.tally[STRANGERS] == 10


def test_a_seat_is_given_again_as_new_and_a_full_room_refuses() -> None:
    rooms = Rooms()
    for number in range(128):
        rooms.admit(Admit(session=f"s{number}", room="room", ssrc=number + 1), 0)
    with pytest.raises(RoomFullError):
        rooms.admit(Admit(session="one-too-many", room="room", ssrc=500), 0)
    rooms.legs[:] = 3
    rooms.remove(rooms.by_session["s5"])
    rooms.admit(Admit(session="next", room="room", ssrc=501), 0)
    place = rooms.by_session["next"]
    assert not rooms.legs[place].any()
    seat = int(rooms.members[place]["seat"])
    assert not rooms.legs[list(rooms.by_session.values()), seat].any()
    for session in list(rooms.by_session):
        rooms.remove(rooms.by_session[session])
    assert rooms.by_name == {}
