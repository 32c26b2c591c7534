"""Bytes of log lines a second of one core on our side of a push to Loki, beside a dict and json.dumps for each line.

    python bench/loki_push.py [--minutes N]

The receiver takes everything and looks at nothing; it is a process of its own, so CPU time here is ours alone: cutting
into requests, protobuf, snappy (or JSON), HTTP. With and without drawing and rendering the lines, which
bench/log_lines.py measures.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import socket
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import chain, islice
from multiprocessing.connection import Connection

import httpx

from bench.log_lines import manifest
from simulator.clock import WallClock
from simulator.sinks.loki.endpoint import PUSH_PATH, Endpoint
from simulator.sinks.loki.limits import Limits
from simulator.sinks.loki.push import LokiPush
from simulator.streams.logs import ModelLogs
from simulator.telemetry.interval import Interval
from simulator.telemetry.logs import LogBatch
from simulator.telemetry.samples import Labels
from simulator.units import MINUTE

UNLIMITED = replace(
    Limits(), known=True, rate_bytes=1e15, burst_bytes=1e15, stream_rate_bytes=1e15, stream_burst_bytes=1e15
)
BASELINE_LINES = 60_000
BASELINE_AT_ONCE = 3_000
TARGET = 100e6


def swallow(port_out: Connection) -> None:
    """A server of one connection after the other that answers 204 to everything."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port_out.send(listener.getsockname()[1])
        while True:
            connection, _ = listener.accept()
            with connection, connection.makefile("rb") as reader:
                while head := reader.readline():
                    length = 0
                    while (line := reader.readline()) not in (b"\r\n", b""):
                        if line.lower().startswith(b"content-length:"):
                            length = int(line.split(b":")[1])
                    while length:
                        length -= len(reader.read(min(length, 1 << 20)))
                    connection.sendall(b"HTTP/1.1 204 No Content\r\n\r\n" if head else b"")


def push(url: str, streams: Sequence[Labels], batches: Iterator[LogBatch] | list[LogBatch], form: str) -> float:
    """Megabytes of lines a CPU second."""
    clock = WallClock()
    used = time.process_time()
    with LokiPush(Endpoint(url), streams, UNLIMITED, clock, lambda seconds: False, form=form) as sink:
        sink.write(batches)
        size = sink.totals().sent_bytes
    return size / (time.process_time() - used)


def push_plainly(url: str, batches: list[LogBatch]) -> float:
    """What one writes first: an object for each line, grouped in dicts, json.dumps, httpx. Bytes a CPU second."""
    used = time.process_time()
    size = 0
    entries = list(islice(chain.from_iterable(batch.entries() for batch in batches), BASELINE_LINES))
    with httpx.Client(base_url=url, trust_env=False) as client:
        for first in range(0, len(entries), BASELINE_AT_ONCE):
            streams: dict[Labels, list[list[str]]] = {}
            for entry in entries[first : first + BASELINE_AT_ONCE]:
                streams.setdefault(entry.labels, []).append([str(entry.at_ms * 1_000_000), entry.line.decode()])
                size += len(entry.line)
            body = {"streams": [{"stream": dict(labels), "values": values} for labels, values in streams.items()]}
            content = json.dumps(body).encode()
            client.post(PUSH_PATH, content=content, headers={"Content-Type": "application/json"}).raise_for_status()
    return size / (time.process_time() - used)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=int, default=3, help="of 2,000 requests a second")
    minutes = parser.parse_args().minutes
    run = manifest("2000/s")
    logs = ModelLogs(run)
    span = Interval(run.started_ms + MINUTE, run.started_ms + (1 + minutes) * MINUTE)
    list(logs.batches(Interval(run.started_ms, run.started_ms + MINUTE)))  # compiles, draws totals of days
    batches = list(logs.batches(span))
    ours, theirs = multiprocessing.Pipe()
    receiver = multiprocessing.get_context("spawn").Process(target=swallow, args=(theirs,), daemon=True)
    receiver.start()
    url = f"http://127.0.0.1:{ours.recv()}"
    try:
        push(url, logs.streams, batches[:1], "protobuf")  # compiles
        push(url, logs.streams, batches[:1], "json")
        plain = push_plainly(url, batches)
        report("dict and json.dumps a line (baseline)", plain, plain)
        report("JSON, lines there already", push(url, logs.streams, batches, "json"), plain)
        protobuf = push(url, logs.streams, batches, "protobuf")
        report("protobuf, lines there already", protobuf, plain)
        report("protobuf, lines drawn and rendered too", push(url, logs.streams, logs.batches(span), "protobuf"), plain)
    finally:
        receiver.terminate()
        receiver.join()
    print(f"target {TARGET / 1e6:.0f} MB/s a core: {'reached' if protobuf >= TARGET else 'not reached'}")


def report(what: str, rate: float, baseline: float) -> None:
    print(f"{what:40} {rate / 1e6:8.1f} MB/s a core   {rate / baseline:6.1f} times the baseline")


if __name__ == "__main__":
    main()
