"""A run's folder is made once and never mixed with another's."""

from __future__ import annotations

from pathlib import Path

import pytest

from simulator.errors import InputError
from simulator.rehearsal.run_folder import RunFolder

AT_MS = 1_767_643_200_000  # 2026-01-05T20:00:00Z


def test_runs_of_one_second_get_folders_of_their_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    first = RunFolder.create("api-errors", AT_MS, None)
    second = RunFolder.create("api-errors", AT_MS, None)
    assert first.path == tmp_path / "runs" / "api-errors-20260105-200000"
    assert second.run_id == "api-errors-20260105-200000-2"
    assert all(folder.is_dir() for folder in (first.configs, first.logs, first.data))


def test_a_folder_with_something_in_it_is_refused(tmp_path: Path) -> None:
    (tmp_path / "there").write_text("")
    with pytest.raises(InputError, match="not empty"):
        RunFolder.create("api-errors", AT_MS, tmp_path)


def test_a_place_that_cannot_be_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="cannot be made"):
        RunFolder.create("api-errors", AT_MS, tmp_path / "file" / "run")
