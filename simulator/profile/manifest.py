"""The manifest of a run: written once, read by every process of the run, never changed.

It fixes what a run is: the profile and the catalogue's overlays (whole, and their hashes), seed, wall start, versions.
API, emitter and load read it and compute the faults of any instant by themselves; nobody tells anybody about a fault
over the network.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field

from simulator import __version__
from simulator.errors import InputError
from simulator.profile.activity import ActiveFault, active
from simulator.profile.overlay import OverlayFile
from simulator.profile.schema import Profile


class Manifest(BaseModel):
    """What one run is. `started_ms` is the wall instant (epoch ms) that the profile's start is mapped to."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    run_id: str
    mode: str  # live, virtual, emit
    profile: Profile
    profile_sha256: str = Field(default_factory=lambda given: profile_hash(given["profile"]))
    profile_path: str
    seed: int
    started_ms: int
    crybsim_version: str = __version__
    versions: dict[str, str] = {}
    overlays: tuple[OverlayFile, ...] = ()  # in the order in which they apply, with their content

    @property
    def ends_ms(self) -> int:
        """Wall instant at which the profile's duration is over."""
        return self.started_ms + self.profile.duration

    def elapsed_ms(self, wall_ms: int) -> int:
        """Milliseconds of the run at a wall instant; negative before its start."""
        return wall_ms - self.started_ms

    def simulated_ms(self, wall_ms: int) -> int:
        """The instant of the platform's life (epoch ms) that a wall instant stands for: start + elapsed."""
        return self.profile.start_ms + self.elapsed_ms(wall_ms)

    def active(self, wall_ms: int) -> tuple[ActiveFault, ...]:
        """The faults that act at a wall instant."""
        return active(self.profile, self.elapsed_ms(wall_ms))

    def write(self, path: Path) -> None:
        """Write it as JSON. Raises FileExistsError: a manifest is never written twice."""
        with path.open("x", encoding="utf-8") as file:
            file.write(self.model_dump_json(indent=2, by_alias=True) + "\n")

    @classmethod
    def read(cls, path: Path) -> Manifest:
        """Read it back. Raises InputError when it cannot be."""
        try:
            return cls.model_validate_json(path.read_bytes())
        except (OSError, ValueError) as error:
            raise InputError(f"{path}: not a manifest: {error}") from error


def profile_hash(profile: Profile) -> str:
    """SHA-256 over the profile's meaning: comments and order of keys do not count."""
    canonical = json.dumps(profile.model_dump(mode="json", by_alias=True), sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()
