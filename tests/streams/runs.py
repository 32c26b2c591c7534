"""Manifests for tests of the model's views."""

from __future__ import annotations

from datetime import UTC, datetime

from hypothesis import Phase, settings
from hypothesis import strategies as st

from simulator.profile.manifest import Manifest, profile_hash
from simulator.profile.schema import Profile
from simulator.units import MINUTE

START = datetime(2026, 1, 5, 19, 30, tzinfo=UTC)
Fault = dict[str, object]
UNSHRUNK = settings(deadline=None, phases=(Phase.explicit, Phase.reuse, Phase.generate))
"""For properties of whole runs: a counterexample is told as it was found, since each further try takes seconds."""


def run_of(
    *faults: Fault,
    mode: str = "virtual",
    seed: int = 1,
    api: int = 1,
    peak: str = "20/s",
    size: str = "tiny",
    **platform: object,
) -> Manifest:
    """An hour with these faults."""
    profile = Profile.model_validate(
        {
            "name": "x",
            "description": "x",
            "start": START,
            "duration": "1h",
            "traffic": {"peak": peak},
            "platform": {"size": size, "instances": {"api": api}, **platform},
            "faults": faults,
        }
    )
    return Manifest(
        run_id="r",
        mode=mode,
        profile=profile,
        profile_sha256=profile_hash(profile),
        profile_path="x.yaml",
        seed=seed,
        started_ms=profile.start_ms,
    )


def fault(kind: str, at: str = "10m", length: str = "10m", **more: object) -> Fault:
    return {"id": kind.replace("_", "-"), "kind": kind, "at": at, "for": length, **more}


@st.composite
def runs(draw: st.DrawFn) -> Manifest:
    """A run with up to three faults that touch what is logged, anywhere in its hour."""
    kinds = st.sampled_from(["http_errors", "latency", "outage", "database_slow", "log_flood"])
    found = []
    for kind in draw(st.lists(kinds, unique=True, max_size=3)):
        at = draw(st.integers(0, 50 * MINUTE))
        length = draw(st.integers(1000, 60 * MINUTE - at))
        found.append(fault(kind, f"{at}ms", f"{length}ms", intensity=draw(st.floats(0.01, 1))))
    return run_of(*found, seed=draw(st.integers(0, 2**40)), api=draw(st.integers(1, 3)))
