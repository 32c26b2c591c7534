"""Users for the tests: everyone is in the room before anybody speaks, then each says so many messages and is done."""

from __future__ import annotations

import os

import _reporter  # noqa: F401
import gevent.event
from _socketio_member import SocketIOMember
from locust import task
from locust.exception import StopUser

MEMBERS = int(os.environ["MEMBERS"])
MESSAGES = int(os.environ["MESSAGES"])


class Talker(SocketIOMember):
    """Says its messages one after the other."""

    def wait_time(self) -> float:
        return 0.0

    @task
    def talk(self) -> None:
        self.meet("in the room")
        for _ in range(MESSAGES):
            self.say()
        self.meet("at the end")
        raise StopUser

    def meet(self, place: str) -> None:
        """Wait for all the others, wherever they run."""
        self.sio.emit("meet", {"place": place, "of": MEMBERS})
        self.met.clear()
        self.met.wait()

    def on_start(self) -> None:
        self.met = gevent.event.Event()
        super().on_start()

    def _on_event(self, name: bytes, message: bytes) -> None:
        if name == b"met":
            self.met.set()
        else:
            super()._on_event(name, message)
