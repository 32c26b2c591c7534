"""Follows each message from its sender to every member of its room, across all processes of a run.

Each message is stamped with its sender, its number and the instant at which it was sent; what a member receives is
booked in this process's ledger, and once a second the news goes to Locust's statistics:

    SIO deliver      from being sent to being read by another member; lost, twice or out of order are its failures
    SIO echo         from being sent to being read by its sender

With workers, the master tells each which messages users of the others sent, since a room's members may sit anywhere.
"""

from __future__ import annotations

import gc
import os
from collections.abc import Iterable
from functools import lru_cache
from typing import Any, NamedTuple

import gevent
import orjson
from _results import report
from _socketio_clock import RunClock
from _socketio_connection import messages_in
from _socketio_reading import BURSTS, Source
from locust import events
from locust.env import Environment
from locust.rpc import Message
from locust.runners import MasterRunner, WorkerRunner

from simulator.streams.deliveries import Deliveries, Member, News
from simulator.wire.socketio import event_name
from simulator.wire.stamps import Stamp, decode_stamp, encode_stamp
from simulator.wire.websocket import Opcode, WebSocketError

_EVERY_SECONDS = 1.0
_SENT = "crybsim_sent"
_ALIKE = 64  # messages on their way to the members of their rooms
_ROOMS_NAMED = 10  # in the table of failures; the report of a run has them all


class Received(NamedTuple):
    """A message: its room, its stamp (None where it is not of this run), and all that the server tells of it."""

    room: str
    stamp: Stamp | None
    message: dict[str, Any]


class Letter(NamedTuple):
    """A message of this run, as far as a ledger wants to know."""

    room: str
    stamp: Stamp


class PostOffice:
    """What the users of this process send and receive. There is one, `POST`."""

    def __init__(self) -> None:
        self.process = ""
        self.clock = RunClock()
        self.ledger = Deliveries()
        self.alone = True  # no other process of this run
        self._environment: Environment | None = None
        self._echoes_us: list[int] = []
        self._heartbeats: list[float] = []
        self._named: set[str] = set()
        self.read = lru_cache(_ALIKE)(self._read)
        """The message that an event `42["message:create",…]` brings."""
        self._letter = lru_cache(_ALIKE)(self._open)

    def begin(self, environment: Environment) -> None:
        """Report once a second from now on."""
        self.process = os.urandom(4).hex()  # not before: Locust's --processes forks after it has read this file
        self._environment = environment
        gc.collect()
        gc.freeze()  # what is here by now stays, so collections need not look at it
        self.alone = not isinstance(environment.runner, WorkerRunner)
        environment.events.test_stop.add_listener(lambda **_: self.report())
        gevent.spawn(self._every_second)

    def stamp(self, user: int, number: int) -> str:
        """The stamp of a message that is sent now."""
        return encode_stamp(self.clock.run, self.process, user, number, self.clock.now_us())

    def ask_in(self, room: str, user: int, *, timed: bool = True) -> Member:
        """A user of this process asks to be in a room."""
        return self.ledger.join(room, (self.process, user), self.clock.now_us(), timed=timed, asked=True)

    def let_in(self, member: Member) -> None:
        """The server has just told that the user is in the room."""
        self.ledger.let_in(member, self.clock.now_us())

    def leave(self, member: Member) -> None:
        """The user is about to leave, or its connection is gone."""
        self.ledger.leave(member, self.clock.now_us())

    def awaits(self, stays: Iterable[Member]) -> bool:
        """Whether something is still on its way to somebody, and not yet given up."""
        self.ledger.settle(self.clock.now_us())
        return any(map(self.ledger.waits, stays))

    def hand_out(self, data: bytes, sources: list[Source]) -> list[Source]:
        """What several have received alike, if it is a message of this run: to all of them but its sender (see
        `_socketio_reading.Bursts`)."""
        letter = self._letter(data)
        if letter is None:
            return sources
        room, stamp = letter
        sender = (stamp.process, stamp.user)
        own, stays = [], []
        for source in sources:
            stay = source.inbox.stays.get(room) if source.inbox is not None else None
            if stay is None or stay.who == sender:
                own.append(source)
            else:
                stays.append(stay)
        if stays:
            self.ledger.reached(stays, stamp, self.clock.at_us(BURSTS.at_ns))
        return own

    def arrived(self, member: Member, stamp: Stamp) -> bool:
        """A member received a message; whether it is its own that came back."""
        now_us = self.clock.at_us(BURSTS.at_ns)
        if not self.ledger.reached((member,), stamp, now_us):
            return False
        self._echoes_us.append(now_us - stamp.sent_us)
        return True

    def pinged(self, late_seconds: float) -> None:
        """The server's ping came so much later than its interval."""
        self._heartbeats.append(max(0.0, late_seconds))

    def report(self) -> None:
        """Decide what can be decided, and tell Locust what became known."""
        if self._environment is None:
            return
        self.ledger.guard_us = 2 * (self.clock.error_us or 0)
        self.ledger.settle(self.clock.now_us())
        news = self.ledger.take()
        counts = news.counts
        counts.clock_error_seconds = 2 * (self.clock.error_us or 0) / 1e6
        latencies = [max(0, latency) / 1e6 for latency in news.latencies_us]
        known = counts if counts.delivered or counts.undecided or counts.late or counts.rooms else None
        report(self._environment, "SIO", "deliver", latencies, self._failures(news), known)
        report(self._environment, "SIO", "echo", [latency / 1e6 for latency in self._echoes_us])
        report(self._environment, "SIO", "heartbeat", self._heartbeats)
        self._echoes_us, self._heartbeats = [], []
        if not self.alone and news.accepted:
            self._environment.runner.send_message(_SENT, {"messages": news.accepted})

    def told(self, msg: Message) -> None:
        """Messages that users of other processes sent, from the master."""
        for room, process, user, number, sent_us in msg.data["messages"]:
            self.ledger.accepted(room, (process, user), number, sent_us)

    def _read(self, event: bytes) -> Received:
        message = orjson.loads(event[2:])[1]
        stamp = decode_stamp(message.get("nonce") or message.get("content") or "")
        if stamp is not None and stamp.run != self.clock.run:
            stamp = None  # somebody else's message
        return Received(message["channelId"], stamp, message)

    def _open(self, data: bytes) -> Letter | None:
        """The message of this run that these bytes are, and nothing else."""
        try:
            (opcode, event), *more = messages_in(data) or [(0, b"")]
        except WebSocketError:
            return None
        if more or opcode != Opcode.TEXT or event_name(event) != b"message:create":
            return None
        room, stamp, _ = self.read(event)
        return None if stamp is None else Letter(room, stamp)

    def _failures(self, news: News) -> dict[str, int]:
        """What went wrong, by what and where, as the table of failures has it."""
        found: dict[str, int] = {}
        for room, trouble in news.counts.rooms.items():
            if len(self._named) < _ROOMS_NAMED:
                self._named.add(room)
            where = f"in {room}" if room in self._named else "in other rooms"
            for what, count in (
                (f"lost {where}", trouble.lost),
                (f"came twice {where}", trouble.duplicates),
                (f"came out of order {where}", trouble.reordered),
            ):
                found[what] = found.get(what, 0) + count
        return found

    def _every_second(self) -> None:
        while True:
            gevent.sleep(_EVERY_SECONDS)
            self.report()


POST = PostOffice()
BURSTS.hand_out = POST.hand_out


@events.init.add_listener
def _open(environment: Environment, **_: object) -> None:
    runner = environment.runner
    POST.clock.begin(runner)
    if isinstance(runner, MasterRunner):

        def pass_on(msg: Message, **_: Any) -> None:
            for client_id in list(runner.clients):
                if client_id != msg.node_id:
                    runner.send_message(_SENT, msg.data, client_id)

        runner.register_message(_SENT, pass_on)
        return
    if isinstance(runner, WorkerRunner):
        runner.register_message(_SENT, lambda msg, **_: POST.told(msg))
    POST.begin(environment)
