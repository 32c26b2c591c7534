"""Load as it is driven: Locust's processes against a stand-in for the API that counts what reaches it."""

from __future__ import annotations

import os
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import jwt
import pytest

from simulator.clock import WallClock
from simulator.errors import ExitCode, InputError
from simulator.load.judgement import judge_load
from simulator.load.locust_run import LocustRun
from simulator.profile.load_plan import LoadPlan
from simulator.profile.manifest import Manifest
from simulator.profile.schema import Profile
from simulator.stack.processes import Children, spawn
from simulator.telemetry.observations import LoadMeasured
from tests.load.stand_in_api import StandInApi, serving

pytestmark = pytest.mark.slow

LEAD_MS = 1_500  # or less than the generator needs to get ready: then it begins late
CLOCK = WallClock()


@pytest.fixture
def api() -> Iterator[StandInApi]:
    with serving() as server:
        yield server


def write_manifest(
    folder: Path, *, peak: str = "40/s", seconds: int = 600, max_users: int = 60, lead_ms: int = LEAD_MS, **load: object
) -> Manifest:
    profile = Profile.model_validate(
        {
            "name": "load",
            "description": "a short load",
            "start": "2026-01-05T20:00:00",
            "duration": f"{seconds}s",
            "traffic": {"peak": peak, "shape": "flat"},
            "load": {"max_users": max_users, **load},
        }
    )
    manifest = Manifest(
        run_id="r",
        mode="live",
        profile=profile,
        profile_path="load.yaml",
        seed=1,
        started_ms=CLOCK.now_ms() + lead_ms,
    )
    manifest.write(folder / "manifest.json")
    return manifest


@contextmanager
def driving(folder: Path, hosts: list[str], workers: int = 1, locustfiles: Sequence[Path] = ()) -> Iterator[LocustRun]:
    """A started run, whose processes all end with the block."""
    with Children() as children:
        run = LocustRun(folder / "manifest.json", hosts, folder, spawn, workers=workers, locustfiles=locustfiles)
        children.callback(run.stop)
        run.start()
        yield run


def poll_until(run: LocustRun, done: Callable[[], bool], seconds: float = 200.0) -> None:
    """Wait until something holds, or fail."""
    deadline = time.monotonic() + seconds
    while not done():
        assert time.monotonic() < deadline, f"waited for {seconds} s: {run.problem or 'nothing wrong'}"
        time.sleep(0.05)


def driven_for(run: LocustRun, seconds: int) -> list[LoadMeasured]:
    """The lines of that many whole seconds of load, from when the generator was up (late, on a busy machine)."""
    found: list[LoadMeasured] = []

    def enough() -> bool:
        found.extend(run.poll())
        return sum(one.target_per_second > 0 for one in found) > seconds

    poll_until(run, enough)
    return found


def wait_for_problem(run: LocustRun) -> None:
    def told() -> bool:
        run.poll()
        return bool(run.problem)

    poll_until(run, told)


def kept_rate(measured: list[LoadMeasured]) -> float:
    """Requests sent over requests planned."""
    seconds = [one for one in measured if one.target_per_second]
    return sum(one.requests_per_second for one in seconds) / sum(one.target_per_second for one in seconds)


def test_the_planned_rate_is_driven_and_every_request_is_counted(tmp_path: Path, api: StandInApi) -> None:
    write_manifest(tmp_path)
    with serving() as second, driving(tmp_path, [api.url, second.url]) as run:
        measured = driven_for(run, seconds=3)
        ended = run.finish()
    assert ended.problem == ""
    assert kept_rate(measured) == pytest.approx(1.0, abs=0.2)
    assert ended.achieved_ratio is not None
    assert 0 < ended.achieved_ratio < 1.1
    assert ended.overall.requests == api.total + second.total
    assert ended.overall.failures == 0
    by_name = {totals.name: totals.requests for totals in ended.totals}
    both = api.requests + second.requests
    assert by_name["POST /api/v1/auth/login"] == both["POST /api/v1/auth/login"]
    assert by_name["GET /api/v1/posts/:id"] == both["GET /api/v1/posts/{id}"]
    assert sum(by_name.values()) == ended.overall.requests
    assert 0 < max(one.users for one in measured) <= 60
    # users are spread over the instances, each one somebody else with an address of its own
    assert min(api.total, second.total) > ended.overall.requests / 3
    people = api.identifiers + second.identifiers
    assert set(people.values()) == {1}
    assert len(people) == len(api.addresses | second.addresses) >= 20


def test_what_waits_for_a_free_user_is_in_the_latencies(tmp_path: Path, api: StandInApi) -> None:
    api.delay_seconds = 0.2
    write_manifest(tmp_path, peak="40/s", max_users=2)  # who send ten a second between them: thirty are never sent
    with driving(tmp_path, [api.url]) as run:
        driven_for(run, seconds=4)
        ended = run.finish()
        missed = run.missed
    assert ended.overall.p50_seconds is not None
    assert ended.overall.p50_seconds > 0.5  # the answer took 0.2 s; the request had waited for up to a second
    assert missed > 0


def test_a_team_s_own_users_follow_the_plan_by_iterations(tmp_path: Path, api: StandInApi) -> None:
    write_manifest(tmp_path, peak="20/s", tolerance=0.2)
    with driving(tmp_path, [api.url], locustfiles=[Path(__file__).with_name("team_users.py")]) as run:
        driven_for(run, seconds=5)
        ended = run.finish()
    assert ended.problem == ""
    assert ended.planned_unit == "iterations"
    assert ended.achieved_ratio == pytest.approx(1.0, abs=0.3)
    by_name = {totals.name: totals for totals in ended.totals}
    reads, fails = by_name["GET trending"], by_name["GET /nowhere"]
    assert reads.requests == by_name["GET /api/v1/posts"].requests == api.requests["GET /api/v1/posts/trending"]
    assert (reads.failures, fails.failures) == (0, fails.requests)
    planned = LoadPlan(Manifest.read(tmp_path / "manifest.json").profile)
    assert reads.requests + fails.requests <= planned.turns_by(60_000)


def test_workers_share_the_plan_and_the_master_adds_them_up(tmp_path: Path, api: StandInApi) -> None:
    write_manifest(tmp_path, peak="80/s", lead_ms=3_000)
    with driving(tmp_path, [api.url], workers=2) as run:
        poll_until(run, lambda: api.total > 160)
        ended = run.finish()
    assert ended.problem == ""
    assert ended.overall.requests == api.total
    assert ended.achieved_ratio is not None
    assert 0 < ended.achieved_ratio < 1.1
    assert set(api.identifiers.values()) == {1}  # workers take different accounts


@pytest.mark.accept
def test_a_killed_worker_is_told_and_its_share_driven_by_the_others(tmp_path: Path, api: StandInApi) -> None:
    write_manifest(tmp_path, lead_ms=4_000)
    with driving(tmp_path, [api.url], workers=2) as run:
        poll_until(run, lambda: api.total > 40)
        os.kill(pid_of(run, 2), signal.SIGKILL)
        poll_until(run, lambda: bool(run.poll() is not None and run.lost_workers))
        assert run.lost_workers == ("worker 2 of the load generator was killed by SIGKILL",)
        rates: list[float] = []
        deadline = time.monotonic() + 200
        while not (rates and min(rates) < 30 and rates[-1] > 35):  # Locust's master misses it after some seconds only
            assert time.monotonic() < deadline, rates
            rates += [one.requests_per_second for one in run.poll()]
            time.sleep(0.1)
        steady = driven_for(run, seconds=6)[1:]
        assert kept_rate(steady) == pytest.approx(1.0, abs=0.2)  # neither short of its share nor dealt twice
        ended = run.finish()
    assert (ended.problem, ended.lost_workers) == ("", run.lost_workers)
    findings = judge_load(ended, tolerance=0.5, errors_expected=False).findings
    assert any(
        "worker 2 of the load generator was killed by SIGKILL; the others took over" in one.text for one in findings
    )


@pytest.mark.accept
def test_with_its_last_worker_the_load_ends_and_says_why(tmp_path: Path, api: StandInApi) -> None:
    write_manifest(tmp_path, lead_ms=4_000)
    with driving(tmp_path, [api.url], workers=2) as run:
        poll_until(run, lambda: api.total > 40)
        for number in (1, 2):
            os.kill(pid_of(run, number), signal.SIGKILL)
        wait_for_problem(run)
        ended = run.finish()
    assert "worker 1 of the load generator was killed by SIGKILL" in ended.problem
    assert judge_load(ended, tolerance=0.2, errors_expected=False).outcome is ExitCode.INCONCLUSIVE


@pytest.mark.accept
@pytest.mark.parametrize("number", [0, 1], ids=["master", "worker"])
def test_a_process_that_hangs_ends_the_load_all_the_same(tmp_path: Path, api: StandInApi, number: int) -> None:
    """Stopped, not killed: as when a machine hangs or its network is lost."""
    write_manifest(tmp_path, lead_ms=4_000, seconds=20)
    with driving(tmp_path, [api.url], workers=2) as run:
        poll_until(run, lambda: api.total > 40)
        os.kill(pid_of(run, number), signal.SIGSTOP)
        began = time.monotonic()
        ended = run.finish()
        assert time.monotonic() - began < 120
        assert not run.running
    if number == 0:
        assert ended.problem == "the load generator was stopped before it had written its totals"
    else:
        assert ended.overall.requests > 40


def pid_of(run: LocustRun, number: int) -> int:
    return run._children[number].pid


def bound_to(probe: socket.socket) -> int:
    """A port that is the socket's, which never listens: whoever comes is refused."""
    probe.bind(("127.0.0.1", 0))
    return int(probe.getsockname()[1])


@contextmanager
def hanging_up() -> Iterator[str]:
    """A server that takes every connection, reads what it is asked and hangs up."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            while True:
                try:
                    connection, _ = server.accept()
                except OSError:
                    return
                with connection:
                    connection.recv(65_536)

        threading.Thread(target=serve, daemon=True).start()
        yield f"http://127.0.0.1:{server.getsockname()[1]}"


def test_an_outage_is_not_hammered_and_a_killed_generator_is_told(tmp_path: Path) -> None:
    write_manifest(tmp_path)
    with (
        socket.socket() as refusing,
        hanging_up() as hangs_up,
        driving(tmp_path, [f"http://127.0.0.1:{bound_to(refusing)}", hangs_up]) as run,
    ):
        measured = driven_for(run, seconds=3)
        os.kill(pid_of(run, 0), signal.SIGKILL)
        wait_for_problem(run)
        ended = run.finish()
        given_up = run.given_up
    assert ended.overall.refused > 0 < ended.overall.aborted
    assert ended.overall.refused + ended.overall.aborted == ended.overall.unanswered == ended.overall.requests
    assert len(given_up) == ended.overall.aborted  # who was refused never asked
    assert set(given_up.values()) == {"POST /api/v1/auth/login"}
    assert sum(one.failures for one in measured) == sum(one.requests for one in measured)
    assert kept_rate(measured) == pytest.approx(1.0, abs=0.2)
    assert ended.problem == "the load generator was killed by SIGKILL"
    assert ended.overall.requests >= sum(one.requests for one in measured) > 20


def test_a_generator_that_cannot_start_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_manifest(tmp_path)
    broken = tmp_path / "shipped"
    broken.mkdir()
    (broken / "http_users.py").write_text("raise SystemExit('no users today')\n")
    monkeypatch.setattr("simulator.load.locust_run.shipped", lambda folder: broken)
    with driving(tmp_path, ["http://127.0.0.1:9"]) as run:
        wait_for_problem(run)
        ended = run.finish()
    assert ended.problem == "the load generator ended with code 1: no users today"
    assert ended.overall.requests == 0


def test_refusals_are_told_apart(tmp_path: Path, api: StandInApi) -> None:
    api.statuses = {
        "GET /api/v1/posts/{id}": 404,
        "GET /api/v1/search": 429,
        "GET /api/v1/servers": 500,
        "GET /api/v1/posts/trending": 404,
    }
    write_manifest(tmp_path, peak="80/s")
    with driving(tmp_path, [api.url]) as run:
        poll_until(run, lambda: all(api.requests[key] for key in api.statuses))
        ended = run.finish()
    by_name = {totals.name: totals for totals in ended.totals}
    gone = by_name["GET /api/v1/posts/:id"]
    assert gone.declined == gone.requests > 0
    limited = by_name["GET /api/v1/search"]
    assert limited.rate_limited == limited.requests > 0
    for unexpected in ("GET /api/v1/servers", "GET /api/v1/posts/trending"):
        assert by_name[unexpected].failures == by_name[unexpected].requests > 0
    assert ended.overall.requests == api.total


def test_ending_early_loses_no_count_and_an_old_token_is_refreshed(tmp_path: Path, api: StandInApi) -> None:
    soon = int(time.time()) + 30  # within the minute before its end in which a token is renewed
    api.token = jwt.encode({"exp": soon}, "k" * 32, algorithm="HS256")
    write_manifest(tmp_path, peak="20/s", max_users=1)
    with driving(tmp_path, [api.url]) as run:
        poll_until(run, lambda: api.total > 30)
        ended = run.finish()
    assert ended.problem == ""
    assert ended.overall.requests == api.total
    assert ended.overall.failures == 0
    assert api.requests["POST /api/v1/auth/refresh"] == 1
    assert api.requests["POST /api/v1/auth/login"] == 1


def test_only_this_machine_is_driven_unless_a_host_was_allowed(tmp_path: Path) -> None:
    write_manifest(tmp_path)
    with pytest.raises(InputError, match="not this machine"):
        LocustRun(tmp_path / "manifest.json", ["http://api.example.org"], tmp_path, spawn)
    LocustRun(
        tmp_path / "manifest.json", ["http://api.example.org"], tmp_path, spawn, allowed_hosts=["api.example.org"]
    )


def test_weights_that_choose_nothing_are_refused(tmp_path: Path) -> None:
    write_manifest(tmp_path, journeys={"browse": 0, "post": 0, "search": 0})
    with pytest.raises(InputError, match=r"load\.journeys: every weight is 0"):
        LocustRun(tmp_path / "manifest.json", ["http://127.0.0.1:9"], tmp_path, spawn)
