"""Every shipped profile gives the samples it gave; where it does not, `make golden` rewrites and shows the diff."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from numpy._core._multiarray_umath import __cpu_dispatch__, __cpu_features__

from simulator.profile.load import resolve_profile
from tests.fingerprints.samples import FOLDER, fingerprint, profiles

ONE = "slow-api"
"""Has a fault, so that nothing which draws is left out."""


@pytest.mark.parametrize("path", profiles(), ids=lambda path: path.stem)
def test_the_samples_are_those_of_the_file(path: Path) -> None:
    known = FOLDER / f"{path.stem}.txt"
    assert known.exists(), f"{known.name} is missing: make golden, and commit it"
    assert fingerprint(path) == known.read_text("utf-8"), "make golden shows what changed; commit it where it should"


def test_no_file_is_left_of_a_profile_that_is_gone() -> None:
    assert {file.stem for file in FOLDER.glob("*.txt")} == {path.stem for path in profiles()}


def elsewhere(**environment: str) -> str:
    """A profile's fingerprint as a process of its own sees it."""
    command = [sys.executable, "-W", "error", "-m", "tests.fingerprints.samples", ONE]
    ran = subprocess.run(command, env={**os.environ, **environment}, capture_output=True, text=True, timeout=250)
    assert ran.returncode == 0, ran.stderr
    return ran.stdout


@pytest.mark.slow
def test_numpy_s_choice_of_instructions_changes_no_bit() -> None:
    optional = [name for name in __cpu_dispatch__ if __cpu_features__[name]]
    if not optional:
        pytest.skip("numpy has nothing to choose from on this processor")
    assert elsewhere(NPY_DISABLE_CPU_FEATURES=" ".join(optional)) == fingerprint(resolve_profile(ONE))


@pytest.mark.accept
@pytest.mark.slow
def test_kernels_compiled_for_a_plain_processor_change_no_bit(tmp_path: Path) -> None:
    """Without AVX and fused multiply-add, which would round once instead of twice."""
    plain = {"NUMBA_CPU_NAME": "generic", "NUMBA_CPU_FEATURES": "+sse2", "NUMBA_CACHE_DIR": str(tmp_path)}
    assert elsewhere(**plain) == fingerprint(resolve_profile(ONE))
