"""Who is in which room of a relay: the arrays that its kernels work on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from simulator.media.forwarding import MEMBER, MOST_MEMBERS, ROOM, Forwarding
from simulator.media.impairments import NOTHING, channel_of
from simulator.media.messages import Admit, Impairment
from simulator.media.tables import empty_table, forget, put

_ROOM: Final = 1024


@dataclass
class Room:
    """A room that somebody has been admitted to. `number`: the how-manieth of this relay it was."""

    name: str
    row: int
    number: int


class RoomFullError(Exception):
    """No seat is left."""


class Rooms:
    """Members by place, rooms by row."""

    def __init__(self) -> None:
        self.members = np.zeros(0, MEMBER)
        self.legs = np.zeros((0, MOST_MEMBERS), np.uint8)
        self.rows = np.zeros(0, ROOM)
        self.seats = np.zeros((0, MOST_MEMBERS), np.int32)
        self.table = empty_table(1)
        self.by_session: dict[str, int] = {}
        self.by_name: dict[str, Room] = {}
        self._names: dict[int, tuple[str, str, int]] = {}  # session, room and SSRC of a place
        self._free: list[int] = []
        self._free_rows: list[int] = []
        self._numbers: dict[str, int] = {}  # a room that empties keeps its number
        self._grow()
        self._grow_rows()

    @property
    def forwarding(self) -> Forwarding:
        """The arrays as they are now."""
        return Forwarding(self.table, self.members, self.rows, self.seats, self.legs)

    def knows(self, ssrc: int) -> bool:
        """Whether somebody has this SSRC."""
        return any(found == ssrc for _, _, found in self._names.values())

    def names(self, place: int) -> tuple[str, str]:
        """Session and room of a member."""
        session, room, _ = self._names[place]
        return session, room

    def admit(self, command: Admit, now_ns: int) -> Room:
        """Give a session a seat; the room. Raises RoomFullError."""
        room = self.by_name.get(command.room) or self._open(command.room)
        free = np.flatnonzero(self.seats[room.row] < 0)
        if not len(free):
            raise RoomFullError(f"room {command.room} has {MOST_MEMBERS} members")
        if not self._free:
            self._grow()
        place, seat = self._free.pop(), int(free[0])
        self.members[place] = np.zeros((), MEMBER)
        self.members[place]["ssrc"] = command.ssrc
        self.members[place]["room"] = room.row
        self.members[place]["seat"] = seat
        self.members[place]["heard_ns"] = now_ns
        self.legs[place] = 0
        others = self.seats[room.row]
        self.legs[others[others >= 0], seat] = 0
        self.seats[room.row, seat] = place
        self.rows[room.row]["seats"] = max(int(self.rows[room.row]["seats"]), seat + 1)
        put(self.table, command.ssrc, place)
        self.by_session[command.session] = place
        self._names[place] = (command.session, command.room, command.ssrc)
        return room

    def remove(self, place: int) -> None:
        """Take a member out; an empty room closes."""
        session, name, ssrc = self._names.pop(place)
        del self.by_session[session]
        forget(self.table, ssrc)
        member = self.members[place]
        row = int(member["room"])
        self.seats[row, int(member["seat"])] = -1
        self._free.append(place)
        taken = np.flatnonzero(self.seats[row] >= 0)
        self.rows[row]["seats"] = int(taken[-1]) + 1 if len(taken) else 0
        if not len(taken):
            self._free_rows.append(self.by_name.pop(name).row)

    def impair(self, impairment_of: Callable[[Room], Impairment]) -> None:
        """Set what befalls each room's packets."""
        for room in self.by_name.values():
            row, impairment = self.rows[room.row], impairment_of(room)
            channel = channel_of(impairment)
            row["impaired"] = impairment != NOTHING
            row["turns_bad"], row["turns_good"] = channel.p, channel.r
            row["lost_good"], row["lost_bad"] = channel.lost_good, channel.lost_bad
            row["jitter_ms"], row["delay_ms"] = impairment.jitter_ms, impairment.delay_ms
            row["reorder"], row["duplicate"] = impairment.reorder, impairment.duplicate

    def _open(self, name: str) -> Room:
        if not self._free_rows:
            self._grow_rows()
        row = self._free_rows.pop()
        self.rows[row] = np.zeros((), ROOM)
        self.seats[row] = -1
        number = self._numbers.setdefault(name, len(self._numbers))
        self.by_name[name] = Room(name, row, number)
        return self.by_name[name]

    def _grow(self) -> None:
        old = len(self.members)
        size = max(2 * old, _ROOM)
        self.members = _longer(self.members, size)
        self.legs = _longer(self.legs, size)
        self._free[:0] = range(size - 1, old - 1, -1)
        self.table = empty_table(size)
        for place, (_, _, ssrc) in self._names.items():
            put(self.table, ssrc, place)

    def _grow_rows(self) -> None:
        old = len(self.rows)
        size = max(2 * old, _ROOM)
        self.rows = _longer(self.rows, size)
        self.seats = _longer(self.seats, size)
        self._free_rows[:0] = range(size - 1, old - 1, -1)


def _longer(array: NDArray[Any], size: int) -> NDArray[Any]:
    longer = np.zeros((size, *array.shape[1:]), array.dtype)
    longer[: len(array)] = array
    return longer
