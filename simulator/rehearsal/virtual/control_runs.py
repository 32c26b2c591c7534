"""Control runs: the same rehearsal without each fault that an expectation names, in a process of their own.

They are evaluated while Alertmanager's replay waits for its instants. The replay counts in milliseconds, so no other
work may hold up the interpreter that it runs in: hence another process, and one that stands back.

    python -m simulator.rehearsal.virtual.control_runs TASK RESULT PROGRESS
"""

from __future__ import annotations

import json
import os
import pickle
import shutil
import signal
import sys
import traceback
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from simulator.errors import SimulatorError, UnobservedError
from simulator.profile.manifest import Manifest
from simulator.rehearsal.run_folder import RunFolder
from simulator.rehearsal.virtual.rules import OnWork, VirtualPrometheus
from simulator.stack.processes import Child, spawn
from simulator.telemetry.observations import AlertObserved, AlertState
from simulator.verdict import ControlRun

_NICENESS: Final = 5
"""A third of the time of whoever else wants the processor: the replay's."""
_LOOK_SECONDS: Final = 0.25
"""So often somebody who waits for them looks how far they are."""

_Outcome = tuple[ControlRun, ...] | Exception


class ControlRuns:
    """Control runs under way: `manifests` has one platform for each fault that is left out.

    A context manager: whatever happens, their process and its servers end, and no data is left of them. `on_work`
    learns how far they are whenever somebody looks.
    """

    def __init__(
        self, run: RunFolder, prometheus: VirtualPrometheus, manifests: Mapping[str, Manifest], on_work: OnWork
    ) -> None:
        self._run = run
        self._on_work = on_work
        self._task = (prometheus, dict(manifests))
        self._child: Child | None = None
        self._outcome: _Outcome | None = None

    def __enter__(self) -> Self:
        if self._task[1]:
            self._paths[0].write_bytes(pickle.dumps(self._task))
            command: list[str | Path] = [sys.executable, "-m", "simulator.rehearsal.virtual.control_runs", *self._paths]
            self._child = spawn(command, name="control runs", log=self._run.logs / "control-runs.log")
        return self

    def check(self) -> None:
        """Raise what `result` would, where something has gone wrong by now: nobody need wait for the rest then."""
        if self._child is not None:
            self._tell()
            if self._child.poll() is not None:
                self.result()

    def result(self) -> tuple[ControlRun, ...]:
        """Wait for them. Raises what went wrong there, UnobservedError where somebody killed their process."""
        if self._outcome is None:
            self._outcome = self._awaited()
        if isinstance(self._outcome, Exception):
            raise self._outcome
        return self._outcome

    def _awaited(self) -> _Outcome:
        if self._child is None:
            return ()
        while (ended := self._child.join(_LOOK_SECONDS)) is None:
            self._tell()
        self._tell()
        if ended:
            kind = UnobservedError if ended < 0 else SimulatorError
            return kind(f"the process of the control runs {self._child.how_it_ended()} ({self._child.log})")
        outcome: _Outcome = pickle.loads(self._paths[1].read_bytes())  # noqa: S301 - written by our own child
        return outcome

    def _tell(self) -> None:
        """Pass on how far they are."""
        try:
            what, done, expected = json.loads(self._paths[2].read_bytes())
        except (OSError, ValueError):  # nothing yet, or just being written
            return
        self._on_work(what, done, expected)

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        try:
            if self._child is not None:
                self._child.stop()
        finally:
            for path in self._paths:
                path.unlink(missing_ok=True)
            for fault in self._task[1]:
                shutil.rmtree(self._run.data / _name(fault) / "data", ignore_errors=True)

    @property
    def _paths(self) -> tuple[Path, Path, Path]:
        """Where the task and the result are, and how far they are."""
        task, result, progress = (self._run.data / f"control-runs.{part}" for part in ("task", "result", "progress"))
        return task, result, progress


def _name(fault: str) -> str:
    return f"without-{fault}"


def _evaluate(
    prometheus: VirtualPrometheus, manifests: Mapping[str, Manifest], progress: Path
) -> tuple[ControlRun, ...]:
    def told(fault: str, what: str, done: int, expected: int) -> None:
        progress.write_text(json.dumps([f"{what} without {fault}", done, expected]), encoding="utf-8")

    controls = []
    for fault, manifest in manifests.items():
        evaluated = prometheus.evaluate(manifest, _name(fault), on_work=partial(told, fault))
        fired = tuple(
            one
            for one in evaluated.evaluation.observations
            if isinstance(one, AlertObserved) and one.state is AlertState.FIRING
        )
        controls.append(ControlRun(without_fault=fault, fired=fired))
    return tuple(controls)


def _main(task: Path, result: Path, progress: Path) -> None:
    os.nice(_NICENESS)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # whoever started us ends us
    outcome: _Outcome
    try:
        prometheus, manifests = pickle.loads(task.read_bytes())  # noqa: S301 - written by our own parent
        outcome = _evaluate(prometheus, manifests, progress)
    except Exception as error:
        error.add_note(traceback.format_exc())  # where it was, which a pickled exception no longer knows
        outcome = error
    result.write_bytes(pickle.dumps(outcome))


if __name__ == "__main__":
    _main(*map(Path, sys.argv[1:]))
