"""Log lines in files: layout, rotation, and nothing lost at the end."""

from __future__ import annotations

import time
from collections.abc import Iterable
from pathlib import Path

import pytest

from simulator.clock import ManualClock
from simulator.sinks.log_files import LogFiles, LogFollower
from simulator.telemetry.interval import Interval
from simulator.telemetry.logs import LogEntry


def entry(service: str, line: bytes, at_ms: int = 0) -> LogEntry:
    return LogEntry(at_ms, (("level", "info"), ("service", service)), line)


def test_files_lie_where_the_platforms_promtail_looks(tmp_path: Path) -> None:
    files = LogFiles(tmp_path)
    services = ("api", "auth", "nginx", "postgresql", "redis", "system", "security", "deployment", "workers", "../x")
    assert files.write([entry(service, service.encode()) for service in services]) == len(services)
    files.close()
    assert {str(path.relative_to(tmp_path)): path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()} == {
        "cryb/api/api.log": b"api\n",
        "cryb/api-auth.log": b"auth\n",
        "nginx/access.log": b"nginx\n",
        "postgresql/postgresql.log": b"postgresql\n",
        "redis/redis.log": b"redis\n",
        "syslog": b"system\n",
        "auth.log": b"security\n",
        "cryb-deploy.log": b"deployment\n",
        "containers/workers.log": b"workers\n",
        "containers/_x.log": b"../x\n",
    }


def test_full_files_are_numbered_and_the_oldest_goes(tmp_path: Path) -> None:
    files = LogFiles(tmp_path, rotate_bytes=10, kept=2)
    files.write([entry("system", f"line {n}".encode()) for n in range(5)])  # 7 bytes with the line end
    files.close()
    assert (tmp_path / "syslog").read_text() == "line 4\n"
    assert (tmp_path / "syslog.1").read_text() == "line 3\n"
    assert (tmp_path / "syslog.2").read_text() == "line 2\n"
    assert not (tmp_path / "syslog.3").exists()


def test_a_line_longer_than_a_file_is_written_whole(tmp_path: Path) -> None:
    files = LogFiles(tmp_path, rotate_bytes=10)
    files.write([entry("system", b"x" * 50), entry("system", b"y")])
    files.close()
    assert (tmp_path / "syslog.1").read_bytes() == b"x" * 50 + b"\n"


class EverySecond:
    """One line at each full second."""

    def entries(self, interval: Interval) -> Iterable[LogEntry]:
        first = -(-interval.start_ms // 1000)
        return [entry("api", str(n).encode(), n * 1000) for n in range(first, -(-interval.end_ms // 1000))]


def test_each_line_is_written_once_and_the_last_ones_at_the_end(tmp_path: Path) -> None:
    clock = ManualClock(10_000)
    files = LogFiles(tmp_path)
    follower = LogFollower(EverySecond(), files, clock, every_seconds=0.01)
    follower.start()
    path = tmp_path / "cryb/api/api.log"
    for moment in range(12, 15):
        clock.advance(1_000)
        deadline = time.monotonic() + 200
        while not path.exists() or len(path.read_bytes().splitlines()) < moment - 11:
            assert time.monotonic() < deadline
            time.sleep(0.01)
    clock.advance(2_500)
    follower.stop()
    assert path.read_text().split() == ["10", "11", "12", "13", "14", "15"]
    assert follower.failure is None


def test_a_folder_that_cannot_be_written_to_is_told(tmp_path: Path) -> None:
    clock = ManualClock(0)
    (tmp_path / "cryb").write_text("a file where a folder has to be")
    follower = LogFollower(EverySecond(), LogFiles(tmp_path), clock, every_seconds=60)
    follower.start()
    clock.advance(1_000)
    follower.stop()
    assert isinstance(follower.failure, OSError)


@pytest.mark.parametrize("service", ["", ".", "..", "a/b", "\x00"])
def test_no_service_name_leads_out_of_the_folder(tmp_path: Path, service: str) -> None:
    assert LogFiles(tmp_path).path(service).parent == tmp_path / "containers"
