"""The open model while its target stalls: are arrivals held, and does the stall show in the latencies?

    python bench/open_model.py [--rate 3000] [--stall 5] [--seconds 14]

A server of ours answers at once, but for a stall in which nothing is answered; it runs on one core, the generator on
another, where there are two. Both generators are Locust with its statistics: this project's users of the open model,
and FastHttpUsers with `constant_throughput`, five requests a second each, as many as the rate needs. Latencies are
those that Locust's request event tells. What was started is held against the plan over all of the run, and second by
second after the first two.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import json
import os
import resource
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

SCENARIOS = Path(__file__).parents[1] / "scenarios"
PER_USER = 5.0  # requests a second of one user with constant_throughput
WARM_UP_SECONDS = 2
STALL_FROM_SECONDS = 4.0  # after the generator says that it begins
ANSWER = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 2\r\n\r\nok"
ADDRESSES = ("127.0.0.1", "127.0.0.2", "127.0.0.3", "127.0.0.4")
"""Linux looks for a free port ever longer once some 14,000 connections go to one address and port."""
BEGIN = b"GET /begin "


class Stalling(asyncio.Protocol):
    """Answers at once, or when the stall is over."""

    stalls_from = stalls_until = float("inf")
    stall_seconds = 0.0

    def connection_made(self, transport: Any) -> None:
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        now = time.monotonic()
        if data.startswith(BEGIN):
            Stalling.stalls_from = now + STALL_FROM_SECONDS
            Stalling.stalls_until = Stalling.stalls_from + Stalling.stall_seconds
        if Stalling.stalls_from <= now < Stalling.stalls_until:
            asyncio.get_running_loop().call_later(Stalling.stalls_until - now, self._answer)
        else:
            self._answer()

    def _answer(self) -> None:
        if not self._transport.is_closing():
            self._transport.write(ANSWER)


async def serve(stall_seconds: float) -> None:
    Stalling.stall_seconds = stall_seconds
    loop = asyncio.get_running_loop()
    urls, servers = [], []
    for address in ADDRESSES:
        servers.append(await loop.create_server(Stalling, address, 0, backlog=8_000))
        urls.append(f"http://{address}:{servers[-1].sockets[0].getsockname()[1]}")
    print(",".join(urls), flush=True)
    await asyncio.gather(*(server.serve_forever() for server in servers))


def drive(kind: str, urls: str, rate: float, seconds: float) -> None:
    """One generator; what it did goes to standard output as JSON."""
    from gevent import monkey

    monkey.patch_all()
    import gevent
    from locust import FastHttpUser, constant_throughput, task
    from locust.argument_parser import parse_options
    from locust.env import Environment

    sys.path[:0] = [str(SCENARIOS), str(SCENARIOS.parent)]
    import _arrivals
    from _fast_http import FastUser

    from simulator.streams.arrivals import ConstantRate

    starts: Counter[int] = Counter()
    latencies: list[float] = []
    failures = 0
    began = time.perf_counter()

    hosts = itertools.cycle(urls.split(","))

    class Arriving(_arrivals.ArrivalUser, FastUser):
        def __init__(self, environment: Environment) -> None:
            self.host = next(hosts)
            super().__init__(environment)

        arrivals_per_second = rate
        max_in_flight = round(rate * 6)

        @task
        def look(self) -> None:
            starts[int(time.perf_counter() - began)] += 1
            self.client.get("/look")

    class Waiting(FastHttpUser):
        def __init__(self, environment: Environment) -> None:
            self.host = next(hosts)
            super().__init__(environment)

        wait_time = constant_throughput(PER_USER)

        @task
        def look(self) -> None:
            starts[int(time.perf_counter() - began)] += 1
            self.client.get("/look")

    chosen: Any = Arriving if kind == "open" else Waiting
    environment = Environment(user_classes=[chosen], parsed_options=parse_options(["-f", "-"]))
    runner = environment.create_local_runner()

    def count(response_time: float, exception: Exception | None, **_: object) -> None:
        nonlocal failures
        latencies.append(response_time / 1000)
        failures += exception is not None

    begin(urls.split(",")[0])
    environment.events.request.add_listener(count)
    began = time.perf_counter()
    _arrivals._begin(environment)
    users = 1 if kind == "open" else round(rate / PER_USER)
    runner.start(users, spawn_rate=10_000)
    most_users = 0
    while time.perf_counter() - began < seconds:
        gevent.sleep(0.1)
        most_users = max(most_users, runner.user_count)
    told: dict[str, Any] = {"starts": dict(starts), "users": most_users, "cpu": time.process_time()}
    if kind == "open":
        arrivals, elapsed_ms = _arrivals._crowds[Arriving].arrivals, _arrivals._elapsed_ms()
        planned = ConstantRate(rate).turns_by(elapsed_ms)
        told |= {"planned": planned, "late": arrivals.late, "missed": arrivals.missed}
    else:
        told["planned"] = rate * (time.perf_counter() - began)
    gevent.sleep(1.0)  # for what is under way
    told |= {"latencies": sorted(latencies), "failures": failures}
    told["memory_mb"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps(told), flush=True)
    os._exit(0)


def begin(url: str) -> None:
    """Tell the server that its time counts from now."""
    import socket

    host, port = url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port))) as connection:
        connection.sendall(BEGIN + b"HTTP/1.1\r\n\r\n")
        connection.recv(1_000)


def run(kind: str, rate: float, stall: float, seconds: float, cores: list[int]) -> dict[str, Any]:
    serving = [sys.executable, __file__, "--serve", str(stall)]
    pinned = {"preexec_fn": lambda: os.sched_setaffinity(0, {cores[-1]})}
    with subprocess.Popen(serving, stdout=subprocess.PIPE, text=True, **pinned) as server:
        try:
            assert server.stdout is not None
            url = server.stdout.readline().strip()
            argv = [sys.executable, __file__, "--drive", kind, "--url", url, "--rate", str(rate)]
            argv += ["--seconds", str(seconds)]
            done = subprocess.run(
                argv, stdout=subprocess.PIPE, check=True, preexec_fn=lambda: os.sched_setaffinity(0, {cores[0]})
            )
            found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
            return found
        finally:
            server.terminate()


def show(title: str, told: dict[str, Any], rate: float, stall: float, seconds: float) -> None:
    starts = {int(second): count for second, count in told["starts"].items()}
    whole = range(WARM_UP_SECONDS, int(seconds))
    stalled = range(int(STALL_FROM_SECONDS) + 1, int(STALL_FROM_SECONDS + stall))
    over = [starts.get(second, 0) / rate for second in whole]
    latencies = told["latencies"]
    quantiles = {q: latencies[min(len(latencies) - 1, int(q * len(latencies)))] for q in (0.5, 0.9, 0.99)}
    print(f"\n{title}")
    share = sum(starts.values()) / told["planned"]
    print(f"  started, of what was planned     {share:7.1%}   in the worst whole second {min(over):.1%}")
    in_stall = sum(starts.get(second, 0) for second in stalled) / (rate * len(stalled))
    print(f"  the same while nothing answered  {in_stall:7.1%}")
    if "late" in told:
        print(f"  more than 100 ms late            {told['late']:7}   dropped {told['missed']}")
    print(f"  requests answered                {len(latencies):7}   failed {told['failures']}")
    shown = ", ".join(f"p{q * 100:.0f} {value:.3f} s" for q, value in quantiles.items())
    print(f"  latency                          {shown}, longest {latencies[-1]:.3f} s")
    longer = sum(latency > 0.5 for latency in latencies)
    print(f"  requests that met the stall      {longer:7}   (longer than 0.5 s)")
    print(
        f"  users at most                    {told['users']:7}   {told['memory_mb']:.0f} MB, {told['cpu']:.1f} s of CPU"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rate", type=float, default=3_000.0, help="arrivals a second")
    parser.add_argument("--stall", type=float, default=5.0, help="seconds without an answer")
    parser.add_argument("--seconds", type=float, default=14.0, help="of each measurement")
    parser.add_argument("--only", choices=("open", "closed"))
    parser.add_argument("--drive", choices=("open", "closed"), help=argparse.SUPPRESS)
    parser.add_argument("--url", help=argparse.SUPPRESS)
    parser.add_argument("--serve", type=float, help=argparse.SUPPRESS)
    given = parser.parse_args()
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    if given.drive:
        drive(given.drive, given.url, given.rate, given.seconds)
    if given.serve is not None:
        asyncio.run(serve(given.serve))
    cores = sorted(os.sched_getaffinity(0))
    print(f"{given.rate:.0f} arrivals a second; the target stalls for {given.stall:.0f} s")
    for kind, title in (("open", "open model (_arrivals.py)"), ("closed", "FastHttpUser with constant_throughput")):
        if given.only in (None, kind):
            told = run(kind, given.rate, given.stall, given.seconds, cores)
            show(title, told, given.rate, given.stall, given.seconds)


if __name__ == "__main__":
    main()
