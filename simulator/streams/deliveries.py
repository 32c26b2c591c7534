"""Which members of which rooms got which messages: loss, duplicates and order, decided message by message. Pure.

    here = Deliveries()
    member = here.join("channel1", ("7be1d004", 17), at_us)      the server has confirmed that this user is in the room
    here.received(member, stamp, now_us)                         the user got a message
    here.settle(now_us); here.take()                             what is known by now, each second

A message is settled `SETTLED_US` after it was sent: whoever has been in its room since before it was sent, and is not
its sender, should have it by then; who has not has lost it. Who left before that is neither here nor there, so what was
under way to them is `undecided`. A message that nobody here got counts only when its sender, perhaps in another
process, has seen that the server took it (`accepted`). All instants are microseconds of the run's clock.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import repeat

from simulator.wire.load_report import Delivered
from simulator.wire.stamps import Stamp

SETTLED_US = 10_000_000
"""What has not arrived by then is lost."""

_FORGOTTEN_US = 70_000_000  # what arrives again after that is taken for new
_NEVER_US = 1 << 62

Who = tuple[str, int]
"""A user of the run: its process and its number there."""

_Key = tuple[str, int, int]  # and the number of a message


class _Message:
    __slots__ = ("got", "lost", "sent_us")

    def __init__(self, sent_us: int) -> None:
        self.sent_us = sent_us
        self.got = 0  # the bits of who got it
        self.lost: int | None = None  # the bits of who did not, once it is settled


class Room:
    """A room as far as this process is in it."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.members: set[Member] = set()
        self.messages: dict[_Key, _Message] = {}
        self._bits = 0
        self._free: deque[tuple[int, int]] = deque()  # left at, bit

    def bit(self, now_us: int) -> int:
        """A bit that no message in `messages` knows."""
        if self._free and now_us - self._free[0][0] > _FORGOTTEN_US:
            return self._free.popleft()[1]
        self._bits += 1
        return 1 << (self._bits - 1)

    def free(self, bit: int, now_us: int) -> None:
        """Give a bit back."""
        self._free.append((now_us, bit))


class Member:
    """One user's stay in one room."""

    __slots__ = ("bit", "joined_us", "last", "room", "timed", "who")

    def __init__(self, room: Room, who: Who, joined_us: int, bit: int, timed: bool) -> None:
        self.room = room
        self.who = who
        self.joined_us = joined_us
        self.bit = bit
        self.timed = timed
        self.last: dict[Who, int] = {}  # the highest number of each sender that came


@dataclass(kw_only=True)
class News:
    """What became known since the last time. `latencies_us` are those of `counts.delivered` that could be timed."""

    counts: Delivered = field(default_factory=Delivered)
    latencies_us: list[int] = field(default_factory=list)
    accepted: list[tuple[str, str, int, int, int]] = field(default_factory=list)
    """For the other processes of the run: room and stamp of what users of this one sent."""


class Deliveries:
    """The deliveries to the users of one process.

    `guard_us` is by how much the clocks of senders and receivers may differ: a message that was sent no more than that
    after a member came is not counted on.
    """

    def __init__(self) -> None:
        self.guard_us = 0
        self._rooms: dict[str, Room] = {}
        self._pending: deque[tuple[Room, _Key]] = deque()
        self._settled: deque[tuple[Room, _Key]] = deque()
        self._news = News()

    def join(self, room: str, who: Who, at_us: int, *, timed: bool = True, asked: bool = False) -> Member:
        """`who` is in a room since `at_us` at the latest; with `asked`, it has only asked to be let in: what comes is
        counted, nothing is counted on before `let_in`. Without `timed`, it reads slowly by intent, so only whether
        messages come is measured."""
        into = self._rooms.get(room)
        if into is None:
            into = self._rooms[room] = Room(room)
        member = Member(into, who, _NEVER_US if asked else at_us + self.guard_us, into.bit(at_us), timed)
        into.members.add(member)
        return member

    def let_in(self, member: Member, at_us: int) -> None:
        """The server told that somebody who asked is in the room."""
        member.joined_us = at_us + self.guard_us

    def leave(self, member: Member, at_us: int) -> None:
        """The member is leaving, or its connection is gone: it is not counted on from `at_us` on."""
        room = member.room
        if member not in room.members:
            return
        self._news.counts.undecided += len(self._awaited(member))
        room.members.remove(member)
        room.free(member.bit, at_us)
        if not room.members and not room.messages:
            self._rooms.pop(room.name, None)

    def waits(self, member: Member) -> bool:
        """Whether something that was sent to its room has not reached the member yet."""
        return bool(self._awaited(member))

    def accepted(self, room: str, who: Who, number: int, sent_us: int) -> None:
        """The server took a message that a user elsewhere sent to a room: whoever is in it here should get it."""
        into = self._rooms.get(room)
        key = (*who, number)
        if into is not None and into.members and key not in into.messages:
            self._await(into, key, sent_us)

    def received(self, member: Member, stamp: Stamp, now_us: int) -> bool:
        """A message reached a member. Returns whether it is the member's own, for the first time: the echo."""
        return self.reached((member,), stamp, now_us)

    def reached(self, members: Sequence[Member], stamp: Stamp, now_us: int) -> bool:
        """A message reached these members of one room, each of them once. Returns whether it is one's own, for the
        first time: the echo."""
        _, process, user, number, sent_us = stamp
        room, counts = members[0].room, self._news.counts
        who, key = (process, user), (process, user, number)
        message = room.messages.get(key)
        if message is None:
            message = self._await(room, key, sent_us)
        got, lost = message.got, message.lost or 0
        delivered = untimed = 0
        echo = False
        for member in members:
            bit, last = member.bit, member.last
            if got & bit:
                counts.duplicates += 1
                counts.room(room.name).duplicates += 1
                continue
            got |= bit
            if number < last.get(who, 0):
                counts.reordered += 1
                counts.room(room.name).reordered += 1
            else:
                last[who] = number
            if member.who == who:
                self._news.accepted.append((room.name, process, user, number, sent_us))
                echo = True
            elif lost & bit:
                counts.late += 1
            else:
                delivered += 1
                untimed += not member.timed
        message.got = got
        counts.delivered += delivered
        counts.untimed += untimed
        self._news.latencies_us.extend(repeat(now_us - sent_us, delivered - untimed))
        return echo

    def settle(self, now_us: int) -> None:
        """Decide every message that is old enough."""
        while self._pending:
            room, key = self._pending[0]
            message = room.messages[key]
            if now_us - message.sent_us < SETTLED_US:
                break
            self._pending.popleft()
            self._settled.append((room, key))
            message.lost = 0
            for member in room.members:
                if not message.got & member.bit and _concerns(member, key, message):
                    message.lost |= member.bit
            if message.lost:
                self._news.counts.lost += message.lost.bit_count()
                self._news.counts.room(room.name).lost += message.lost.bit_count()
        while self._settled:
            room, key = self._settled[0]
            if now_us - room.messages[key].sent_us < _FORGOTTEN_US:
                break
            self._settled.popleft()
            del room.messages[key]
            if not room.members and not room.messages:
                self._rooms.pop(room.name, None)

    def take(self) -> News:
        """What became known since the last call."""
        news, self._news = self._news, News()
        return news

    def _await(self, room: Room, key: _Key, sent_us: int) -> _Message:
        message = room.messages[key] = _Message(sent_us)
        self._pending.append((room, key))
        return message

    def _awaited(self, member: Member) -> list[_Key]:
        return [
            key
            for key, message in member.room.messages.items()
            if message.lost is None and not message.got & member.bit and _concerns(member, key, message)
        ]


def _concerns(member: Member, key: _Key, message: _Message) -> bool:
    """Whether a member should get a message: it was there before the message was sent, by somebody else."""
    return member.joined_us <= message.sent_us and key[:2] != member.who
