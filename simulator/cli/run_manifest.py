"""The manifest of a service that is started by hand or as a part of a run."""

from __future__ import annotations

import secrets
from pathlib import Path

from simulator.clock import WallClock
from simulator.errors import InputError
from simulator.profile.load import load_profile, resolve_profile
from simulator.profile.manifest import Manifest, profile_hash


def manifest_for(profile: str | None, manifest: Path | None, *, mode: str) -> Manifest:
    """The run's manifest, or a new one that starts now. Raises InputError where neither is given or readable."""
    if manifest is not None:
        return Manifest.read(manifest)
    if profile is None:
        raise InputError("which profile? Name one (crybsim profile list), or give a run's --manifest")
    path = resolve_profile(profile)
    loaded = load_profile(path)
    return Manifest(
        run_id=f"{loaded.name}-{secrets.token_hex(4)}",
        mode=mode,
        profile=loaded,
        profile_sha256=profile_hash(loaded),
        profile_path=str(path),
        seed=loaded.seed,
        started_ms=WallClock().now_ms(),
    )
