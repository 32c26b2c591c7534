"""Who a request is from: the path says it, or the tunnel it came through."""

from __future__ import annotations

import asyncio

import httpx

from simulator.clock import ManualClock
from simulator.receivers.app import create_app
from simulator.receivers.recorder import Recorder
from simulator.receivers.tunnel import Sender
from simulator.telemetry.observations import NotificationReceived

SLACK = {"channel": "#a", "attachments": [{"title": "t", "text": "x", "fallback": "t"}]}


def _answer(url: str) -> tuple[int, list[NotificationReceived]]:
    """Post to an app that knows every port as a tunnel of Pushover's."""
    heard: list[NotificationReceived] = []
    recorder = Recorder(heard.append, ManualClock())
    app = create_app(recorder, lambda _: Sender("tunnelled", 0))

    async def post() -> int:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app)) as client:
            return (await client.post(url, json=SLACK)).status_code

    status = asyncio.run(post())
    recorder.expire(everything=True)
    return status, heard


def test_a_plain_request_is_who_its_path_says_even_from_the_port_number_of_a_tunnel() -> None:
    status, heard = _answer("http://127.0.0.1/slack/team/0/1/")
    assert (status, [one.receiver for one in heard]) == (200, ["team"])


def test_a_request_through_a_tunnel_is_the_tunnels() -> None:
    status, _ = _answer("https://not-played.example/slack/team/0/1/")
    assert status == 404
