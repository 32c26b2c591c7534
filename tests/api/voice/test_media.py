"""The API, its relay and a generator as processes: who joins over HTTP is heard over UDP, and faults reach both."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import psutil
import pytest
from prometheus_client.parser import text_string_to_metric_families

from simulator.api.tokens import mint_access_token
from simulator.catalog.accounts import account, signing_key
from simulator.clock import WallClock
from simulator.media.messages import Join, Report, Talk
from simulator.media.processes import Generator
from simulator.profile.manifest import Manifest
from simulator.profile.schema import Profile
from simulator.stack.processes import Service, start_service

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

DEADLINE_SECONDS = 120.0
START_SECONDS = 400.0


class Api:
    """A running `crybsim api`, and what tests ask of it."""

    def __init__(self, manifest: Manifest, service: Service) -> None:
        self.service = service
        self._key = signing_key(seed=manifest.seed, run_id=manifest.run_id)
        self.http = httpx.Client(base_url=service.urls["api"], timeout=DEADLINE_SECONDS)

    def as_user(self, number: int) -> dict[str, str]:
        token = mint_access_token(account(number), self._key, issued_s=WallClock().now_ms() // 1000)
        return {"authorization": f"Bearer {token}"}

    def voice_channel(self, number: int) -> str:
        """One of the first server, which everybody belongs to."""
        first = self.http.get("/api/v1/servers", headers=self.as_user(number)).json()["servers"][0]["id"]
        channels = self.http.get(f"/api/v1/servers/{first}/channels", headers=self.as_user(number)).json()["channels"]
        return next(str(one["id"]) for one in channels if one["type"] == "VOICE")

    def join(self, number: int, channel: str) -> dict[str, object]:
        answer = self.http.post(f"/api/v1/voice/channels/{channel}/join", json={}, headers=self.as_user(number))
        assert answer.status_code == 200, answer.text
        return answer.json()["data"]

    def total(self, name: str) -> float:
        families = text_string_to_metric_families(self.http.get("/metrics").text)
        return sum(sample.value for family in families for sample in family.samples if sample.name == name)

    def relay(self) -> psutil.Process:
        (child,) = (
            one
            for one in psutil.Process(self.service.pid).children(recursive=True)
            if "media.relay" in " ".join(one.cmdline())
        )
        return child


def start_api(folder: Path, *faults: dict[str, object], scenarios: tuple[str, ...] = ("voice",)) -> Api:
    profile = Profile.model_validate(
        {
            "name": "voices",
            "description": "for tests",
            "seed": 5,
            "start": "2026-01-05T20:00:00",
            "duration": "30m",
            "platform": {"size": "tiny", "registered_users": 100},
            "load": {"scenarios": scenarios},
            "faults": faults,
        }
    )
    manifest = Manifest(
        run_id="media-test",
        mode="live",
        profile=profile,
        profile_path="voices.yaml",
        seed=profile.seed,
        started_ms=WallClock().now_ms(),
    )
    path = folder / "manifest.json"
    manifest.write(path)
    argv = [sys.executable, "-m", "simulator", "api", "--manifest", str(path), "--port", "0", "--no-rate-limits"]
    service = start_service(argv, name="api", log=folder / "api.err", ready_within_seconds=START_SECONDS)
    return Api(manifest, service)


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., Api]]:
    running: list[Api] = []

    def begin(*faults: dict[str, object], **options: tuple[str, ...]) -> Api:
        running.append(start_api(tmp_path, *faults, **options))
        return running[-1]

    yield begin
    for api in running:
        api.http.close()
        api.service.stop()


def until(condition: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + DEADLINE_SECONDS
    while not condition():
        assert time.monotonic() < deadline, what
        time.sleep(0.05)


def talk(api: Api, numbers: tuple[int, ...], seconds: float) -> dict[int, Report]:
    """Let these users join and talk, all at once; each one's last report."""
    channel = api.voice_channel(numbers[0])
    seats = {number: api.join(number, channel)["mediaRelay"] for number in numbers}
    sessions = {str(seat["session"]): number for number, seat in seats.items()}
    found: dict[int, Report] = {}
    with Generator(report_seconds=60.0) as generator:
        for seat in seats.values():
            generator.send(
                Join(
                    session=seat["session"],
                    relay=f"{seat['host']}:{seat['port']}",
                    room=seat["room"],
                    ssrc=seat["ssrc"],
                    seconds=seconds,
                    talk=Talk.ALWAYS,
                )
            )
        timer = threading.Timer(DEADLINE_SECONDS, generator.finish)
        timer.start()
        for event in generator.events():
            if isinstance(event, Report) and event.final:
                found[sessions[event.session]] = event
                if len(found) == len(numbers):
                    break
        timer.cancel()
    return found


def test_loss_in_the_relay_is_heard_reported_and_counted(start: Callable[..., Api]) -> None:
    lossy = {"id": "lossy", "kind": "voice_packet_loss", "at": "0s", "for": "30m", "parameters": {"loss": 0.3}}
    api = start(lossy)
    assert api.service.urls["media"].startswith("udp://127.0.0.1:")  # voice load: the relay is there before the API is
    reports = talk(api, (3, 4, 5), seconds=6.0)
    assert set(reports) == {3, 4, 5}
    assert all(report.connected and report.talkers == 2 for report in reports.values())
    expected = sum(report.packets_expected for report in reports.values())
    lost = sum(report.packets_lost for report in reports.values())
    assert expected > 100
    assert 0.1 < lost / expected < 0.5  # 30 %, in bursts of three
    channel = api.voice_channel(3)
    for number, report in reports.items():
        audio = {
            "packetsLost": report.packets_lost + report.packets_late,
            "packetsReceived": report.packets_received - report.packets_late,
            "mosScore": report.mos,
        }
        body = {"roomName": f"channel_{channel}", "quality": {"audio": audio, "connection": {"connectionType": "wifi"}}}
        assert api.http.post("/api/v1/voice/quality/report", json=body, headers=api.as_user(number)).status_code == 200
        api.http.post(f"/api/v1/voice/channels/{channel}/leave", headers=api.as_user(number))
    assert api.total("cryb_voice_calls_total") == 3
    assert api.total("cryb_voice_calls_poor_quality_total") == 3
    assert api.total("cryb_voice_calls_active") == 0
    assert api.total("cryb_audio_packet_loss_percent_count") == 3


@pytest.mark.accept
def test_the_relay_lives_through_an_outage_and_dies_with_the_api(start: Callable[..., Api]) -> None:
    api = start(scenarios=("http",))
    assert "media" not in api.service.urls  # no voice load: it starts with the first call
    api.join(3, api.voice_channel(3))
    relay = api.relay()
    token = (Path(api.service.log).parent / "crybsim-admin-api-1.token").read_text().strip()
    outage = {"kind": "outage", "for": "20s"}
    admin = {"authorization": f"Bearer {token}"}
    assert (
        httpx.post(f"{api.service.urls['admin']}/overrides", json=outage, headers=admin, timeout=60).status_code < 300
    )
    until(lambda: not _answers(api), "the API went down")
    assert relay.is_running()
    until(lambda: _answers(api), "the API came back")
    assert api.relay().pid == relay.pid
    assert api.http.get("/api/v1/voice/health").json()["livekit"] == {"connected": True, "rooms": 1, "version": "1.5.0"}
    os.kill(api.service.pid, signal.SIGKILL)
    until(lambda: not relay.is_running() or relay.status() == psutil.STATUS_ZOMBIE, "the relay went with it")


@pytest.mark.accept
def test_without_its_relay_nobody_can_join(start: Callable[..., Api]) -> None:
    api = start()
    channel = api.voice_channel(3)
    api.join(3, channel)
    api.relay().kill()
    until(lambda: api.http.get("/api/v1/voice/health").status_code == 503, "health says so")
    refused = api.http.post(f"/api/v1/voice/channels/{channel}/join", json={}, headers=api.as_user(4))
    assert (refused.status_code, refused.json()["code"]) == (503, "SERVICE_UNAVAILABLE")
    until(lambda: api.total("cryb_voice_calls_active") == 0, "the calls that it carried are over")
    assert api.total("cryb_voice_calls_poor_quality_total") == 1


def _answers(api: Api) -> bool:
    try:
        return api.http.get("/health").status_code == 200
    except httpx.HTTPError:
        return False
