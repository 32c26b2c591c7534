"""Reading the report while it is written, by a generator that may die in the middle of a line."""

from __future__ import annotations

import tempfile
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from simulator.load.report_file import ReportFile
from simulator.wire.load_report import Ended, Record, Started, encode_record

RECORDS: list[Record] = [
    Started(at_ms=1),
    Ended(at_ms=2, until_ms=2, requests=3),
    Ended(at_ms=4, until_ms=4, requests=5),
]
TEXT = b"".join(encode_record(record) + b"\n" for record in RECORDS)


@given(st.lists(st.integers(0, len(TEXT)), max_size=6))
def test_however_the_file_grows_each_record_is_read_once(cuts: list[int]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "load.jsonl"
        report = ReportFile(path)
        assert report.read() == []  # not there yet
        found: list[Record] = []
        for end in [*sorted(cuts), len(TEXT)]:
            path.write_bytes(TEXT[:end])
            found += report.read()
        assert found == RECORDS
        assert report.problem == ""


def test_a_torn_last_line_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "load.jsonl"
    path.write_bytes(TEXT[:-4])
    report = ReportFile(path)
    assert report.read() == RECORDS[:2]
    assert report.read() == []
    assert report.problem == ""


def test_a_line_that_is_no_record_is_told_and_the_rest_is_read(tmp_path: Path) -> None:
    path = tmp_path / "load.jsonl"
    path.write_bytes(b"Traceback (most recent call last):\n" + TEXT)
    report = ReportFile(path)
    assert report.read() == RECORDS
    assert "Traceback" in report.problem
