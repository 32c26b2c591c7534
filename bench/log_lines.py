"""Log lines as ready bytes: how many a second on one core.

    python bench/log_lines.py [--minutes 10] [--peak 2000/s]

Ours are all lines of the platform (API and web in JSON, nginx, PostgreSQL, Redis, workers, hosts) over an interval of
the model, the API's alone, and the API's while a fault turns a fifth of its requests into errors. The baselines,
measured in the same run, are what one writes first: a dict for each request, texts by Faker for each line, then
json.dumps; and the best of that kind, texts drawn beforehand, then orjson. They have no causes and agree with no
counter.
"""

from __future__ import annotations

import argparse
import json
import random
import resource
import time
from collections.abc import Callable
from datetime import UTC, datetime

import orjson
from faker import Faker

from simulator.clock import rfc3339
from simulator.profile.manifest import Manifest
from simulator.profile.schema import Profile
from simulator.streams.logs import ModelLogs
from simulator.telemetry.interval import Interval
from simulator.units import MINUTE

BASELINE_LINES = 20_000


def manifest(peak: str, *faults: dict[str, object]) -> Manifest:
    profile = Profile.model_validate(
        {
            "name": "bench",
            "description": "The default platform",
            "start": datetime(2026, 1, 5, 12, tzinfo=UTC),
            "duration": "2d",
            "traffic": {"peak": peak, "shape": "flat"},
            "faults": faults,
        }
    )
    return Manifest(
        run_id="bench",
        mode="virtual",
        profile=profile,
        profile_path="bench.yaml",
        seed=1,
        started_ms=profile.start_ms,
    )


def measure(what: str, logs: ModelLogs, start: int, minutes: int) -> None:
    """Lines and bytes of an interval, and the CPU time that they took."""
    for _ in logs.batches(Interval(start, start + MINUTE)):
        pass  # compiles where the cache is empty, then draws 45 days of totals
    used = time.process_time()
    lines = size = 0
    for batch in logs.batches(Interval(start + MINUTE, start + (1 + minutes) * MINUTE)):
        lines += len(batch)
        size += len(batch.text)
    report(what, lines, size, time.process_time() - used)


def measure_plain(what: str, line: Callable[[int], bytes]) -> None:
    used = time.process_time()
    size = sum(len(line(number)) for number in range(BASELINE_LINES))
    report(what, BASELINE_LINES, size, time.process_time() - used)


def report(what: str, lines: int, size: int, cpu: float) -> None:
    print(f"{what:38} {lines:9} lines {lines / cpu:12,.0f}/s {size / cpu / 1e6:8.1f} MB/s")


def request(number: int, address: str, path: str, agent: str, trace: str) -> dict[str, object]:
    """A request line as a dict."""
    took = round(random.lognormvariate(2.5, 0.7), 3)
    return {
        "level": "info",
        "time": rfc3339(1_767_614_400_000 + number * 3),
        "pid": 1,
        "hostname": "cryb-api-1",
        "reqId": f"req-{number:012x}",
        "req": {"method": "GET", "url": path, "hostname": "api.cryb.ai", "remoteAddress": address, "agent": agent},
        "res": {"statusCode": 200},
        "responseTime": took,
        "msg": "request completed",
        "service": "api",
        "method": "GET",
        "status": 200,
        "duration": took,
        "trace_id": trace,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=int, default=10)
    parser.add_argument("--peak", default="2000/s")
    arguments = parser.parse_args()
    faker = Faker()
    Faker.seed(1)

    def by_faker(number: int) -> bytes:
        trace = faker.uuid4().replace("-", "")
        return json.dumps(request(number, faker.ipv4(), faker.uri_path(), faker.user_agent(), trace)).encode()

    pool = [(faker.ipv4(), faker.uri_path(), faker.user_agent()) for _ in range(1024)]

    def by_pool(number: int) -> bytes:
        return orjson.dumps(request(number, *pool[number % 1024], f"{random.getrandbits(128):032x}"))

    calm = manifest(arguments.peak)
    broken = manifest(
        arguments.peak, {"id": "errors", "kind": "http_errors", "at": "1s", "for": "1d", "intensity": 0.2}
    )
    start = calm.started_ms
    measure("model, every service", ModelLogs(calm), start, arguments.minutes)
    measure("model, API", ModelLogs(calm, services={"api"}), start, arguments.minutes)
    measure("model, API, a fifth fails", ModelLogs(broken, services={"api"}), start, arguments.minutes)
    measure_plain("dict, Faker, json.dumps", by_faker)
    measure_plain("dict, drawn before, orjson", by_pool)
    print(f"peak memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MiB")


if __name__ == "__main__":
    main()
