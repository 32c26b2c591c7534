"""The scenarios' HTTP user against Locust's FastHttpUser: requests a second of one generator on one core.

    python bench/http_client.py [--users 50] [--seconds 5] [--rounds 3]

The generator is pinned to one core and the target to another, where there are two; both kinds run by turns, in the same
Locust environment with its statistics. The target is nginx from PATH with a file of 300 bytes; without nginx a small
server in Python stands in, which is then the limit, and it says so.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

SCENARIOS = Path(__file__).parents[1] / "scenarios"
KINDS = {"stock": "locust.FastHttpUser", "ours": "_fast_http.FastUser"}
BODY = b"x" * 300
WARM_UP_SECONDS = 1.5
REQUESTS_A_TASK = 100

NGINX = """
daemon off; worker_processes 1; pid {folder}/pid; error_log {folder}/error.log;
events {{ worker_connections 4096; }}
http {{
  access_log off; keepalive_requests 1000000000; keepalive_timeout 600;
  client_body_temp_path {folder}/1; proxy_temp_path {folder}/2; fastcgi_temp_path {folder}/3;
  uwsgi_temp_path {folder}/4; scgi_temp_path {folder}/5;
  server {{ listen 127.0.0.1:{port}; root {folder}; default_type text/plain; }}
}}
"""


def drive(kind: str, url: str, users: int, seconds: float) -> None:
    """One generator: users who ask as fast as they are answered; what it did goes to standard output as JSON."""
    from gevent import monkey

    monkey.patch_all()
    import gevent
    from locust import FastHttpUser, constant, task
    from locust.env import Environment

    base: Any = FastHttpUser
    if kind == "ours":
        sys.path.insert(0, str(SCENARIOS))
        from _fast_http import FastUser

        base = FastUser

    class Reader(base):  # type: ignore[misc]
        host = url
        wait_time = constant(0)

        @task
        def read(self) -> None:
            for _ in range(REQUESTS_A_TASK):
                self.client.get("/file")

    environment = Environment(user_classes=[Reader])
    runner = environment.create_local_runner()
    runner.start(users, spawn_rate=users)
    gevent.sleep(WARM_UP_SECONDS)
    total = environment.stats.total
    before, cpu, at = total.num_requests, time.process_time(), time.perf_counter()
    gevent.sleep(seconds)
    requests, cpu, took = total.num_requests - before, time.process_time() - cpu, time.perf_counter() - at
    told = {
        "rate": requests / took,
        "cpu_us": cpu / requests * 1e6,
        "busy": cpu / took,
        "failures": total.num_failures,
        "mean_bytes": total.total_content_length / total.num_requests,
    }
    print(json.dumps(told), flush=True)
    os._exit(0)


class StandIn(asyncio.Protocol):
    """Answers each request head with the same bytes."""

    ANSWER = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: %d\r\n\r\n%s" % (len(BODY), BODY)

    def connection_made(self, transport: Any) -> None:
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._transport.write(self.ANSWER * data.count(b"\r\n\r\n"))


async def stand_in(port: int) -> None:
    server = await asyncio.get_running_loop().create_server(StandIn, "127.0.0.1", port)
    await server.serve_forever()


@contextmanager
def target(core: int, folder: Path) -> Iterator[tuple[str, str]]:
    """A server on a free port and a core: its base URL and its name."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    nginx = shutil.which("nginx")
    if nginx:
        folder.chmod(0o755)  # started by root, its worker is another user
        (folder / "file").write_bytes(BODY)
        (folder / "nginx.conf").write_text(NGINX.format(folder=folder, port=port))
        argv = [nginx, "-e", str(folder / "error.log"), "-c", str(folder / "nginx.conf")]
        name = "nginx"
    else:
        argv = [sys.executable, __file__, "--serve", str(port)]
        name = "a stand-in in Python (no nginx on PATH): it may be the limit, then the ratio is too small"
    with subprocess.Popen(argv, preexec_fn=lambda: os.sched_setaffinity(0, {core})) as server:
        try:
            wait_for(port)
            yield f"http://127.0.0.1:{port}", name
        finally:
            server.terminate()
            server.wait()


def wait_for(port: int) -> None:
    deadline = time.monotonic() + 30
    while True:
        try:
            socket.create_connection(("127.0.0.1", port)).close()
            return
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.05)


def measure(kind: str, url: str, users: int, seconds: float, core: int) -> dict[str, float]:
    argv = [sys.executable, __file__, "--drive", kind, "--url", url, "--users", str(users), "--seconds", str(seconds)]
    done = subprocess.run(argv, stdout=subprocess.PIPE, check=True, preexec_fn=lambda: os.sched_setaffinity(0, {core}))
    found: dict[str, float] = json.loads(done.stdout)
    assert found["failures"] == 0, found
    assert found["mean_bytes"] == len(BODY), found
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--users", type=int, default=50)
    parser.add_argument("--seconds", type=float, default=5.0, help="for each measurement")
    parser.add_argument("--rounds", type=int, default=3, help="of each kind; the median counts")
    parser.add_argument("--drive", choices=KINDS, help=argparse.SUPPRESS)
    parser.add_argument("--url", help=argparse.SUPPRESS)
    parser.add_argument("--serve", type=int, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.drive:
        drive(given.drive, given.url, given.users, given.seconds)
    if given.serve:
        asyncio.run(stand_in(given.serve))
    cores = sorted(os.sched_getaffinity(0))
    with tempfile.TemporaryDirectory() as folder, target(cores[-1], Path(folder)) as (url, name):
        print(f"{given.users} users, generator on core {cores[0]}, target on core {cores[-1]}: {name}")
        found: dict[str, list[dict[str, float]]] = {kind: [] for kind in KINDS}
        for _ in range(given.rounds):
            for kind in KINDS:
                found[kind].append(measure(kind, url, given.users, given.seconds, cores[0]))
    print(f"{'':22} {'requests/s':>10} {'CPU us/request':>15} {'core busy':>10}   rounds")
    medians = {}
    for kind, title in KINDS.items():
        figures = {key: statistics.median(one[key] for one in found[kind]) for key in ("rate", "cpu_us", "busy")}
        medians[kind] = figures
        rounds = " ".join(f"{one['rate']:.0f}" for one in found[kind])
        print(f"{title:22} {figures['rate']:10.0f} {figures['cpu_us']:15.1f} {figures['busy']:10.0%}   {rounds}")
    rate = medians["ours"]["rate"] / medians["stock"]["rate"]
    cpu = medians["stock"]["cpu_us"] / medians["ours"]["cpu_us"]
    print(f"{rate:.1f} times the requests a second; each for 1/{cpu:.1f} of the CPU time")


if __name__ == "__main__":
    main()
