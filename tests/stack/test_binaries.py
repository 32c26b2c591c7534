"""Which program is taken, from where, and what is said where there is none."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from simulator.errors import InputError
from simulator.stack import binaries
from simulator.stack.binaries import UNPACKED, Missing, Program, find_binaries, search_binaries

FILE_NAMES = {
    "prometheus": "prometheus",
    "promtool": "promtool",
    "prometheus-alertmanager": "alertmanager",
    "amtool": "amtool",
}

Install = Callable[..., Path]


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine without servers: an empty PATH but for the shell, a working folder, a package elsewhere."""
    (tmp_path / "path").mkdir()
    (tmp_path / "work" / "deep").mkdir(parents=True)
    monkeypatch.setenv("PATH", str(tmp_path / "path"))
    monkeypatch.chdir(tmp_path / "work" / "deep")
    monkeypatch.setattr(binaries, "_PACKAGE_FOLDER", tmp_path / "clone")
    return tmp_path


@pytest.fixture
def install(machine: Path) -> Install:
    """Puts the four programs into a folder; each is a script that answers --version as the real one does."""

    def into(folder: Path, version: str, *, only: str | None = None, stream: int = 1) -> Path:
        folder.mkdir(parents=True, exist_ok=True)
        for file_name, name in FILE_NAMES.items():
            if only in (None, name):
                answer = f"{name}, version {version} (branch: HEAD, revision: 0)"
                write_script(folder / file_name, f"echo '{answer}' >&{stream}")
        return folder

    return into


def write_script(path: Path, line: str) -> None:
    path.write_text(f"#!/bin/sh\n{line}\n")
    path.chmod(0o755)


def versions(**named: Path) -> list[str]:
    found = find_binaries(**named)
    return [program.version for program in (found.prometheus, found.promtool, found.alertmanager, found.amtool)]


def test_path_comes_before_the_unpacked_ones(machine: Path, install: Install) -> None:
    install(machine / "work" / UNPACKED, "1.0.0")
    install(machine / "path", "2.0.0")
    assert versions() == ["2.0.0"] * 4


def test_unpacked_ones_are_found_upwards_and_then_beside_the_package(machine: Path, install: Install) -> None:
    install(machine / "clone" / UNPACKED, "3.0.0")
    assert versions() == ["3.0.0"] * 4
    install(machine / "work" / UNPACKED, "1.0.0")
    assert versions() == ["1.0.0"] * 4


def test_the_named_server_wins_and_its_own_tool_goes_with_it(machine: Path, install: Install) -> None:
    install(machine / "path", "2.0.0")
    other = install(machine / "other", "3.5.0")
    assert versions(prometheus_bin=other / "prometheus") == ["3.5.0", "3.5.0", "2.0.0", "2.0.0"]


def test_a_named_server_without_a_tool_beside_it_takes_the_tool_from_path(machine: Path, install: Install) -> None:
    install(machine / "path", "2.0.0")
    other = install(machine / "other", "3.5.0", only="prometheus")
    assert versions(prometheus_bin=other / "prometheus") == ["3.5.0", "2.0.0", "2.0.0", "2.0.0"]


def test_upstreams_name_of_alertmanager_is_known_too(machine: Path, install: Install) -> None:
    folder = install(machine / "path", "2.0.0")
    (folder / "prometheus-alertmanager").rename(folder / "alertmanager")
    assert find_binaries().alertmanager.path == folder / "alertmanager"


def test_old_versions_answer_on_stderr(machine: Path, install: Install) -> None:
    install(machine / "path", "0.14.0", stream=2)
    assert versions() == ["0.14.0"] * 4


def test_every_missing_program_has_its_line(machine: Path, install: Install) -> None:
    install(machine / "path", "2.0.0", only="promtool")
    with pytest.raises(InputError) as caught:
        find_binaries()
    lines = str(caught.value).splitlines()
    assert [line.split()[0] for line in lines] == ["prometheus", "alertmanager", "amtool"]
    assert all("make install" in line for line in lines)


def test_a_namesake_on_path_is_passed_over(machine: Path, install: Install) -> None:
    install(machine / "path", "2.0.0")
    write_script(machine / "path" / "prometheus", "echo 'Prometheus, a film of 2012'")
    install(machine / "work" / UNPACKED, "1.0.0")
    found = find_binaries()
    assert (found.prometheus.version, found.promtool.version) == ("1.0.0", "1.0.0")


@pytest.mark.parametrize(
    ("script", "reason"),
    [
        ("echo hello; exit 0", "is not prometheus"),
        ("echo 'promtool, version 2.42.0'", "is not prometheus"),
        ("exit 127", "is not prometheus"),
        (None, "no such program"),
    ],
)
def test_a_named_program_is_never_replaced_silently(
    machine: Path, install: Install, script: str | None, reason: str
) -> None:
    install(machine / "path", "2.0.0")
    named = machine / "mine"
    if script is not None:
        write_script(named, script)
    found = search_binaries(named).prometheus
    assert isinstance(found, Missing)
    assert str(named) in found.why
    assert reason in found.why
    assert "--prometheus-bin" in found.why


def test_a_program_of_another_machine_says_so(machine: Path, install: Install) -> None:
    install(machine / "path", "2.0.0")
    (machine / "path" / "prometheus").write_bytes(b"\x7fELF of another architecture")
    found = search_binaries().prometheus
    assert isinstance(found, Missing)
    assert "does not run on this machine" in found.why


def test_a_program_that_hangs_is_given_up(machine: Path, install: Install, monkeypatch: pytest.MonkeyPatch) -> None:
    install(machine / "path", "2.0.0")
    write_script(machine / "path" / "amtool", "exec /bin/sleep 60")
    monkeypatch.setattr(binaries, "VERSION_TIMEOUT_SECONDS", 0.1)
    found = search_binaries().amtool
    assert isinstance(found, Missing)
    assert "no answer to --version" in found.why


@pytest.mark.stack
def test_the_real_programs() -> None:
    found = find_binaries()
    for program in (found.prometheus, found.promtool, found.alertmanager, found.amtool):
        assert isinstance(program, Program)
        assert program.version[0].isdigit()
