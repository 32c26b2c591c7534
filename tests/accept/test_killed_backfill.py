"""kill -9 at a dozen points of a backfill's whole life: run again, its blocks are those of one that nobody disturbed.

A point is the n-th call that touches the disk (open, write, flush, fsync, rename, remove…) of the very command that
a user runs, so that each is hit before it takes effect and the points lie where something can break.
"""

from __future__ import annotations

import hashlib
import os
import random
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from simulator.errors import ExitCode
from simulator.profile.load import load_profile
from simulator.profile.manifest import Manifest
from simulator.sinks.tsdb_blocks import read_blocks
from simulator.stack.binaries import find_binaries
from simulator.wire.tsdb.chunks import STALE_NAN
from tests.wire.tsdb.reader import blocks, read_block

SEED = 20261128
POINTS = 10
ROOT = Path(__file__).parents[2]
PROFILE = ROOT / "tests" / "accept" / "agreement" / "outage.yaml"
HISTORY = ("--job", "cryb-api", "--from", "2026-01-07T17:00:00Z", "--to", "2026-01-07T20:01:00Z")
"""Three hours in three blocks, the last of them with the first seconds of the outage."""

pytestmark = [pytest.mark.accept, pytest.mark.stack, pytest.mark.slow, pytest.mark.timeout(1800)]

_CHILD = """
import os, signal, sys
from simulator.cli.main import main

TOUCHES = {"open", "write", "flush", "fsync", "close", "mkdir", "rename", "replace", "rmdir", "unlink", "flock"}
last, calls = int(sys.argv[1]), 0

def count(frame, event, called):
    global calls
    if event == "c_call" and called.__name__ in TOUCHES and "simulator" in frame.f_code.co_filename:
        calls += 1
        if calls == last:
            os.kill(os.getpid(), signal.SIGKILL)

if last >= 0:
    sys.setprofile(count)
code = main(sys.argv[2:])
sys.setprofile(None)
print(calls)
sys.exit(code)
"""


def run_of(path: Path) -> Manifest:
    """A run of a profile, in its own time."""
    profile = load_profile(path)
    return Manifest(
        run_id="run",
        mode="virtual",
        profile=profile,
        profile_path=path.name,
        seed=profile.seed,
        started_ms=profile.start_ms,
    )


def backfill(folder: Path, *, killed_at: int = -1) -> subprocess.CompletedProcess[str]:
    """The command, in a process that dies right before so manieth touch of the disk (0: never, but they are
    counted)."""
    manifest = folder.parent / "manifest.json"
    if not manifest.exists():
        run_of(PROFILE).write(manifest)
    command = [
        "backfill",
        "--manifest",
        str(manifest),
        *HISTORY,
        "--block-range",
        "2h",
        "--tsdb",
        str(folder),
        "--quiet",
    ]
    return subprocess.run(
        [sys.executable, "-c", _CHILD, str(killed_at), *command],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        cwd=folder.parent,
        capture_output=True,
        text=True,
    )


def content(folder: Path) -> dict[str, str]:
    """A hash of every file of every block, and the names of whatever else lies there."""
    found = {path.name: "" for path in folder.iterdir()}
    for block in blocks(folder):
        for path in sorted(block.rglob("*")):
            if path.is_file():
                found[str(path.relative_to(folder))] = hashlib.sha256(path.read_bytes()).hexdigest()
    return found


def dump(folder: Path) -> str:
    """What promtool says is in there."""
    promtool = find_binaries().promtool.path
    return subprocess.run([promtool, "tsdb", "dump", folder], capture_output=True, text=True, check=True).stdout


def test_killed_anywhere_and_run_again_it_is_as_if_nothing_had_been(tmp_path: Path) -> None:
    whole = tmp_path / "whole"
    done = backfill(whole, killed_at=0)
    assert done.returncode == ExitCode.PASS, done.stderr
    touches = int(done.stdout.split()[-1])
    expected, dumped = content(whole), dump(whole)
    assert len(read_blocks(whole)) == 3
    last = read_block(whole / read_blocks(whole)[-1].ulid)
    assert [bits for row in last.values() for _, bits in row].count(STALE_NAN) > 100  # the outage ends the API's series

    drawn = random.Random(SEED).sample(range(1, touches + 1), POINTS)
    left = []
    for number, point in enumerate(sorted({1, touches, *drawn})):
        folder = tmp_path / str(number)
        assert backfill(folder, killed_at=point).returncode == -signal.SIGKILL, f"point {point} of {touches}"
        left.append(len(read_blocks(folder)) if folder.exists() else -1)
        if folder.exists():
            there = {name: digest for name, digest in content(folder).items() if digest}
            assert there.items() <= expected.items(), f"half a block after touch {point} of {touches}"
        again = backfill(folder)
        assert again.returncode == ExitCode.PASS, (point, again.stderr)
        assert content(folder) == expected, f"killed at touch {point} of {touches}"
        assert dump(folder) == dumped
    assert len(set(left) - {-1}) >= 3, f"the points {sorted(drawn)} of {touches} did not meet every block: {left}"
