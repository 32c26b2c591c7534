"""A server of a virtual rehearsal that dies: never a verdict on what it did not see. More points in tests/accept."""

from __future__ import annotations

from pathlib import Path

import pytest

from simulator.errors import ExitCode
from tests.rehearsals.disturbed import killed, quick, written

pytestmark = [pytest.mark.stack, pytest.mark.slow, pytest.mark.timeout(300)]


def test_prometheus_killed_while_it_is_written_to(tmp_path: Path) -> None:
    run = killed(quick(tmp_path / "run"), "prometheus", written(1))
    assert run.exit_code == ExitCode.INCONCLUSIVE, run.output
    assert "crybsim: error: prometheus was killed by SIGKILL" in run.output
    assert run.verdict == {}
