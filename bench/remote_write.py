"""Remote write: samples a second a core on our side, into a receiver that does nothing and into the real Prometheus.

    python bench/remote_write.py [--hours 2] [--series 3000] [--senders 1]

The figure to reach is 500,000 samples a second a core on our side (null receiver). The baseline, in the same run, is a
plain Python encoder: protobuf written sample by sample, then the same snappy, of the very same requests. "a core" is by
the CPU time of our process, which is what the load of other processes does not change.
"""

from __future__ import annotations

import argparse
import os
import socketserver
import struct
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from backfill import PLAIN, STEP_MS, Spent, a_platform

from simulator.clock import WallClock
from simulator.rehearsal.history.history import History
from simulator.rehearsal.history.scrapes import Scraper
from simulator.rehearsal.remote.history import HistoryWriter, Sending
from simulator.rehearsal.remote.plan import Plan, Stretch
from simulator.sinks.remote_write.courier import Courier, Fate, Parcel
from simulator.sinks.remote_write.endpoint import Endpoint
from simulator.sinks.remote_write.tally import Tally
from simulator.stack.binaries import find_binaries
from simulator.stack.local import LocalStack
from simulator.streams.samples import ModelSamples
from simulator.telemetry.interval import Interval
from simulator.telemetry.samples import Labels
from simulator.units import HOUR
from simulator.wire.remote_write import compress

BASELINE_REQUESTS = 6


@contextmanager
def ours() -> Iterator[Spent]:
    """Of this process alone: servers do not count."""
    spent = Spent()
    wall, cpu = time.perf_counter(), time.process_time()
    yield spent
    spent.wall, spent.cpu = time.perf_counter() - wall, time.process_time() - cpu


class Null(socketserver.StreamRequestHandler):
    """Reads requests and says that they were taken."""

    def handle(self) -> None:
        while line := self.rfile.readline():
            size = 0
            while line not in (b"\r\n", b""):
                name, _, value = line.partition(b":")
                if name.lower() == b"content-length":
                    size = int(value)
                line = self.rfile.readline()
            self.rfile.read(size)
            self.wfile.write(b"HTTP/1.1 204 No Content\r\n\r\n")


@contextmanager
def null_receiver() -> Iterator[str]:
    """In a process of its own."""
    command = [sys.executable, __file__, "--be-null"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield f"http://127.0.0.1:{int(process.stdout.readline())}/api/v1/write"
        finally:
            process.terminate()


def be_null() -> None:
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Null) as server:
        print(server.server_address[1], flush=True)
        server.serve_forever()


def parcels(plan: Plan, stretch: Stretch) -> Iterator[Parcel]:
    for number in range(stretch.first_slice, stretch.first_slice + len(stretch.slices)):
        for group in plan.groups:
            parcel = plan.parcel(group, stretch, number)
            if parcel is not None:
                yield parcel


def varint(number: int) -> bytes:
    out = bytearray()
    while number >= 0x80:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    out.append(number)
    return bytes(out)


def field(tag: int, content: bytes) -> bytes:
    return bytes([tag]) + varint(len(content)) + content


def plainly(series: list[tuple[Labels, list[tuple[int, float]]]]) -> bytes:
    """A WriteRequest as one writes it without thinking of speed."""
    request = bytearray()
    for labels, samples in series:
        one = bytearray()
        for name, value in labels:
            one += field(0x0A, field(0x0A, name.encode()) + field(0x12, value.encode()))
        for at_ms, value in samples:
            one += field(0x12, b"\x09" + struct.pack("<d", value) + b"\x10" + varint(at_ms))
        request += field(0x0A, bytes(one))
    return compress(bytes(request))


def baseline(plan: Plan, stretch: Stretch, names: list[tuple[Labels, ...]]) -> tuple[int, Spent]:
    """The first requests again, encoded plainly; what they hold is laid out before. The bytes have to be the same."""
    laid_out = []
    for number in range(stretch.first_slice, stretch.first_slice + len(stretch.slices)):
        within = stretch.slices[number - stretch.first_slice]
        for group in plan.groups:
            series = []
            for part in group.parts:
                scraped = stretch.scraped[part.target]
                first, end = np.searchsorted(scraped.times_ms, (within.start_ms, within.end_ms)).tolist()
                times = scraped.times_ms[first:end].tolist()
                for row in range(part.first, part.end):
                    there = scraped.present[row, first:end].tolist()
                    values = scraped.values[row, first:end].view(np.float64).tolist()
                    samples = [(at, v) for at, v, yes in zip(times, values, there, strict=True) if yes]
                    if samples:
                        series.append((names[part.target][row], samples))
            laid_out.append(series)
            if len(laid_out) == BASELINE_REQUESTS:
                break
        if len(laid_out) == BASELINE_REQUESTS:
            break
    with ours() as spent:
        made = [plainly(series) for series in laid_out]
    if made != [parcel.body for _, parcel in zip(made, parcels(plan, stretch), strict=False)]:
        raise SystemExit("the plain encoder makes other bytes")
    return sum(len(samples) for series in laid_out for _, samples in series), spent


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--hours", type=float, default=2)
    parser.add_argument("--series", type=int, default=3000)
    parser.add_argument("--senders", type=int, default=1)
    parser.add_argument("--be-null", action="store_true", help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.be_null:
        be_null()
        return
    run, targets, series = a_platform(asked.series)
    span = Interval(run.started_ms - round(asked.hours * HOUR), run.started_ms)
    history = History(run, span, span.start_ms, 1, targets, PLAIN.identity)
    print(f"{series} series, {asked.hours:g} h at {STEP_MS // 1000} s; load average {os.getloadavg()[0]:.1f}")
    clock = WallClock()

    with null_receiver() as url, tempfile.TemporaryDirectory() as name:
        writer = HistoryWriter(
            history, Sending(Endpoint(url), senders=asked.senders), clock,
            source=lambda: ModelSamples(run), relabelling=PLAIN, workers=1,
        )  # fmt: skip
        scraper = Scraper(ModelSamples(run), PLAIN, run.seed)
        slices = writer.plan.slices[: max(1, len(writer.plan.slices) // 4)]
        part = Interval(slices[0].start_ms, slices[-1].end_ms)
        scraped = []
        for target in targets:
            times = history.scrapes(target, part)
            scraped.append(scraper.scrape(target, times, times[:0]))
        stretch = Stretch(0, slices, tuple(scraped))
        next(parcels(writer.plan, stretch))  # compiles
        plain_samples, plain = baseline(writer.plan, stretch, [one.series for one in scraped])
        print(f"plain Python, encoding         {plain.rate(plain_samples)}")
        with ours() as encoding:
            made = list(parcels(writer.plan, stretch))
        samples = sum(parcel.samples for parcel in made)
        ratio = (samples / encoding.cpu) / (plain_samples / plain.cpu)
        print(f"ours, encoding                 {encoding.rate(samples)}   ratio a core {ratio:.1f}")
        courier = Courier(Endpoint(url), Tally(clock), clock, lambda _: False)
        with ours() as sending:
            if any(courier.deliver(parcel) is not Fate.TAKEN for parcel in parcels(writer.plan, stretch)):
                raise SystemExit("the null receiver did not take everything")
        ratio = (samples / sending.cpu) / (plain_samples / plain.cpu)
        print(f"ours, encoded and sent         {sending.rate(samples)}   ratio a core {ratio:.1f}")
        size = sum(len(parcel.body) for parcel in made)
        print(f"  on the wire                  {size / samples:.1f} bytes a sample, {samples // len(made)} a request")
        with ours() as whole:
            done = writer.write(Path(name), "")
        print(f"from the model to null         {whole.rate(done.sent)}")

    binaries = find_binaries()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        stack = LocalStack(folder, prometheus=binaries.prometheus.path, alertmanager=binaries.alertmanager.path)
        with stack:
            url = stack.start_prometheus(lambda _: "{}\n", flags=["--web.enable-remote-write-receiver"])
            writer = HistoryWriter(
                history, Sending(Endpoint(f"{url}/api/v1/write"), senders=2), clock,
                source=lambda: ModelSamples(run), relabelling=PLAIN,
            )  # fmt: skip
            with ours() as real:
                done = writer.write(folder, "")
        if done.dropped:
            raise SystemExit(f"Prometheus refused {done.dropped} samples")
        print(f"from the model to Prometheus   {real.rate(done.sent)}")
    print(f"load average {os.getloadavg()[0]:.1f}")


if __name__ == "__main__":
    main()
