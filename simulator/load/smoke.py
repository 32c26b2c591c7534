"""A smoke run: Locust's journeys once each, as a child process, and what its lines say."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO, Final

from simulator.errors import ExitCode
from simulator.load.locust_run import Spawn
from simulator.resources import shipped
from simulator.wire.load_report import Outcome
from simulator.wire.smoke_report import JourneyEnded, Record, RequestSeen, decode_record

PROGRAM: Final = "_smoke.py"
REPORT: Final = "smoke.jsonl"
LONGEST_SECONDS: Final = 300.0
_POLL_SECONDS: Final = 0.05


def run_smoke(
    manifest: Path,
    host: str,
    run_dir: Path,
    spawn: Spawn,
    *,
    target: Path | None = None,
    show: Callable[[Record], None] = lambda record: None,
) -> tuple[list[Record], str]:
    """Everything that was seen, and why it is not all there was (nothing, mostly). `show` hears each line as it comes.

    Takes no longer than five minutes.
    """
    report = run_dir / REPORT
    report.touch()
    env = {name: value for name, value in os.environ.items() if not name.startswith(("LOCUST_", "CRYBSIM_"))}
    env |= {"CRYBSIM_MANIFEST": str(manifest), "CRYBSIM_HOSTS": host, "CRYBSIM_LOAD_REPORT": str(report)}
    if target is not None:
        env["CRYBSIM_TARGET"] = str(target.resolve())
    program = shipped("scenarios") / PROGRAM
    child = spawn([sys.executable, program], name="smoke", log=run_dir / "logs" / "smoke.log", env=env)
    found: list[Record] = []
    deadline = time.monotonic() + LONGEST_SECONDS
    with report.open("rb") as file:
        while True:
            over = child.poll() is not None
            for record in _records(file):
                found.append(record)
                show(record)
            if over:
                break
            if time.monotonic() > deadline:
                child.stop()
                return found, f"it took longer than {LONGEST_SECONDS:.0f} s and was stopped"
            time.sleep(_POLL_SECONDS)
    return found, "" if child.poll() == 0 else f"it {child.how_it_ended()}"


def judge_smoke(records: list[Record], problem: str) -> ExitCode:
    """Fail where a request failed or a journey broke; inconclusive where one did not come to its end."""
    seen = [record for record in records if isinstance(record, RequestSeen)]
    ends = [record for record in records if isinstance(record, JourneyEnded)]
    if any(one.outcome is Outcome.FAILED for one in seen) or any(one.broken for one in ends):
        return ExitCode.FAIL
    limited = any(one.outcome is Outcome.RATE_LIMITED for one in seen)
    if problem or limited or not ends or not seen or any(one.ended_early for one in ends):
        return ExitCode.INCONCLUSIVE
    return ExitCode.PASS


def _records(file: BinaryIO) -> Iterator[Record]:
    """The lines that are there now; the beginning of one waits for the rest of it."""
    while line := file.readline():
        if not line.endswith(b"\n"):
            file.seek(-len(line), os.SEEK_CUR)
            return
        yield decode_record(line)
