"""The users of ../socketio.py, which runs Locust with this file and reads what it wrote of itself.

`stock` and `echo` do the same: send a message, wait for it to come back, begin again; sending and coming back are both
reported to Locust. Each is alone in its room, so that its own message is all that comes. In `fan-out` one user talks
and the others of its room listen; in `idle` nobody talks.
"""

from __future__ import annotations

import json
import os
import resource
import time
from pathlib import Path
from typing import Any

import _reporter  # noqa: F401 - loads what every scenario loads
import gevent
import psutil
from _results import BATCH
from _socketio_member import SocketIOMember
from gevent.event import Event
from locust import events, task
from locust.contrib.socketio import SocketIOUser
from locust.env import Environment

WHAT = os.environ["BENCH_WHAT"]
USERS = int(os.environ["BENCH_USERS"])
SECONDS = float(os.environ["BENCH_SECONDS"])
TEXT = "a message of an ordinary length, as people write them to each other"
_there: list[object] = []
_all_there = Event()
_counted = {"echoed": 0, "delivered": 0}
_latencies: list[float] = []


def be_there(user: object) -> None:
    """Wait for all the others."""
    _there.append(user)
    if len(_there) == USERS:
        _all_there.set()
    _all_there.wait()


if WHAT == "stock":

    class Stock(SocketIOUser):
        """As Locust's documentation has it."""

        def wait_time(self) -> float:
            return 0.0

        def on_start(self) -> None:
            self.came = Event()
            self.room = f"room-{id(self)}"
            self.sio.on_message = self.on_message
            self.sio.on("*", self.on_message)
            self.sio.connect(
                self.host, auth={"token": os.environ["BENCH_TOKEN"]}, transports=["websocket"], wait_timeout=120
            )
            self.sio.emit("channel:join", {"channelId": self.room})
            self.came.wait()
            be_there(self)

        def on_message(self, event: str, data: Any) -> None:
            if event in ("message:create", "channel:messages"):
                self.environment.events.request.fire(
                    request_type="WSR", name=event, response_time=0, response_length=0, exception=None, context={}
                )
                self.came.set()

        @task
        def talk(self) -> None:
            self.came.clear()
            self.sio.emit("message:create", {"channelId": self.room, "content": TEXT, "nonce": "n"})
            self.came.wait()
            _counted["echoed"] += 1

else:

    class Ours(SocketIOMember):
        """As scenarios/socketio_users.py has it, without time to think."""

        def wait_time(self) -> float:
            return 0.0 if WHAT != "idle" else 30.0

        def on_start(self) -> None:
            super().on_start()
            be_there(self)

        def enter(self, channel: str) -> bool:
            return super().enter(f"room-{self.number}" if WHAT == "echo" else channel)

        @task
        def talk(self) -> None:
            if WHAT == "echo" or (WHAT == "fan-out" and self is _there[0]):
                if self.say(TEXT):
                    _counted["echoed"] += 1
            else:
                gevent.sleep(3600)


def on_batch(route: str, seconds: list[float], **_: object) -> None:
    if route == "SIO deliver":
        _counted["delivered"] += len(seconds)
        _latencies.extend(seconds)


@events.test_start.add_listener
def _begin(environment: Environment, **_: object) -> None:
    BATCH.add_listener(on_batch)
    gevent.spawn(_measure, environment)


def _measure(environment: Environment) -> None:
    _all_there.wait()
    gevent.sleep(2.0)  # what connecting left behind
    counted, began, cpu = dict(_counted), time.monotonic(), _cpu()
    _latencies.clear()
    gevent.sleep(SECONDS)
    used, took = _cpu() - cpu, time.monotonic() - began
    ordered = sorted(_latencies) or [0.0]
    found = {
        "events": (_counted["delivered"] - counted["delivered"])
        if WHAT == "fan-out"
        else _counted["echoed"] - counted["echoed"],
        "cpu": used,
        "seconds": took,
        "rss": psutil.Process().memory_info().rss,
        "connected": sum(one.sio.connected for one in _there),
        "p50_ms": ordered[len(ordered) // 2] * 1000,
        "p99_ms": ordered[int(len(ordered) * 0.99)] * 1000,
    }
    Path(os.environ["BENCH_OUT"]).write_text(json.dumps(found))
    os._exit(0)  # five thousand goodbyes are not what is measured


def _cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime
