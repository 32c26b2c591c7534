"""Machine code is kept under a name that changes with everything it is made from, and with nothing else."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import simulator
from simulator.compiled import made_from

PACKAGE = Path(simulator.__file__).resolve().parent
HELPER = '''"""Called by the other's kernel."""
from simulator.compiled import inlined

@inlined
def twice(number):
    return 2 * number
'''
CONSTANTS = "BASE = 40\n"
KERNEL = '''"""A kernel of its own, one of another file, and a constant."""
from simulator.compiled import kernel
from simulator.helper import twice
from simulator.numbers import (
    BASE,
)

@kernel
def answer():
    return BASE + twice(1)
'''


def test_a_kernel_s_code_is_made_from_the_kernels_and_constants_that_it_takes() -> None:
    found = made_from(PACKAGE / "media" / "hearing.py")
    assert {
        PACKAGE / "media" / "packets.py",
        PACKAGE / "model" / "voice_quality.py",
        PACKAGE / "wire" / "rtp.py",
    } < found
    assert PACKAGE / "model" / "elementary.py" in found  # by way of the one before
    assert PACKAGE / "model" / "counts.py" not in found


def test_a_change_in_what_a_kernel_calls_or_takes_is_seen_and_the_rest_keeps_its_code(tmp_path: Path) -> None:
    package = tmp_path / "simulator"
    package.mkdir()
    (package / "__init__.py").touch()
    (package / "compiled.py").write_text((PACKAGE / "compiled.py").read_text())
    (package / "helper.py").write_text(HELPER)
    (package / "numbers.py").write_text(CONSTANTS)
    (package / "sums.py").write_text(KERNEL)

    def ask() -> tuple[str, int]:
        program = "from simulator.sums import answer; print(answer(), sum(answer.stats.cache_misses.values()))"
        env = {"XDG_CACHE_HOME": str(tmp_path / "cache"), "PYTHONPATH": str(tmp_path), "PATH": ""}
        ran = subprocess.run(
            [sys.executable, "-c", program], cwd=tmp_path, env=env, capture_output=True, text=True, check=True
        )
        value, misses = ran.stdout.split()
        return value, int(misses)

    assert ask() == ("42", 1)
    assert ask() == ("42", 0)  # kept
    (package / "helper.py").write_text(HELPER.replace("2 * number", "3 * number"))
    assert ask() == ("43", 1)
    (package / "numbers.py").write_text("BASE = 50\n")
    assert ask() == ("53", 1)
    (package / "other.py").write_text("THING = 1\n")
    assert ask() == ("53", 0)
