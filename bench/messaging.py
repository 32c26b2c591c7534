"""Socket.IO: the generator's CPU for an echoed message, for a message received from others, and for idle listeners.

    python bench/messaging.py [--seconds 10] [--users 50] [--idle 5000]

The baseline in the same run is Locust's own `locust.contrib.socketio.SocketIOUser`. The server is python-socketio
without limits, pinned to one core where there are several, the generator to another. CPU time is the generator
process's own, over a span in which everybody was connected; rates may be the server's limit.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))
from tests.load.stand_in_api import TOKEN  # noqa: E402

USERS = ROOT / "bench" / "users" / "socketio_users.py"


def pin(cores: list[int]) -> list[str]:
    return ["taskset", "-c", ",".join(map(str, cores))] if len(os.sched_getaffinity(0)) > 1 else []


@contextmanager
def server(core: int) -> Iterator[str]:
    argv = [*pin([core]), sys.executable, "-m", "tests.load.chat_server"]
    with subprocess.Popen(argv, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield process.stdout.readline().strip()
        finally:
            process.kill()


def measure(core: int, url: str, what: str, users: int, seconds: float) -> dict[str, float]:
    """Run one kind of user, and read what it measured of itself once all were there."""
    with tempfile.TemporaryDirectory() as folder:
        env = {
            **os.environ,
            "PYTHONPATH": str(ROOT / "scenarios"),
            "BENCH_USERS": str(users),
            "BENCH_SECONDS": str(seconds),
            "BENCH_TOKEN": TOKEN,
            "BENCH_OUT": f"{folder}/out.json",
            "BENCH_WHAT": what,
        }
        rate = ["-u", str(users), "-r", str(max(20, users // 70))]
        argv = [sys.executable, "-m", "locust", "-f", str(USERS), "--headless", "--only-summary", "--host", url, *rate]
        done = subprocess.run([*pin([core]), *argv], env=env, capture_output=True, text=True, timeout=300 + users / 10)
        out = Path(folder) / "out.json"
        if not out.exists():
            raise SystemExit(f"{what} measured nothing:\n{done.stderr[-3000:]}")
        return dict(json.loads(out.read_text()))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=10.0, help="of each measurement")
    parser.add_argument("--users", type=int, default=50)
    parser.add_argument("--idle", type=int, default=5000, help="connected users who only listen; 0 leaves them out")
    parser.add_argument("--rooms", type=int, default=100, help="members of the room into which one talks")
    parser.add_argument("--only", choices=("echo", "fan-out", "idle"), help="one part of it")
    options = parser.parse_args()
    cores = sorted(os.sched_getaffinity(0))
    target, generator = cores[0], cores[-1]
    print(f"{'':34} {'events':>9} {'/s':>7} {'CPU us each':>12}")
    cost = {}
    for what in ("stock", "echo") if options.only in (None, "echo") else ():
        with server(target) as url:
            found = measure(generator, url, what, options.users, options.seconds)
        cost[what] = line(what, found)
    if cost:
        print(f"{'echo over stock':34} {cost['echo'] / cost['stock']:30.2f}   (at most 0.50)")
    if options.only in (None, "fan-out"):
        with server(target) as url:
            found = measure(generator, url, "fan-out", options.rooms, options.seconds)
        line("fan-out", found)
        print(f"{'':34} (at most 15) p50 {found['p50_ms']:.1f} ms, p99 {found['p99_ms']:.1f} ms delivered")
    if options.idle and options.only in (None, "idle"):
        with server(target) as url:
            found = measure(generator, url, "idle", options.idle, options.seconds)
        print(
            f"{options.idle} idle listeners: {found['rss'] / 2**20:.0f} MiB (at most 1024), "
            f"{found['cpu'] / found['seconds']:.1%} of a core, {found['connected']:.0f} connected at the end"
        )


def line(what: str, found: dict[str, float]) -> float:
    each = found["cpu"] / max(1.0, found["events"]) * 1e6
    names = {
        "stock": "echoed, locust.contrib.socketio",
        "echo": "echoed, scenarios/socketio_users",
        "fan-out": "received from others, latency kept",
    }
    print(f"{names[what]:34} {found['events']:9.0f} {found['events'] / found['seconds']:7.0f} {each:12.1f}", flush=True)
    return each


if __name__ == "__main__":
    main()
