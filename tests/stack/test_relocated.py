"""Debian's Alertmanager away from /usr: which program is run, and where."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from simulator.stack import relocated
from simulator.stack.relocated import alertmanager_program, unpacked_share

FIXED = b"/usr/share/prometheus/alertmanager"


def unpack(folder: Path, code: bytes) -> Path:
    """A tree as dpkg-deb leaves it."""
    binary = folder / "usr/bin/prometheus-alertmanager"
    templates = folder / "usr/share/prometheus/alertmanager/default.tmpl"
    for path in (binary, templates):
        path.parent.mkdir(parents=True)
    binary.write_bytes(code)
    templates.write_text("{{ define }}")
    return binary


@pytest.fixture(autouse=True)
def _not_installed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(relocated, "_INSTALLED", tmp_path / "not-there")


def test_the_templates_folder_becomes_the_working_directory(tmp_path: Path) -> None:
    code = b"\x00head" + FIXED + b"\x01" + FIXED + b"/ui/" + FIXED + b"tail\x00"
    binary = unpack(tmp_path, code.replace(FIXED + b"tail", b"tail"))
    launch = alertmanager_program(binary, tmp_path / "scratch")
    assert launch.cwd == tmp_path / "usr/share/prometheus/alertmanager"
    assert launch.path != binary
    assert launch.path.stat().st_mode & 0o111
    patched = launch.path.read_bytes()
    assert len(patched) == len(binary.read_bytes())
    assert patched == binary.read_bytes().replace(FIXED + b"\x01", b".".ljust(len(FIXED), b"/") + b"\x01")


def test_the_copy_is_made_again_for_a_newer_program(tmp_path: Path) -> None:
    binary = unpack(tmp_path, b"old" + FIXED + b"1")
    first = alertmanager_program(binary, tmp_path).path
    assert alertmanager_program(binary, tmp_path).path == first
    assert first.read_bytes().startswith(b"old")
    binary.write_bytes(b"new" + FIXED + b"1")
    os.utime(binary, (first.stat().st_mtime + 10, first.stat().st_mtime + 10))
    assert alertmanager_program(binary, tmp_path).path.read_bytes().startswith(b"new")


def test_a_folder_that_cannot_be_written_to_leaves_the_copy_in_the_scratch(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    binary = unpack(tmp_path, FIXED + b"1")
    write_bytes = Path.write_bytes

    def read_only(self: Path, code: bytes) -> int:
        if self.parent == binary.parent:
            raise PermissionError
        return write_bytes(self, code)

    monkeypatch.setattr(Path, "write_bytes", read_only)
    assert alertmanager_program(binary, tmp_path / "scratch").path.parent == tmp_path / "scratch"


@pytest.mark.parametrize("code", [b"upstream", FIXED + b"1" + FIXED + b"2"], ids=["upstream", "ambiguous"])
def test_any_other_program_is_run_as_it_is(tmp_path: Path, code: bytes) -> None:
    binary = unpack(tmp_path, code)
    launch = alertmanager_program(binary, tmp_path)
    assert (launch.path, launch.cwd) == (binary, None)


def test_an_upstream_archive_has_no_share_folder(tmp_path: Path) -> None:
    binary = tmp_path / "alertmanager-0.27.0/alertmanager"
    binary.parent.mkdir()
    binary.write_bytes(b"")
    assert unpacked_share(binary) is None
    assert alertmanager_program(binary, tmp_path).path == binary
