"""A member of the platform who is connected: in rooms, talking, hearing the others. What is counted:

    SIO connect           from the first byte to `ready`, login not included; refusals and time-outs by their reason
    SIO emit <event>      from sending an event to the server's answer, which is another event; an `error` by its code
    SIO deliver, echo     see _socketio_delivery.py
    SIO disconnect        connections that the server or the network ended (only ever failures)

A message takes a turn of the run's plan; what goes with it (typing, a reaction) does not.
"""

from __future__ import annotations

import contextlib
import itertools
import logging
import time
from collections.abc import Callable, Collection
from typing import Any

import gevent
import orjson
from _api import EXEMPT, TARGET
from _ending import event_ending
from _made import TAG
from _member import WORDING, Json, Member
from _run import PLAIN_HOST
from _shape import REQUEST_SECONDS
from _socketio_client import RefusedError, SocketIOClient, Transport
from _socketio_connection import ConnectError
from _socketio_delivery import POST, Received
from gevent.event import AsyncResult
from gevent.lock import RLock
from locust.env import Environment
from locust.exception import StopUser

from simulator.profile.schema import Scenario
from simulator.streams.deliveries import SETTLED_US
from simulator.streams.deliveries import Member as Stay
from simulator.wire.load_report import Outcome

_BACK_OFF_SECONDS = (1.0, 5.0)  # at first, and at most; times 0.5 to 1.5: as socket.io-client does
_DRAIN_SECONDS = SETTLED_US / 1e6 + 0.3  # within Locust's --stop-timeout of a run
_RELAY_SECONDS = 3.0  # until the last messages of other workers' users are known here
_LIMITED = ("rate limit", "too many")
_POLLING_SHARE = 0.2

_numbers = itertools.count(1)


class EventError(ConnectError):
    """An event was not answered as it should be; the text is the error's code, or what happened instead."""


class SocketIOMember(Member):
    """Someone with an account and a connection. Journeys are made of `self.say`, `self.ask` and `self.tell`."""

    abstract = True
    scenario = Scenario.SOCKETIO
    host = PLAIN_HOST
    insecure = False
    reads_slowly = False

    def __init__(self, environment: Environment) -> None:
        super().__init__(environment)
        self.number = next(_numbers)
        self.id = ""
        self.stays: dict[str, Stay] = {}
        """The rooms (channels) that this user is in."""
        self.sio = SocketIOClient(self._on_event, self._on_end, inbox=self)
        self.sio.on_ping = POST.pinged
        self._sent = 0
        self._answer = b""  # the event that is waited for
        self._matches: Callable[[Any], bool] | None = None
        self._result: AsyncResult | None = None
        self._told: str = ""  # the last event that nobody answers
        self._gate = RLock()  # one conversation with the server at a time
        self._returning: gevent.Greenlet | None = None
        self._stopping = False

    # --- what journeys use

    def come(self) -> None:
        """Be connected and in a room, however often that has to be tried; every try is counted.

        Whoever is cut off comes back without being asked to.
        """
        with self._gate:
            for attempt in itertools.count():
                if self.sio.connected and self.stays:
                    return
                if attempt:
                    first, most = _BACK_OFF_SECONDS
                    gevent.sleep(min(most, first * 2 ** (attempt - 1)) * self.random.uniform(0.5, 1.5))
                if self._connect():
                    self._enter()

    def say(self, text: str | None = None, *, room: str | None = None) -> Json | None:
        """Send a message to a room in this user's next turn, and wait until it comes back; None when it does not."""
        super().turn()
        if not self.stays:
            self.come()
        late = super().late_seconds()
        channel = room or self.random.choice(list(self.stays))
        self._sent += 1
        number = self._sent
        stamp = POST.stamp(self.number, number)
        body = {
            "channelId": channel,
            "content": f"{text or self.random.choice(WORDING.messages)} {TAG}",
            "nonce": stamp,
        }
        made = self.ask("message:create", body, "message:create", lambda echo: echo == number, late=late)
        if made is not None:
            self.made("message", made["id"])
        return made

    def ask(
        self,
        event: str,
        body: Json,
        answer: str,
        matches: Callable[[Any], bool] | None = None,
        *,
        declines: Collection[str] = (),
        late: float = 0.0,
    ) -> Any:
        """Emit an event and wait for the event that answers it; returns that one's data, or None.

        `declines` are the codes of `error` that the journey counts with. A message's echo `matches` by its number.
        """
        with self._gate:
            if not self.sio.connected:
                return None
            self._answer, self._matches, self._result = answer.encode(), matches, AsyncResult()
            self.sio.hurry(True)
            began = time.perf_counter()
            problem: Exception | None = None
            data = None
            try:
                self.sio.emit(event, body)
                data = self._result.get(timeout=REQUEST_SECONDS)
            except gevent.Timeout:
                problem = EventError("timed out")
            except EventError as error:
                problem = error
            except gevent.GreenletExit:
                self._count(f"emit {event}", began, EventError("cut off: this user was stopped"), declines, late)
                raise
            finally:
                self._answer, self._matches, self._result = b"", None, None
                self.sio.hurry(False)
        self._count(f"emit {event}", began, problem, declines, late)
        return data

    def tell(self, event: str, body: Json) -> None:
        """Emit an event that the server answers to others only. Counted as sent; an `error` that follows, too."""
        began = time.perf_counter()
        self.sio.emit(event, body)
        if self.sio.connected:
            self._told = event
            self._count(f"emit {event}", began, None)

    # --- how users live

    def on_start(self) -> None:
        if not POST.clock.wait():
            logging.error("the master did not tell its time, so deliveries could not be measured: this user gives up")
            raise StopUser
        self.come()

    def on_stop(self) -> None:
        """Stay until what was sent to the rooms has come, or will not come any more."""
        self._stopping = True
        if self._returning is not None:
            self._returning.kill()
        ends = time.monotonic() + _DRAIN_SECONDS
        stays_until = time.monotonic() + (0.0 if POST.alone else _RELAY_SECONDS)
        try:
            while self.sio.connected and time.monotonic() < ends:
                if time.monotonic() >= stays_until and not POST.awaits(self.stays.values()):
                    break
                gevent.sleep(0.1)
        finally:
            self.leave()

    def leave(self, *, politely: bool = True) -> None:
        """Hang up; what is on its way to this user then is not counted on."""
        self._forget_rooms()
        if politely:
            self.sio.close()
        else:
            self.sio.drop()

    def turn(self) -> None:
        """Logging in takes no turn: the plan's turns are messages."""

    def late_seconds(self) -> float:
        """Only messages can be late."""
        return 0.0

    # --- getting in

    def _connect(self) -> bool:
        if not self._signed_in():
            return False
        transport = Transport.POLLING if self.random.random() < _POLLING_SHARE else Transport.WEBSOCKET
        headers = {**EXEMPT, **({"X-Forwarded-For": self.identity.address} if TARGET.users.own_addresses else {})}
        began = time.perf_counter()
        self._answer, self._result = b"ready", AsyncResult()
        problem: Exception | None = None
        try:
            self.sio.connect(
                self.host,
                self.identity.access_token,
                transport,
                seconds=REQUEST_SECONDS,
                headers=headers,
                insecure=self.insecure,
            )
            ready = self._result.get(timeout=REQUEST_SECONDS)
            self.id = ready["user"]["id"]
            self._servers = [server["id"] for server in ready.get("servers") or ()]
        except ConnectError as error:
            problem = error
        except gevent.Timeout:
            problem = EventError("was let in, but never told to be ready")
        finally:
            self._answer, self._result = b"", None
            self.sio.hurry(False)
        self._count("connect", began, problem)
        self.client.close()  # what was needed to sign in: not a second connection for each who is here
        if isinstance(problem, RefusedError):
            self.identity.forget()  # perhaps the token holds no longer: sign in anew
        return problem is None

    def _enter(self) -> bool:
        """Open one of this user's servers and one of its text channels; the first ones are the busiest."""
        server = self._prefer(self._servers)
        if server is None:
            return self._give_up("is a member of no server")
        state = self.ask("server:join", {"serverId": server}, "server:state")
        if state is None:
            return False
        channels = [one["id"] for one in state.get("channels") or () if one.get("type", "TEXT") == "TEXT"]
        channel = self._prefer(channels)
        if channel is None:
            return self._give_up("sees no text channel on its server")
        return self.enter(channel)

    def enter(self, channel: str) -> bool:
        """Be in a channel; whether the server let us."""
        if channel not in self.stays:
            self.stays[channel] = POST.ask_in(channel, self.number, timed=not self.reads_slowly)
        stay = self.stays[channel]
        told = self.ask("channel:join", {"channelId": channel}, "channel:messages", declines=("FORBIDDEN", "NOT_FOUND"))
        if told is None:
            self.stays.pop(channel, None)
            POST.leave(stay)
            return False
        POST.let_in(stay)
        return True

    def _give_up(self, why: str) -> bool:
        logging.error("%s %s, and can say nothing", self.account.username, why)
        raise StopUser

    def _prefer(self, choices: list[str]) -> str | None:
        """One of them, the first ones likelier, so that people meet."""
        if not choices:
            return None
        return self.random.choices(choices, weights=[1 / (1 + place) ** 1.5 for place in range(len(choices))])[0]

    # --- called by the event loop, so nothing here may wait

    def _on_event(self, name: bytes, message: bytes) -> None:
        if name == b"message:create":
            self._on_message(POST.read(message))
        elif name == self._answer:
            if self._result is not None and not self._result.ready():
                data = orjson.loads(message[2:])
                self._result.set(data[1] if len(data) > 1 else None)
        elif name == b"error":
            told = orjson.loads(message[2:])
            self._on_error(str(told[1].get("code", "without a code")) if len(told) > 1 else "without a code")

    def _on_message(self, received: Received) -> None:
        room, stamp, message = received
        stay = self.stays.get(room)
        if stay is None or stamp is None:
            return
        if POST.arrived(stay, stamp) and self._matches is not None and self._matches(stamp.number):
            assert self._result is not None
            self._result.set(message)
            self._matches = None

    def _on_error(self, code: str) -> None:
        if self._result is not None and not self._result.ready():
            self._result.set_exception(EventError(code))
        else:
            self._count(f"emit {self._told or 'without an answer'}", time.perf_counter(), EventError(code))

    def _on_end(self, reason: str) -> None:
        self._forget_rooms()
        if self._result is not None and not self._result.ready():
            self._result.set_exception(EventError(f"cut off: {reason}"))
        if not self._stopping:
            self._count("disconnect", time.perf_counter(), EventError(reason))
            if not self._returning:
                self._returning = gevent.spawn(self._come_back)

    def _come_back(self) -> None:
        with contextlib.suppress(StopUser):
            self.come()

    def _forget_rooms(self) -> None:
        for stay in self.stays.values():
            POST.leave(stay)
        self.stays.clear()

    def _count(
        self, name: str, began: float, problem: Exception | None, declines: Collection[str] = (), late: float = 0.0
    ) -> None:
        """Fire Locust's request event."""
        kind, outcome = "SIO", Outcome.OK
        route, end = f"SIO {name}", event_ending(problem)
        if problem is not None:
            text = str(problem)
            if text == "RATE_LIMITED" or any(words in text.lower() for words in _LIMITED):
                kind, name, problem, outcome = "429", Outcome.RATE_LIMITED.value, None, Outcome.RATE_LIMITED
            elif text in declines:
                problem, outcome = None, Outcome.DECLINED
            else:
                outcome = Outcome.FAILED
        self.environment.events.request.fire(
            request_type=kind,
            name=name,
            response_time=(time.perf_counter() - began) * 1000,
            response_length=0,
            exception=problem,
            context={"outcome": outcome, "route": route, "late": late, "end": end},
        )
