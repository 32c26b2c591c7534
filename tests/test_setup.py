"""`make install` on machines of every kind: the scripts in setup/, the lock, the Makefile."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[1]
TOOLS = (
    "sh",
    "basename",
    "cat",
    "cksum",
    "dirname",
    "grep",
    "head",
    "id",
    "mkdir",
    "mktemp",
    "mv",
    "rm",
    "sed",
    "sort",
)

TINY_PROJECT = """\
[build-system]
requires = []
build-backend = "backend"
backend-path = ["."]

[project]
name = "tiny"
version = "1"
"""
TINY_BACKEND = '''\
"""Builds an editable wheel out of nothing, so that the test needs no network."""
import zipfile
from pathlib import Path

def build_editable(wheel_directory, config_settings=None, metadata_directory=None):
    name = "tiny-1-py3-none-any.whl"
    with zipfile.ZipFile(Path(wheel_directory) / name, "w") as wheel:
        wheel.writestr("tiny.py", "")
        wheel.writestr("tiny-1.dist-info/METADATA", "Metadata-Version: 2.1\\nName: tiny\\nVersion: 1\\n")
        wheel.writestr("tiny-1.dist-info/WHEEL", "Wheel-Version: 1.0\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n")
        wheel.writestr("tiny-1.dist-info/RECORD", "")
    return name
'''
APT_THAT_WORKS = 'case "$*" in *" download "*) touch some_1.0_amd64.deb;; esac'
APT_THAT_FAILS = 'case "$*" in *" download "*) echo "E: Unable to locate package prometheus"; exit 100;; esac'
UNPACKS = 'mkdir -p "$3/usr/bin"; for n in prometheus promtool prometheus-alertmanager amtool; do {}; done'
UNPACKS_PROGRAMS = UNPACKS.format(
    'printf "#!/bin/sh\\necho $n, version 9.9\\n" >"$3/usr/bin/$n"; chmod +x "$3/usr/bin/$n"'
)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A small project with our scripts in it."""
    folder = tmp_path / "a project"
    folder.mkdir()
    shutil.copytree(ROOT / "setup", folder / "setup")
    (folder / "requirements.lock").write_text("# nothing\n")
    (folder / "pyproject.toml").write_text(TINY_PROJECT)
    (folder / "backend.py").write_text(TINY_BACKEND)
    return folder


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A PATH with a shell and its everyday tools, and nothing else."""
    folder = tmp_path / "path"
    folder.mkdir()
    for tool in (*TOOLS, "touch", "chmod"):
        found = shutil.which(tool)
        assert found, tool
        (folder / tool).symlink_to(found)
    return folder


def script(path: Path, body: str) -> None:
    path.write_text(f"#!/bin/sh\n{body}\n")
    path.chmod(0o755)


def run(project: Path, name: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["/bin/sh", project / "setup" / name],
        env={"PATH": os.environ["PATH"], "HOME": str(project)} | environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=250,
        check=False,
    )


@pytest.mark.slow
def test_the_environment_is_built_once_and_again_when_the_lock_changed(project: Path) -> None:
    environment = {"PYTHON": sys.executable, "PIP_NO_INDEX": "1", "PIP_USER": "1", "PIP_TARGET": str(project / "else")}
    done = run(project, "venv.sh", **environment)
    assert done.returncode == 0, done.stderr
    assert "installing" in done.stdout
    subprocess.run([project / ".venv/bin/python", "-Ic", "import tiny"], check=True)

    done = run(project, "venv.sh", **environment)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")

    # an install that fails is not taken for complete
    (project / "requirements.lock").write_text("nosuch==1 --hash=sha256:" + "0" * 64 + "\n")
    done = run(project, "venv.sh", **environment)
    assert done.returncode == 1
    assert "nosuch==1" in done.stderr
    assert done.stderr.splitlines()[-1] == "setup: pip failed; all it said is in .venv/install.log"
    assert not (project / ".venv" / ".complete").exists()


@pytest.mark.parametrize(
    ("interpreter", "found"),
    [('[ "$1" = --version ] && echo "Python 3.9.2" || exit 1', "Python 3.9.2"), ("exit 127", "no "), (None, "no ")],
    ids=["old", "broken", "none"],
)
def test_an_old_python_is_told_in_one_line(project: Path, path: Path, interpreter: str | None, found: str) -> None:
    if interpreter:
        script(path / "python3", interpreter)
    done = run(project, "venv.sh", PATH=str(path))
    assert done.returncode == 1
    assert len(done.stderr.splitlines()) == 1
    assert f"needs Python 3.11 or newer, found {found}" in done.stderr
    assert not (project / ".venv").exists()


def test_servers_on_path_are_left_alone(project: Path, path: Path) -> None:
    for name in ("prometheus", "promtool", "alertmanager", "amtool"):
        script(path / name, "true")
    done = run(project, "servers.sh", PATH=str(path))
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert not (project / ".tools").exists()


def test_servers_are_unpacked_once(project: Path, path: Path) -> None:
    script(path / "apt-get", APT_THAT_WORKS)
    script(path / "dpkg-deb", UNPACKS_PROGRAMS)
    done = run(project, "servers.sh", PATH=str(path))
    assert done.returncode == 0, done.stderr
    assert [entry.name for entry in (project / ".tools").iterdir()] == ["servers"]
    script(path / "apt-get", APT_THAT_FAILS)
    done = run(project, "servers.sh", PATH=str(path))
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


@pytest.mark.parametrize(
    ("apt", "dpkg", "said"),
    [
        (APT_THAT_FAILS, "true", "E: Unable to locate package prometheus"),
        (APT_THAT_WORKS, "exit 2", ""),
        ("kill -TERM $PPID; exit 1", "true", ""),
    ],
    ids=["no package", "bad package", "interrupted"],
)
def test_servers_that_cannot_be_fetched_leave_nothing(
    project: Path, path: Path, apt: str, dpkg: str, said: str
) -> None:
    script(path / "apt-get", apt)
    script(path / "dpkg-deb", dpkg)
    done = run(project, "servers.sh", PATH=str(path))
    assert done.returncode == 1
    assert said in done.stderr
    assert list((project / ".tools").iterdir()) == []


def test_a_machine_without_apt_is_told_what_to_install(project: Path, path: Path) -> None:
    done = run(project, "servers.sh", PATH=str(path))
    assert done.returncode == 1
    assert len(done.stderr.splitlines()) == 1
    assert "put prometheus, promtool, alertmanager and amtool on PATH" in done.stderr


def test_unpacked_programs_that_do_not_run_are_told(project: Path, path: Path) -> None:
    script(path / "apt-get", APT_THAT_WORKS)
    script(
        path / "dpkg-deb", UNPACKS.format('printf "#!/bin/sh\\nexit 1\\n" >"$3/usr/bin/$n"; chmod +x "$3/usr/bin/$n"')
    )
    done = run(project, "servers.sh", PATH=str(path))
    assert done.returncode == 1
    assert "does not run on this machine" in done.stderr


@pytest.mark.accept
def test_the_real_packages(tmp_path: Path) -> None:
    """Needs Debian's packages to be in reach."""
    if not shutil.which("apt-get"):
        pytest.skip("no apt here")
    folder = tmp_path / "unpacked"
    subprocess.run(["sh", ROOT / "setup/debian.sh", folder, "prometheus", "python3-pip-whl"], check=True, timeout=250)
    answer = subprocess.run([folder / "usr/bin/promtool", "--version"], check=True, capture_output=True, text=True)
    assert answer.stdout.startswith("promtool, version")
    assert list(folder.glob("usr/share/python-wheels/pip-*.whl"))
    assert [entry.name for entry in tmp_path.iterdir()] == ["unpacked"]


def locked() -> dict[str, str]:
    """Version by canonical name, of every package in the lock."""
    pinned = re.findall(r"^([A-Za-z0-9._-]+)==([^ ;\\]+)", (ROOT / "requirements.lock").read_text(), re.MULTILINE)
    return {canonicalize_name(name): version for name, version in pinned}


def declared() -> list[Requirement]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    groups = project["dependency-groups"].values()
    return [Requirement(text) for text in [*project["project"]["dependencies"], *(text for g in groups for text in g)]]


@pytest.mark.parametrize("requirement", declared(), ids=lambda requirement: requirement.name)
def test_the_lock_holds_what_pyproject_asks_for(requirement: Requirement) -> None:
    version = locked().get(canonicalize_name(requirement.name))
    assert version is not None, "run make lock"
    assert requirement.specifier.contains(version), "run make lock"


def test_the_lock_pins_by_hash_and_names_no_index() -> None:
    text = (ROOT / "requirements.lock").read_text()
    assert "://" not in text
    assert not re.search(r"^--", text, re.MULTILINE)
    for entry in re.split(r"^(?=[A-Za-z0-9])", text, flags=re.MULTILINE)[1:]:
        assert "--hash=sha256:" in entry, entry


def test_make_alone_lists_every_target() -> None:
    listed = subprocess.run(["make", "-C", ROOT, "--no-print-directory"], check=True, capture_output=True, text=True)
    targets = {line.split()[1] for line in listed.stdout.splitlines()}
    assert targets >= {"install", "demo", "test", "accept", "check", "bench", "clean", "help"}
