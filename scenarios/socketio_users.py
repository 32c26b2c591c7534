"""Members of the platform who are connected by Socket.IO: they talk, listen, read slowly, lose their connection.

    locust -f scenarios/socketio_users.py           the web UI on port 8089; --host is http://127.0.0.1:3001 unless told
    crybsim load profiles/chat-load.yaml            messages per second, users and the end come from the profile

What is measured is what users notice: `SIO deliver` is how long a message takes from whoever wrote it to each other
member of the room. A message that somebody does not get, gets twice or out of order is a failure of `SIO deliver`.
"""

from __future__ import annotations

import _reporter  # noqa: F401 - reports to crybsim, where crybsim started this
import gevent
from _member import WORDING
from _run import RUN
from _socketio_delivery import POST
from _socketio_member import SocketIOMember
from locust import task

GONE = ("NOT_FOUND", "FORBIDDEN")  # the server keeps its newest messages only
EMOJI = ("👍", "❤️", "😂", "🎉", "👀")
HEARTBEAT_SECONDS = (25.0, 35.0)  # between two signs of life of somebody who only listens
PAUSE_SECONDS = (1.0, 4.0)
STORM_SECONDS = 60.0


class Chatter(SocketIOMember):
    """Types, writes, reacts to what came, and sometimes corrects what was written."""

    weight = 10

    @task
    def chat(self) -> None:
        if self.stays:
            self.tell("channel:typing", {"channelId": next(iter(self.stays))})
        mine = self.say()
        if mine is None:
            return
        which = self.random.random()
        if which < 0.15:
            reaction = {"messageId": mine["id"], "emoji": self.random.choice(EMOJI)}
            self.ask("message:react", reaction, "message:reaction_add", declines=GONE)
        elif which < 0.2:
            edit = {"messageId": mine["id"], "content": self.random.choice(WORDING.messages)}
            self.ask("message:edit", edit, "message:update", declines=GONE)


class Listener(SocketIOMember):
    """Is there and reads, as most people are most of the time."""

    weight = 8

    def wait_time(self) -> float:
        return self.random.uniform(*HEARTBEAT_SECONDS)

    @task
    def show_life(self) -> None:
        self.ask("heartbeat", {}, "heartbeat_ack")


class Reconnecter(SocketIOMember):
    """Loses the connection once a minute, at the same instant as all others of this kind, and comes back."""

    weight = 1

    def wait_time(self) -> float:
        now = POST.clock.now_us() / 1e6
        return STORM_SECONDS - now % STORM_SECONDS

    @task
    def drop_out(self) -> None:
        self.leave(politely=False)
        self.come()


class SlowReader(SocketIOMember):
    """Stops reading for seconds at a time, so that the server has to hold back what it sends.

    What comes to these users is counted, but not how late: that is their own doing.
    """

    weight = 1
    reads_slowly = True

    def wait_time(self) -> float:
        return self.random.uniform(*PAUSE_SECONDS)

    @task
    def fall_behind(self) -> None:
        self.sio.pause()
        gevent.sleep(self.random.uniform(*PAUSE_SECONDS))
        self.sio.resume()


if RUN is not None:
    from _shape import RunShape  # noqa: F401 - Locust follows the run's plan
