"""The manifest of a service that is started by hand or as a part of a run."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from pathlib import Path

from simulator.cli.overlays import team_overlays
from simulator.clock import WallClock
from simulator.errors import InputError
from simulator.profile.load import load_profile, resolve_profile
from simulator.profile.manifest import Manifest
from simulator.profile.settings import load_settings
from simulator.streams.overlays import overlays_of


def manifest_for(
    profile: str | None, manifest: Path | None, *, mode: str, overlays: Sequence[str] | None = None
) -> Manifest:
    """The run's manifest, or a new one that starts now, with the overlays of --overlay (or crybsim.yaml) and the
    profile. Raises InputError where neither is given or readable."""
    if manifest is not None:
        return Manifest.read(manifest)
    if profile is None:
        raise InputError("which profile? Name one (crybsim profile list), or give a run's --manifest")
    path = resolve_profile(profile)
    loaded = load_profile(path)
    team = team_overlays(load_settings(), overlays)
    return Manifest(
        run_id=f"{loaded.name}-{secrets.token_hex(4)}",
        mode=mode,
        profile=loaded,
        profile_path=str(path),
        seed=loaded.seed,
        started_ms=WallClock().now_ms(),
        overlays=overlays_of(loaded, path, team),
    )
