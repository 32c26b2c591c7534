"""What a profile's samples are, in a few lines: a changed stream is a changed file, so somebody looks at it.

python -m tests.fingerprints.samples           rewrites every file (`make golden`)
python -m tests.fingerprints.samples PROFILE   prints one, which is how another process is asked for it
"""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import numba
import numpy as np

from simulator.profile.load import load_profile, resolve_profile
from simulator.profile.manifest import Manifest
from simulator.resources import shipped
from simulator.streams.overlays import overlays_of
from simulator.streams.samples import ModelSamples
from simulator.telemetry.samples import FamilyBlock
from simulator.units import DAY

FOLDER: Final = Path(__file__).parent


def profiles() -> list[Path]:
    """Every shipped profile."""
    return sorted(shipped("profiles").glob("*.yaml"))


def manifest_of(path: Path) -> Manifest:
    """A run in which the wall clock shows the profile's own time."""
    profile = load_profile(path)
    return Manifest(
        run_id=profile.name,
        mode="virtual",
        profile=profile,
        profile_path=path.name,
        seed=profile.seed,
        started_ms=profile.start_ms,
        overlays=overlays_of(profile, path),
    )


def fingerprint(path: Path) -> str:
    """A line for each job: series of its first instance, and a hash of their samples a day before the run, at its
    start, half-way through each fault, and at its end."""
    return "\n".join(_lines(path)) + "\n"


def _lines(path: Path) -> Iterator[str]:
    run = manifest_of(path)
    profile = run.profile
    middles = {fault.at + fault.for_ // 2 for fault in profile.faults}
    elapsed = sorted({-DAY, 0, profile.duration, *middles})
    times = np.array(elapsed, dtype=np.int64) + run.started_ms
    yield f"# {profile.name}, seed {run.seed}; x86-64, numpy {np.__version__}, numba {numba.__version__}"
    yield f"# at {', '.join(f'{at / 1000:+g}s' for at in elapsed)}"
    source = ModelSamples(run)
    for job in source.jobs():
        instance = source.instances(job)[0]
        blocks = source.blocks(job, instance, times)
        count = sum(len(block.series) for block in blocks)
        yield f"{job} {instance}: {count} series {_hash(blocks)}"


def _hash(blocks: tuple[FamilyBlock, ...]) -> str:
    digest = hashlib.sha256()
    for block in blocks:
        digest.update(f"{block.name} {block.type} {block.help}\n".encode())
        for series in block.series:
            digest.update(f"{series.name} {series.labels}\n".encode())
        digest.update(np.ascontiguousarray(block.values).tobytes())
    return digest.hexdigest()[:32]


def _rewrite() -> None:
    for old in FOLDER.glob("*.txt"):
        old.unlink()
    for path in profiles():
        (FOLDER / f"{path.stem}.txt").write_text(fingerprint(path), encoding="utf-8")
        print(path.stem, file=sys.stderr)


if __name__ == "__main__":
    if len(sys.argv) > 1:
        sys.stdout.write(fingerprint(resolve_profile(sys.argv[1])))
    else:
        _rewrite()
