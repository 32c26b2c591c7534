"""All three scenarios at once, against the reference API: what users counted is what the API counted, route by route,
message by message, call by call. Nothing is left over."""

from __future__ import annotations

import time
import urllib.request
from collections import Counter
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from simulator.clock import WallClock
from simulator.load.locust_run import LocustRun
from simulator.profile.manifest import Manifest
from simulator.profile.schema import Profile
from simulator.rehearsal.live.lead import lead_ms
from simulator.rehearsal.live.platform import LivePlatform
from simulator.rehearsal.run_folder import RunFolder
from simulator.stack.processes import Children, spawn
from simulator.telemetry.observations import LoadEnded

CLOCK = WallClock()
PROFILE = Profile.model_validate(
    {
        "name": "all-three",
        "description": "HTTP, Socket.IO and voice at once",
        "start": "2026-01-05T20:00:00",
        "duration": "30s",
        "traffic": {"peak": "10/s", "shape": "flat"},
        "load": {"scenarios": ["http", "socketio", "voice"], "max_users": 20},
    }
)


def counted(url: str) -> dict[str, Counter[tuple[str, ...]]]:
    """The API's counters: requests by method and route, messages, calls."""
    with urllib.request.urlopen(f"{url}/metrics", timeout=120) as answer:  # noqa: S310 - our own child
        text = answer.read().decode()
    found: dict[str, Counter[tuple[str, ...]]] = {"http": Counter(), "messages": Counter(), "calls": Counter()}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            labels, count = sample.labels, int(sample.value)
            if sample.name == "http_requests_total":
                found["http"][labels["method"], labels["route"]] += count
            elif sample.name == "cryb_voice_calls_total":
                found["calls"]["calls",] += count
            elif sample.name == "cryb_messages_total":
                found["messages"]["messages",] += count
    return found


def driven(folder: Path, profile: Profile = PROFILE) -> tuple[LoadEnded, dict[str, Counter[tuple[str, ...]]]]:
    """A run to its end, and what the API then says."""
    run = RunFolder.create(profile.name, CLOCK.now_ms(), folder)
    manifest = Manifest(
        run_id=run.run_id,
        mode="live",
        profile=profile,
        profile_path="all-three.yaml",
        seed=1,
        started_ms=CLOCK.now_ms() + lead_ms(20_000),
    )
    manifest.write(run.manifest)
    with Children() as children:
        platform = LivePlatform(run, manifest, children)
        platform.start_api()
        load = LocustRun(run.manifest, platform.api_urls, run.path, spawn)
        children.callback(load.stop)
        load.start()
        deadline = time.monotonic() + 250
        while CLOCK.now_ms() < manifest.ends_ms and load.running and time.monotonic() < deadline:
            load.poll()
            time.sleep(0.2)
        ended = platform.account(load, load.finish())
        return ended, counted(platform.api_urls[0])


@pytest.mark.accept
@pytest.mark.timeout(600)
def test_clients_and_api_counted_the_same(tmp_path: Path) -> None:
    ended, api = driven(tmp_path / "run")
    assert ended.problem == ""
    theirs = Counter({name: totals.requests for totals in ended.totals if (name := totals.name).startswith(METHODS)})
    ours = Counter({" ".join(key): count for key, count in api["http"].items() if not key[1].startswith(OURSELVES)})
    assert ended.overall.requests > 50
    assert {name: (theirs[name], ours[name]) for name in theirs | ours if theirs[name] != ours[name]} == {}
    went_well = {totals.name: totals.requests - totals.failures - totals.declined for totals in ended.totals}
    written = went_well.get("SIO emit message:create", 0) + went_well.get("POST /api/v1/messages", 0)
    assert written == api["messages"].total() > 0
    assert went_well["VOICE join"] == api["calls"].total() > 0
    assert ended.deliveries is not None
    assert ended.deliveries.delivered > 0
    assert (ended.deliveries.lost, ended.deliveries.duplicates) == (0, 0)
    assert ended.unaccounted == ""
    assert {one.what: (one.residue, one.unheard) for one in ended.accounts} == {
        "requests": (0, 0),
        "messages": (0, 0),
        "calls": (0, 0),
    }


HURT = Profile.model_validate(
    {
        "name": "all-three-hurt",
        "description": "HTTP, Socket.IO and voice at once, while the API fails",
        "start": "2026-01-05T20:00:00",
        "duration": "60s",
        "traffic": {"peak": "10/s", "shape": "flat"},
        "load": {"scenarios": ["http", "socketio", "voice"], "max_users": 20},
        "faults": [
            {
                "id": "stuck",
                "kind": "latency",
                "at": "22s",
                "for": "12s",
                "intensity": 0.3,
                "parameters": {"delay": "12s"},
            },
            {"id": "down", "kind": "outage", "at": "10s", "for": "6s"},
            {"id": "cut", "kind": "websocket_disconnects", "at": "40s", "for": "8s", "intensity": 0.4},
        ],
    }
)
"""Time-outs (12 s of delay against 10 s of patience), requests that are cut off or refused, sockets that are cut."""


@pytest.mark.accept
@pytest.mark.timeout(900)
def test_what_nobody_answered_is_itemised_and_nothing_is_left_over(tmp_path: Path) -> None:
    ended, api = driven(tmp_path / "run", HURT)
    assert (ended.problem, ended.unaccounted) == ("", "")
    accounts = {one.what: one for one in ended.accounts}
    requests = accounts["requests"]
    assert requests.sent == sum(one.requests for one in ended.totals if one.name.startswith(METHODS))
    assert min(requests.refused, requests.timed_out) > 0
    assert requests.unheard > 0  # answered when nobody waited any more
    ours = Counter({" ".join(key): count for key, count in api["http"].items() if not key[1].startswith(OURSELVES)})
    assert requests.counted == ours.total() == requests.answered + requests.unheard
    assert {one.what: one.differing for one in ended.accounts} == {"requests": (), "messages": (), "calls": ()}
    for account in ended.accounts:
        unanswered = account.refused + account.timed_out + account.aborted + account.no_connection
        assert account.sent == account.answered + unanswered
        assert account.residue == 0


METHODS = ("GET ", "POST ", "PUT ", "PATCH ", "DELETE ")
OURSELVES = ("/metrics", "/health")
