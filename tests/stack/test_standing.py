"""The state file of `stack up`: a process that ended, or another one of the same number, is not a stack."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

from simulator.errors import InputError
from simulator.stack.standing import Standing, StateFile


@pytest.fixture
def other() -> Iterator[Standing]:
    """A process that could be a stack."""
    with subprocess.Popen([sys.executable, "-I", "-S", "-c", "import time; time.sleep(60)"]) as process:
        yield Standing(process.pid, psutil.Process(process.pid).create_time(), "runs/x", {"prometheus": "http://p"})
        process.kill()


@pytest.fixture
def state(tmp_path: Path) -> StateFile:
    return StateFile(tmp_path / ".crybsim" / "stack.json")


def test_nothing_is_up_where_nobody_wrote(state: StateFile) -> None:
    assert state.read() is None
    state.release()


def test_a_claim_is_this_process_and_not_ready(state: StateFile) -> None:
    mine = state.claim()
    assert mine.pid == os.getpid()
    assert not mine.is_ready
    assert state.read() == mine
    assert state.claim() == mine
    state.release()
    assert state.read() is None


def test_a_running_stack_is_read_back_and_keeps_others_away(state: StateFile, other: Standing) -> None:
    state.write(other)
    assert state.read() == other
    with pytest.raises(InputError, match=rf"a stack is up already \(pid {other.pid}, http://p\)"):
        state.claim()


def test_a_number_that_went_to_another_process_is_not_ours(state: StateFile, other: Standing) -> None:
    recycled = replace(other, began=other.began - 100)
    state.write(recycled)
    assert state.read() is None
    recycled.stop()
    assert other.process() is not None  # left alone
    assert state.claim().pid == os.getpid()


def test_stop_ends_the_process_and_may_be_called_again(other: Standing) -> None:
    other.stop()
    assert other.process() is None
    other.stop()


@pytest.mark.parametrize("text", ["", "{", "[]", '{"pid": 1}', json.dumps({"pid": 1, "began": 2, "more": 3})])
def test_a_file_that_is_broken_is_no_stack(tmp_path: Path, text: str) -> None:
    (tmp_path / "stack.json").write_text(text)
    assert StateFile(tmp_path / "stack.json").read() is None
