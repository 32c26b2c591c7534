"""How wide a report is."""

from __future__ import annotations

import io
import sys

import pytest

from simulator.cli.consoles import report_console


@pytest.mark.parametrize("stderr", [False, True])
def test_in_a_file_or_a_pipe_a_report_has_room_for_its_tables(stderr: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stderr" if stderr else "stdout", io.StringIO())
    monkeypatch.delenv("COLUMNS", raising=False)
    assert report_console(stderr=stderr).width == 120
    monkeypatch.setenv("COLUMNS", "90")
    assert report_console(stderr=stderr).width == 90
