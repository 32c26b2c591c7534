"""The reference API: requests a second on one core, and what a request costs in CPU time.

    python bench/reference_api.py [--seconds 3]

The API runs as `crybsim api` does, pinned to one core where there are several; the clients (keep-alive, 16 at a time)
run in this process. CPU time is the API's own, so that figure holds on a busy machine too; the rate may be the
clients' limit or the machine's.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
import tempfile
import time
from pathlib import Path

import httpx
import psutil

from simulator.catalog.accounts import account
from simulator.stack.processes import start_service

CONNECTIONS = 16
PATHS = ("/health", "/api/v1/auth/me", "/api/v1/posts", "/api/v1/servers", "/api/v1/search?q=guide", "/nowhere")


async def drive(port: int, path: str, token: str, seconds: float) -> int:
    """Requests answered within the time."""
    request = f"GET {path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {token}\r\n\r\n".encode()
    ends = time.monotonic() + seconds
    answered = 0

    async def client() -> None:
        nonlocal answered
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        while time.monotonic() < ends:
            writer.write(request)
            head = (await reader.readuntil(b"\r\n\r\n")).lower()
            at = head.index(b"content-length: ") + len(b"content-length: ")
            await reader.readexactly(int(head[at : head.index(b"\r", at)]))
            answered += 1
        writer.close()

    await asyncio.gather(*(client() for _ in range(CONNECTIONS)))
    return answered


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=3.0, help="for each path")
    seconds = parser.parse_args().seconds
    argv = [sys.executable, "-m", "simulator", "api", "quiet-evening", "--port", "0", "--no-rate-limits"]
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder) / "api.log"
        api = start_service(argv, name="api", log=log, ready_within_seconds=60)
        try:
            process = psutil.Process(api.pid)
            cores = sorted(os.sched_getaffinity(0))
            if len(cores) > 1:
                process.cpu_affinity(cores[:1])
                os.sched_setaffinity(0, cores[1:])
            url = httpx.URL(api.urls["api"])
            who = account(7)
            credentials = {"username": who.username, "password": who.password}
            answer = httpx.post(url.join("/api/v1/auth/login"), json=credentials, trust_env=False)
            token = answer.json()["data"]["tokens"]["accessToken"]
            print(f"{'GET':26} {'requests/s':>10} {'CPU us/request':>15} {'a core could':>13}")
            for path in PATHS:
                before = sum(process.cpu_times()[:2])
                answered = asyncio.run(drive(url.port or 80, path, token, seconds))
                used = sum(process.cpu_times()[:2]) - before
                print(f"{path:26} {answered / seconds:10.0f} {used / answered * 1e6:15.0f} {answered / used:11.0f}/s")
        finally:
            api.stop()


if __name__ == "__main__":
    main()
