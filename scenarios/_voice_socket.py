"""Signalling of a call over Socket.IO, as clients with WebRTC do it: a connection, `voice:join_channel`, and back.

It is counted as the messaging users' connections are: `SIO connect`, `SIO emit voice:join_channel`, `SIO emit
voice:leave_channel`, each until the server's answer, which is another event. A connection that is cut in mid-call ends
nothing here: media goes another way.
"""

from __future__ import annotations

import time
from typing import Any

import gevent
import orjson
from _api import EXEMPT
from _ending import event_ending
from _shape import REQUEST_SECONDS
from _socketio_client import SocketIOClient, Transport
from _socketio_connection import ConnectError
from gevent.event import AsyncResult
from locust.env import Environment


class VoiceSocket:
    """One user's connection, for one call after the other."""

    def __init__(self, environment: Environment) -> None:
        self._environment = environment
        self._client = SocketIOClient(self._on_event, self._on_end)
        self._answer = b""
        self._result = AsyncResult()

    @property
    def connected(self) -> bool:
        return self._client.connected

    def join(self, host: str, token: str, address: str, channel: str) -> dict[str, Any] | None:
        """Connect and enter a channel; what the server says of it, or None."""
        headers = {**EXEMPT, "X-Forwarded-For": address}

        def connect() -> None:
            self._client.connect(host, token, Transport.WEBSOCKET, seconds=REQUEST_SECONDS, headers=headers)

        if self._ask("connect", b"ready", connect) is None:
            self._client.drop()
            return None
        body = {"channelId": channel, "capabilities": {"audio": True}}
        joined = self._ask(
            "emit voice:join_channel", b"voice:joined", lambda: self._client.emit("voice:join_channel", body)
        )
        if joined is None:
            self._client.close()
        return joined

    def leave(self) -> None:
        """Leave the channel and hang up."""
        self._ask("emit voice:leave_channel", b"voice:left", lambda: self._client.emit("voice:leave_channel"))
        self._client.close()

    def close(self) -> None:
        """Hang up, if there is anything to hang up."""
        self._client.close()

    def _ask(self, name: str, answer: bytes, ask: Any) -> Any:
        """Do something and wait for the event that answers it; its data, None where it does not come."""
        self._answer, self._result = answer, AsyncResult()
        began = time.perf_counter()
        data, problem = None, None
        try:
            ask()
            data = self._result.get(timeout=REQUEST_SECONDS)
        except gevent.Timeout:
            problem = ConnectError("timed out")
        except ConnectError as error:
            problem = error
        finally:
            self._answer = b""
        self._environment.events.request.fire(
            request_type="SIO",
            name=name,
            response_time=(time.perf_counter() - began) * 1000,
            response_length=0,
            exception=problem,
            context={"end": event_ending(problem)},
        )
        return data

    def _on_event(self, name: bytes, message: bytes) -> None:
        if self._result.ready() or name not in (self._answer, b"voice:error"):
            return
        told = orjson.loads(message[2:])
        data = told[1] if len(told) > 1 else {}
        if name == self._answer:
            self._result.set(data)
        else:
            self._result.set_exception(ConnectError(str(data.get("code", "refused"))))

    def _on_end(self, reason: str) -> None:
        if not self._result.ready():
            self._result.set_exception(ConnectError(f"cut off: {reason}"))
