"""Blocks on disk: whole or not there, and read by the real tools and the real server sample by sample."""

from __future__ import annotations

import json
import os
import re
import shutil
import struct
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from simulator.errors import InputError
from simulator.sinks.tsdb_blocks import BlockWriter, DiskFullError, link_blocks, only_writer, read_blocks
from simulator.stack.binaries import Binaries, find_binaries
from simulator.stack.local import LocalStack
from simulator.telemetry.interval import Interval
from simulator.telemetry.samples import Labels, labels_of
from simulator.transport import http_client
from simulator.wire.tsdb.chunks import STALE_NAN, encode_chunks
from simulator.wire.tsdb.meta import BlockStats, block_ulid
from tests.wire.tsdb.reader import Sample, blocks, read_block

START = 1_767_600_000_000
Block = dict[Labels, list[Sample]]


def bits_of(value: float) -> int:
    """The bit pattern of a float."""
    return int.from_bytes(struct.pack(">d", value), "big")


def write(folder: Path, samples: Block, *, segment_bytes: int = 512 << 20, span: Interval | None = None) -> str:
    """A block of exactly these samples; its name."""
    if span is None:
        times = [time for row in samples.values() for time, _ in row]
        span = Interval(min(times), max(times) + 1)
    ulid = block_ulid(str(len(samples)), span)
    with BlockWriter(folder, ulid, span, segment_bytes=segment_bytes) as writer:
        for number, row in enumerate(samples.values()):
            times_ms = np.array([time for time, _ in row], dtype=np.int64)
            values = np.array([[bits for _, bits in row]], dtype=np.uint64)
            chunks = encode_chunks(times_ms, values, np.ones(values.shape, dtype=np.bool_))
            writer.append(chunks, np.array([number]))
        writer.finish(list(samples))
    return ulid


def counters(series: int, samples: int) -> Block:
    """Counters every 15 s."""
    return {
        (("__name__", "events_total"), ("number", str(number))): [
            (START + 15_000 * at, bits_of(float(at * (number + 1)))) for at in range(samples)
        ]
        for number in range(series)
    }


def test_what_was_written_is_read(tmp_path: Path) -> None:
    samples = counters(3, 500)
    ulid = write(tmp_path, samples)
    assert read_block(tmp_path / ulid) == samples
    (meta,) = read_blocks(tmp_path)
    assert (meta.ulid, meta.stats) == (ulid, BlockStats(samples=1500, series=3, chunks=15))
    assert [path.name for path in tmp_path.iterdir()] == [ulid]


def test_a_full_segment_is_followed_by_another(tmp_path: Path) -> None:
    samples = counters(10, 500)
    folder = tmp_path / write(tmp_path, samples, segment_bytes=1000)
    assert read_block(folder) == samples
    segments = sorted((folder / "chunks").iterdir())
    assert [path.name for path in segments] == [f"{number:06}" for number in range(1, len(segments) + 1)]
    assert len(segments) > 5
    assert all(path.stat().st_size <= 1000 for path in segments)


def test_series_may_come_in_any_order_and_some_not_at_all(tmp_path: Path) -> None:
    samples = counters(4, 300)
    series = [(("__name__", "nobody"),), *reversed(samples)]
    values = np.array([[bits for _, bits in samples[labels]] for labels in reversed(samples)], dtype=np.uint64)
    times = np.array([time for time, _ in next(iter(samples.values()))], dtype=np.int64)
    span = Interval(START, START + 10**8)
    with BlockWriter(tmp_path, block_ulid("", span), span) as writer:
        for first in range(0, 300, 120):
            part = slice(first, first + 120)
            there = np.ones((4, len(times[part])), dtype=np.bool_)
            writer.append(encode_chunks(times[part], values[:, part].copy(), there), np.arange(1, 5))
        meta = writer.finish(series)
    assert meta.stats.series == 4
    assert list(read_block(tmp_path / meta.ulid).items()) == sorted(samples.items())


def test_a_block_that_is_not_finished_leaves_nothing(tmp_path: Path) -> None:
    span = Interval(START, START + 1)
    chunks = encode_chunks(np.array([START]), np.zeros((1, 1), np.uint64), np.ones((1, 1), np.bool_))
    with BlockWriter(tmp_path, block_ulid("", span), span) as writer:
        writer.append(chunks, np.array([0]))
        assert list(tmp_path.iterdir())
    assert list(tmp_path.iterdir()) == []


def test_a_block_that_was_not_begun_is_nothing_yet(tmp_path: Path) -> None:
    """So whoever is interrupted on the way into it has nothing to remove."""
    span = Interval(0, 10)
    with BlockWriter(tmp_path, block_ulid("", span), span):
        assert list(tmp_path.iterdir()) == []


def test_two_series_with_the_same_labels_are_refused(tmp_path: Path) -> None:
    span = Interval(START, START + 1)
    chunks = encode_chunks(np.array([START]), np.zeros((2, 1), np.uint64), np.ones((2, 1), np.bool_))
    with BlockWriter(tmp_path, block_ulid("", span), span) as writer:
        writer.append(chunks, np.array([0, 1]))
        with pytest.raises(ValueError, match="twice"):
            writer.finish([(("__name__", "up"),)] * 2)
    assert list(tmp_path.iterdir()) == []


_FILL = """
import resource, sys
from pathlib import Path
from tests.sinks.test_tsdb_blocks import counters, write
write(Path(sys.argv[1]), counters(1, 240))
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[2]), resource.RLIM_INFINITY))
from simulator.sinks.tsdb_blocks import DiskFullError
try:
    write(Path(sys.argv[1]), counters(40, 1200))
except DiskFullError as error:
    print(error)
"""


@pytest.mark.slow
@pytest.mark.parametrize("room", [4, 3_000, 12_000])
def test_a_disk_that_is_full_leaves_no_half_block(tmp_path: Path, room: int) -> None:
    """A limit on the size of a file stands in for the end of the disk: the same call fails in the same way."""
    done = subprocess.run(
        [sys.executable, "-c", _FILL, str(tmp_path), str(room)],
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == f"{tmp_path}: File too large\n"
    assert [meta.stats.series for meta in read_blocks(tmp_path)] == [1]
    assert [path.name for path in tmp_path.iterdir()] == [read_blocks(tmp_path)[0].ulid]


def test_a_full_disk_is_the_users_to_mend() -> None:
    assert issubclass(DiskFullError, InputError)


def test_folders_that_are_no_blocks_are_passed_over(tmp_path: Path) -> None:
    ulid = write(tmp_path, counters(1, 5))
    for name in ("wal", "01KECC38395PS4QTA0ZT189ZPQ", f"{ulid}.tmp-for-creation"):
        (tmp_path / name).mkdir()
    assert [meta.ulid for meta in read_blocks(tmp_path)] == [ulid]
    assert read_blocks(tmp_path / "nowhere") == ()


def test_linked_blocks_are_the_same_files(tmp_path: Path) -> None:
    source, target = tmp_path / "source", tmp_path / "target"
    source.mkdir()
    target.mkdir()
    ulid = write(source, counters(2, 200))
    link_blocks(source, target)
    assert read_block(target / ulid) == read_block(source / ulid)
    assert (target / ulid / "index").samefile(source / ulid / "index")
    shutil.rmtree(target)
    assert read_block(source / ulid) == counters(2, 200)


def test_one_writer_at_a_time(tmp_path: Path) -> None:
    with (
        only_writer(tmp_path / "new"),
        pytest.raises(InputError, match="another crybsim is writing"),
        only_writer(tmp_path / "new"),
    ):
        pass
    with only_writer(tmp_path / "new"):
        pass


def test_a_folder_that_cannot_be_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(InputError, match="cannot write there"), only_writer(tmp_path / "file"):
        pass


# --- the real tools -------------------------------------------------------------------------------------------------

NAMES = st.from_regex(r"[a-zA-Z_][a-zA-Z0-9_]{0,30}", fullmatch=True).filter(lambda name: name != "__name__")
TEXTS = st.one_of(
    st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=8),
    st.sampled_from(["☃", '"', "\\", "\n", " ", "{}=,", "\x00", "é" * 300, "0"]),
)
SERIES = st.builds(
    lambda name, labels: labels_of({**labels, "__name__": name}),
    st.from_regex(r"[a-zA-Z_:][a-zA-Z0-9_:]{0,30}", fullmatch=True),
    st.dictionaries(NAMES, TEXTS, max_size=4),
)
VALUES = st.one_of(
    st.floats(width=64, allow_nan=False),
    st.integers(-(2**60), 2**60).map(float),
    st.sampled_from([0.0, -0.0, float("inf"), float("-inf"), float("nan"), 5e-324, 2.2250738585072014e-308, 1e300]),
).map(bits_of) | st.just(STALE_NAN)


@st.composite
def rows(draw: st.DrawFn) -> list[Sample]:
    """Samples at any times, over more than one chunk now and then."""
    count = draw(st.one_of(st.integers(1, 6), st.integers(115, 260)))
    steps = draw(st.lists(st.integers(1, 40_000), min_size=4, max_size=4))
    values = draw(st.lists(VALUES, min_size=4, max_size=4))
    time, found = START + draw(st.integers(0, 10**6)), []
    for at in range(count):
        found.append((time, values[at * at % 4]))
        time += steps[at % 4] if at % 50 else draw(st.integers(1, 10**6))
    return found


BLOCKS = st.dictionaries(SERIES, rows(), min_size=1, max_size=8)
_LINE = re.compile(r"\{(.*)\} (\S+) (-?\d+)", re.DOTALL)
_PAIR = re.compile(r'([^=\s,]+)="((?:[^"\\]|\\.)*)"(?:, )?', re.DOTALL)
_ESCAPE = re.compile(r"\\(x[0-9a-f]{2}|u[0-9a-f]{4}|U[0-9a-f]{8}|.)", re.DOTALL)
_CONTROL = {"a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}


@pytest.fixture(scope="module")
def binaries() -> Binaries:
    """The real servers and their tools."""
    return find_binaries()


def unquoted(text: str) -> str:
    """The text of a string as Go quotes it."""

    def replace(match: re.Match[str]) -> str:
        sequence = match[1]
        return chr(int(sequence[1:], 16)) if sequence[0] in "xuU" and sequence[1:] else _CONTROL.get(sequence, sequence)

    return _ESCAPE.sub(replace, text)


def dumped(promtool: Path, folder: Path) -> dict[Labels, list[tuple[int, str]]]:
    """What `promtool tsdb dump` shows."""
    (folder / "wal").mkdir(exist_ok=True)
    done = subprocess.run([promtool, "tsdb", "dump", folder], capture_output=True, check=True)
    found: dict[Labels, list[tuple[int, str]]] = {}
    for line in done.stdout.decode().split("\n")[:-1]:
        match = _LINE.fullmatch(line)
        assert match, line
        labels = tuple((name, unquoted(value)) for name, value in _PAIR.findall(match[1]))
        found.setdefault(labels, []).append((int(match[3]), match[2]))
    return found


def as_dumped(bits: int) -> float:
    """The value of a bit pattern; every NaN is one for the dump."""
    return float(struct.unpack(">d", bits.to_bytes(8, "big"))[0])


@pytest.mark.stack
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(samples=BLOCKS)
def test_promtool_dumps_every_sample(
    samples: Block, binaries: Binaries, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("dump")
    write(folder, samples)
    found = dumped(binaries.promtool.path, folder)
    assert set(found) == set(samples)
    for labels, row in samples.items():
        assert [time for time, _ in found[labels]] == [time for time, _ in row]
        theirs = [float(text.replace("Inf", "inf")) for _, text in found[labels]]
        ours = [as_dumped(bits) for _, bits in row]
        assert list(map(repr, theirs)) == list(map(repr, ours))
    shutil.rmtree(folder)


@pytest.mark.stack
def test_promtool_analyzes_a_block(tmp_path: Path, binaries: Binaries) -> None:
    ulid = write(tmp_path, counters(50, 480))
    (tmp_path / "wal").mkdir()
    done = subprocess.run(
        [binaries.promtool.path, "tsdb", "analyze", tmp_path], capture_output=True, text=True, check=True
    )
    assert f"Block ID: {ulid}\n" in done.stdout
    assert "Series: 50\n" in done.stdout
    assert "Postings (unique label pairs): 51\n" in done.stdout


@pytest.mark.stack
@pytest.mark.slow
def test_a_block_is_the_one_that_prometheus_writes(tmp_path: Path, binaries: Binaries) -> None:
    """The same few samples through promtool's own importer give the same bytes of chunks and index."""
    generator = np.random.default_rng(7)
    values = [*generator.normal(size=8), 0.0, -1.5, 1e300, float("inf"), 3.0, 3.0, 4.0, float("nan")]
    times = np.cumsum([START // 7_200_000 * 7_200_000, *generator.integers(1, 90_000, size=len(values) - 1)])
    samples: Block = {
        (("__name__", "gauge"), ("number", str(number))): [
            (int(time), 0x7FF8000000000001 if value != value else bits_of(value * (number + 1)))
            for time, value in zip(times, values, strict=True)
        ]
        for number in range(3)
    }
    text = "# TYPE gauge gauge\n" + "".join(
        f'gauge{{number="{dict(labels)["number"]}"}} {as_dumped(bits)!r} {time / 1000:.3f}\n'
        for labels, row in samples.items()
        for time, bits in row
    )
    (tmp_path / "in.txt").write_text(text.replace("nan", "NaN").replace("inf", "+Inf") + "# EOF\n")
    theirs, ours = tmp_path / "theirs", tmp_path / "ours"
    ours.mkdir()
    importer = [binaries.promtool.path, "tsdb", "create-blocks-from", "openmetrics", tmp_path / "in.txt", theirs]
    subprocess.run(importer, capture_output=True, check=True)
    write(ours, samples)
    (one,), (other,) = blocks(theirs), blocks(ours)
    for name in ("chunks/000001", "index", "tombstones"):
        assert (other / name).read_bytes() == (one / name).read_bytes(), name
    assert set(json.loads((other / "meta.json").read_bytes())) == set(json.loads((one / "meta.json").read_bytes()))


@pytest.fixture
def server(tmp_path: Path, binaries: Binaries) -> Iterator[httpx.Client]:
    """A real server on a data folder with blocks of 2 h: `steady` throughout, `ends` with a marker in the middle."""
    data = tmp_path / "data" / "prometheus"
    data.mkdir(parents=True)
    for hour in (0, 2):
        start = START + hour * 3_600_000
        times = range(start, start + 7_200_000, 15_000)
        samples: Block = {(("__name__", "steady"), ("site", "☃")): [(time, bits_of(time / 1000)) for time in times]}
        if hour == 0:
            half = [(time, bits_of(1.0)) for time in times[:240]]
            samples[(("__name__", "ends"),)] = [*half, (times[240], STALE_NAN)]
            samples[(("__name__", "fades"),)] = half
        write(data, samples, span=Interval(start, start + 7_200_000))
    with (
        LocalStack(tmp_path, prometheus=binaries.prometheus.path, alertmanager=binaries.alertmanager.path) as stack,
        http_client(stack.start_prometheus(lambda _: "global: {scrape_interval: 15s}\n")) as client,
    ):
        yield client


def answer(client: httpx.Client, query: str, at_ms: int) -> list[dict[str, object]]:
    """The result of an instant query."""
    reply = client.get("/api/v1/query", params={"query": query, "time": f"{at_ms / 1000:.3f}"})
    result: list[dict[str, object]] = reply.json()["data"]["result"]
    return result


@pytest.mark.stack
def test_the_real_server_answers_from_the_blocks(server: httpx.Client) -> None:
    end = START + 4 * 3_600_000 - 1
    assert answer(server, "count_over_time(steady[4h])", end)[0]["value"] == [end / 1000, "960"]
    (series,) = answer(server, "steady[4h]", end)
    assert series["metric"] == {"__name__": "steady", "site": "☃"}
    expected = [
        [time / 1000, f"{time / 1000:g}" if time % 1000 else str(time // 1000)] for time in range(START, end, 15_000)
    ]
    assert series["values"] == expected
    assert answer(server, 'steady{site=~"☃|x"}', end)


@pytest.mark.stack
def test_the_real_server_honours_a_staleness_marker(server: httpx.Client) -> None:
    last = START + 239 * 15_000
    for query in ("ends", "fades"):
        assert answer(server, query, last + 14_999)
    assert not answer(server, "ends", last + 15_000)
    assert answer(server, "fades", last + 15_000)
    assert answer(server, "count_over_time(ends[2h])", last + 60_000)[0]["value"] == [(last + 60_000) / 1000, "240"]
