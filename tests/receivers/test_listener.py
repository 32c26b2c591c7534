"""The listeners on real sockets."""

from __future__ import annotations

import base64
import smtplib
import socket
import ssl
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest

from simulator.clock import ManualClock
from simulator.receivers import Receivers
from simulator.telemetry.observations import NotificationKind, NotificationReceived
from simulator.wire.notifications import placeholder

LISTED = "crybsim-alerts(firing 5000000 alertname=Down&;)"


@pytest.fixture
def heard() -> list[NotificationReceived]:
    return []


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(1_000)


@pytest.fixture
def receivers(tmp_path: Path, heard: list[NotificationReceived], clock: ManualClock) -> Iterator[Receivers]:
    with Receivers(heard.append, tmp_path, clock) as running:
        yield running


def post(url: str, body: object) -> httpx.Response:
    with httpx.Client(trust_env=False) as client:
        return client.post(url, json=body)


def wait_for(heard: list[NotificationReceived], count: int) -> None:
    deadline = time.monotonic() + 200
    while len(heard) < count and time.monotonic() < deadline:
        time.sleep(0.01)
    assert len(heard) == count


def test_a_slack_message(receivers: Receivers, heard: list[NotificationReceived]) -> None:
    body = {"channel": "#ops", "attachments": [{"title": "T", "text": "x", "callback_id": LISTED}]}
    assert post(f"{receivers.http_url}/slack/team~2Fone/0/1", body).text == "ok"
    (notification,) = heard
    assert (notification.at_ms, notification.kind) == (1_000, NotificationKind.SLACK)
    assert (notification.receiver, notification.destination) == ("team/one", "#ops")
    assert (notification.status, [alert.alert for alert in notification.alerts]) == ("firing", ["Down"])


def test_a_text_with_a_hole_in_it_is_a_problem(receivers: Receivers, heard: list[NotificationReceived]) -> None:
    body = {"channel": "#ops", "text": "runbook: <no value>", "attachments": [{"callback_id": LISTED}]}
    assert post(f"{receivers.http_url}/slack/team/0/1", body).text == "ok"
    assert "did not render" in heard[0].problem


def test_a_companion_brings_the_alerts(receivers: Receivers, heard: list[NotificationReceived]) -> None:
    url = f"{receivers.http_url}/discord/team/0/1"
    assert post(url, {"embeds": [{"title": "T", "description": "Down now"}]}).status_code == 204
    assert heard == []
    alerts = [{"labels": {"alertname": "Down"}, "status": "resolved", "startsAt": "1970-01-01T00:00:00Z"}]
    assert post(f"{receivers.http_url}/companion/discord/team/0", {"alerts": alerts}).status_code == 200
    assert (heard[0].status, heard[0].alerts[0].alert) == ("resolved", "Down")


def test_what_waits_for_its_companion_at_the_end_is_told(tmp_path: Path, heard: list[NotificationReceived]) -> None:
    with Receivers(heard.append, tmp_path, ManualClock(1_000)) as receivers:
        post(f"{receivers.http_url}/discord/team/0/1", {"embeds": [{"title": "T", "description": "Down"}]})
    assert [found.problem for found in heard] == ["which alerts it is about is not known: no list came with it"]


@pytest.mark.parametrize("path", ["", "slack", "nagios/team/0/1", "slack/team/x/1", "companion/nagios/team/0"])
def test_an_address_that_nobody_gave_out_is_not_found(
    receivers: Receivers, heard: list[NotificationReceived], path: str
) -> None:
    assert post(f"{receivers.http_url}/{path}", {}).status_code == 404
    assert heard == []


def test_a_mail_with_or_without_a_login(receivers: Receivers, heard: list[NotificationReceived]) -> None:
    mail = f"Subject: T\r\nX-Crybsim-Receiver: team\r\nX-Crybsim-Alerts: {LISTED}{' ' * 3000}\r\n\r\ntext\r\n"
    host, _, port = receivers.smtp_address.partition(":")
    for login in (False, True):
        with smtplib.SMTP(host, int(port), timeout=10) as client:
            if login:
                client.login("user", "any password")
            client.sendmail("from@x.org", ["a@x.org"], mail)
    wait_for(heard, 2)
    assert {found.kind for found in heard} == {NotificationKind.EMAIL}
    assert {(found.receiver, found.destination, found.alerts[0].alert) for found in heard} == {
        ("team", "a@x.org", "Down")
    }
    assert "any password" not in repr(heard)


def proxied(receivers: Receivers, url: str) -> httpx.Response:
    address = urlsplit(receivers.proxy_url)
    proxy = f"http://te~2Fam:3@{address.netloc}"
    context = ssl.create_default_context(cafile=str(receivers.ca_file))
    with httpx.Client(proxy=proxy, verify=context, trust_env=False) as client:
        return client.post(url)


def test_a_service_with_a_fixed_address_is_played_behind_the_proxy(
    receivers: Receivers, heard: list[NotificationReceived]
) -> None:
    key = placeholder("user_key", 7)
    answer = proxied(receivers, f"https://api.pushover.net/1/messages.json?token={'t' * 30}&user={key}&message=x")
    assert answer.json()["status"] == 1
    assert (heard[0].kind, heard[0].receiver) == (NotificationKind.PUSHOVER, "te/am")
    assert heard[0].destination == "user key #7"


def test_the_proxy_leads_nowhere_else(receivers: Receivers) -> None:
    with pytest.raises(httpx.ProxyError, match="403"):
        proxied(receivers, "https://example.org/")
    address = urlsplit(receivers.proxy_url)
    for request in (b"GET http://example.org/ HTTP/1.1\r\n\r\n", b"CONNECT example.org:443 HTTP/1.1\r\n\r\n"):
        with socket.create_connection((address.hostname or "", address.port or 0), timeout=10) as client:
            client.sendall(request)
            assert client.recv(100).startswith(b"HTTP/1.1 403")


def test_a_sender_that_gives_no_name_is_nobody(receivers: Receivers) -> None:
    address = urlsplit(receivers.proxy_url)
    for user in (b"", base64.b64encode(b"\xff:x"), b"%"):
        head = b"CONNECT slack.com:443 HTTP/1.1\r\nProxy-Authorization: Basic " + user + b"\r\n\r\n"
        with socket.create_connection((address.hostname or "", address.port or 0), timeout=10) as client:
            client.sendall(head)
            assert client.recv(100).startswith(b"HTTP/1.1 200")


def test_everything_listens_on_loopback_and_is_gone_afterwards(
    tmp_path: Path, heard: list[NotificationReceived]
) -> None:
    with Receivers(heard.append, tmp_path) as receivers:
        addresses = [
            urlsplit(receivers.http_url),
            urlsplit(receivers.proxy_url),
            urlsplit(f"//{receivers.smtp_address}"),
        ]
        assert {address.hostname for address in addresses} == {"127.0.0.1"}
    for address in addresses:
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", address.port or 0), timeout=5)


def test_listeners_that_die_say_so_and_refuse(tmp_path: Path, heard: list[NotificationReceived]) -> None:
    receivers = Receivers(heard.append, tmp_path)
    receivers.start()
    addresses = [urlsplit(receivers.http_url), urlsplit(f"//{receivers.smtp_address}")]
    try:
        assert receivers.problem == ""
        assert receivers._loop is not None
        receivers._loop.call_soon_threadsafe(receivers._loop.stop)
        receivers._thread.join(60)
        assert receivers.problem.startswith("ended: ")
        for address in addresses:
            with pytest.raises(ConnectionRefusedError):
                socket.create_connection(("127.0.0.1", address.port or 0), timeout=5)
    finally:
        receivers.stop()


def test_the_authoritys_key_stays_in_the_process(receivers: Receivers) -> None:
    assert receivers.ca_file.read_text().count("BEGIN") == 1
    assert "PRIVATE KEY" not in receivers.ca_file.read_text()
    assert list(receivers.ca_file.parent.iterdir()) == [receivers.ca_file]
