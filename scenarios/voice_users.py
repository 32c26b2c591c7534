"""Members of the platform in voice channels: they join, talk and listen for a while, and tell how it was.

    locust -f scenarios/voice_users.py              the web UI on port 8089; --host is http://127.0.0.1:3001 unless told
    crybsim load profiles/voice-load.yaml           the calls, the users and the end come from the profile

A turn is a call, whose requests belong to it. Signalling goes to the API over HTTP or Socket.IO; media, as RTP, to the
relay that the API names (`mediaRelay`), by a process beside this one that can keep time (`_voice_media`).
"""

from __future__ import annotations

import math
from typing import Any, ClassVar

import _reporter  # noqa: F401 - reports to crybsim, where crybsim started this
from _member import Json, Member
from _run import CLOCK, PLAIN_HOST, RUN
from _voice_media import MEDIA, Call, MediaGoneError, Seat
from _voice_report import fire, measure, quality, reasons
from _voice_socket import VoiceSocket
from locust import task
from locust.user.task import LOCUST_STATE_STOPPING

from simulator.catalog.voice import PATHS
from simulator.media.messages import Connected, Report
from simulator.profile.people import CALL_MEDIAN_SECONDS, CALL_SIGMA
from simulator.profile.schema import Scenario

VOICE = "/api/v1/voice"
CONNECT_SECONDS = 10.0
LONGEST_CALL_SECONDS = 3_600.0
FULL_ENOUGH = 6  # people look for company, not for a crowd
MOST_LOOKED_AT = 3
BY_SOCKET = 0.5  # share of users who join over Socket.IO, the others over HTTP
NOT_THERE = (403, 404)
_LAST_REPORT_SECONDS = 5.0
_LOOK_UP_SECONDS = 0.5


class VoiceMember(Member):
    """Talks in voice channels."""

    scenario: ClassVar[Scenario] = Scenario.VOICE

    def __init__(self, environment: Any) -> None:
        super().__init__(environment)
        self._channels: list[str] = []
        names, shares = zip(*((name, path.share) for name, path in PATHS.items()), strict=True)
        (self._connection,) = self.random.choices(names, shares)
        self._by_socket = self.random.random() < BY_SOCKET
        self._socket = VoiceSocket(environment)

    def on_stop(self) -> None:
        """Hang up where a call was cut off."""
        self._socket.close()

    def turn(self) -> None:
        """Nothing: the requests of a call are part of it."""

    def late_seconds(self) -> float:
        """Nothing, likewise: how late the call began is told with `VOICE join`."""
        return 0.0

    @task
    def call_somebody(self) -> None:
        """Take a turn, find a channel with people in it, join, talk, leave."""
        super().turn()
        late = super().late_seconds()
        channel = self._choose_channel()
        if channel is None:
            return
        joined, began_ms = None, CLOCK.now_ms()
        try:
            MEDIA.start()  # no part of the time to join
            began_ms = CLOCK.now_ms()
            joined = self._join(channel)
            problem = self._talk(joined, began_ms, late)
        except MediaGoneError as gone:
            problem = str(gone)
        if problem:
            fire(self.environment, "join", 0.0, problem=problem)
        if joined:
            self._leave(channel)

    def _join(self, channel: str) -> Json | None:
        """Enter a channel, each user in the same way all the time; what the API says of it."""
        if not self._by_socket:
            path = f"{VOICE}/channels/:channelId/join"
            joined: Json | None = self.call("POST", path, channelId=channel, body={}, declines=(400,))
            return joined
        if not self._signed_in():
            return None
        who = self.identity
        return self._socket.join(self.host or PLAIN_HOST, who.access_token, who.address, channel)

    def _leave(self, channel: str) -> None:
        if self._by_socket and self._socket.connected:
            self._socket.leave()
        else:
            self.call("POST", f"{VOICE}/channels/:channelId/leave", channelId=channel, declines=(404,))

    def _talk(self, joined: Json | None, began_ms: int, late: float) -> str:
        """Be in a call until its time is over. Returns why there was none."""
        if joined is None:
            return "the API did not let the user in"
        if not joined.get("mediaRelay"):
            return "the API names no media relay"
        seconds = min(LONGEST_CALL_SECONDS, self.random.lognormvariate(math.log(CALL_MEDIAN_SECONDS), CALL_SIGMA))
        call = MEDIA.join(Seat.told(joined["mediaRelay"]), max(seconds, 1.0), muted=self.random.random() < 0.2)
        try:
            connected = self._connect(call)
            if connected is None:
                return f"the relay did not answer within {CONNECT_SECONDS:g} s"
            fire(self.environment, "join", max(0.0, connected.at_ms - began_ms), late=late)
            try:
                self._stay(call, joined["roomName"])
            except MediaGoneError as gone:
                fire(self.environment, "call", max(0.0, CLOCK.now_ms() - connected.at_ms), problem=str(gone))
        finally:
            call.close()
        return ""

    def _connect(self, call: Call) -> Connected | None:
        event = call.tell(CONNECT_SECONDS)
        if isinstance(event, Connected):
            return event
        call.leave()
        return None

    def _stay(self, call: Call, room: str) -> None:
        """Hear the generator's reports until the last one; hang up when this user is to stop."""
        told = 0
        poor: dict[str, None] = {}
        counted = True
        leaving: float | None = None
        while True:
            event = call.tell(_LOOK_UP_SECONDS)
            if isinstance(event, Report):
                last = event.final
                if not last or not told:  # the last one is about the whole call: of use where it is the only one
                    told += 1
                    if measure(self.environment, event):
                        poor |= dict.fromkeys(self._tell_api(event, room))
                    else:
                        counted = False
                if last:
                    self._ended(event, counted, tuple(poor))
                    return
            elif leaving is not None and CLOCK.monotonic() - leaving > _LAST_REPORT_SECONDS:
                return
            if leaving is None and self._state == LOCUST_STATE_STOPPING:
                leaving = CLOCK.monotonic()
                call.leave()

    def _tell_api(self, report: Report, room: str) -> tuple[str, ...]:
        """Post a quality report; why it makes the call poor, where the API took it."""
        body = {"roomName": room, "quality": quality(report, self._connection)}
        # where a socket was cut, the API may have ended the call already
        declines = (400,) if self._by_socket else ()
        taken = self.call("POST", f"{VOICE}/quality/report", body=body, declines=declines)
        return tuple(map(str, reasons(report))) if taken is not None else ()

    def _ended(self, report: Report, counted: bool, poor: tuple[str, ...]) -> None:
        """`VOICE call`: its length in ms; a poor one is a failure, one whose generator fell behind is not told."""
        if counted:
            problem = f"a poor call: {', '.join(poor)}" if poor else None
            fire(self.environment, "call", 1000.0 * report.seconds, problem=problem)

    def _choose_channel(self) -> str | None:
        """One of this member's voice channels: the first with people in it and room for more, as far as is looked."""
        if not self._channels:
            self._channels = self._find_channels()
        if not self._channels:
            return None
        common, *others = self._channels  # of the first server, which seeded accounts share
        looked_at = [*self.random.sample(others, min(len(others), MOST_LOOKED_AT - 1)), common]
        emptiest, fewest = None, math.inf
        for channel in looked_at:
            path = f"{VOICE}/channels/:channelId/participants"
            there = self.call("GET", path, channelId=channel, declines=NOT_THERE)
            if there is None:
                continue
            if 0 < there["count"] < FULL_ENOUGH:
                return channel
            if there["count"] <= fewest:
                emptiest, fewest = channel, there["count"]
        return emptiest

    def _find_channels(self) -> list[str]:
        servers = self.call("GET", "/api/v1/servers") or {}
        found = []
        for server in servers.get("servers", []):
            path = "/api/v1/servers/:serverId/channels"
            channels = self.call("GET", path, serverId=server["id"], declines=NOT_THERE) or {}
            found += [one["id"] for one in channels.get("channels", []) if one["type"] in ("VOICE", "STAGE")]
        return found


if RUN is not None:
    from _shape import RunShape  # noqa: F401 - Locust follows the run's plan
