"""When each simulated fault acts, as a metric family, so that dashboards can mark it.

The family is crybsim's own. No platform exports it, so the catalogue does not have it, and no rule under rehearsal is
to read it: a verdict never comes from what the simulator says of itself.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from simulator.profile.activity import level
from simulator.profile.manifest import Manifest
from simulator.telemetry.samples import FamilyBlock, MetricType, Series, labels_of

NAME: Final = "crybsim_fault_active"
HELP: Final = "Whether crybsim lets this fault act on the simulated platform."


def fault_marks(manifest: Manifest, times_ms: np.ndarray[tuple[int, ...], np.dtype[np.int64]]) -> FamilyBlock:
    """One series for each fault of the profile: 1 while it acts, at wall instants, else 0."""
    faults = manifest.profile.faults
    elapsed_ms = np.asarray(times_ms, dtype=np.int64) - manifest.started_ms
    values = np.array([level(fault, elapsed_ms) > 0 for fault in faults], dtype=np.float64)
    return FamilyBlock(
        NAME,
        MetricType.GAUGE,
        HELP,
        tuple(Series(NAME, labels_of({"fault": fault.id, "kind": fault.kind})) for fault in faults),
        times_ms,
        values.reshape(len(faults), len(elapsed_ms)).T,
    )
