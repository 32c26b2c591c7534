"""The overlays of a run, checked against the model that has to bring them to life."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from simulator.catalog.catalogue import PLATFORM
from simulator.profile.load_overlay import load_overlay
from simulator.profile.overlay import OverlayFile
from simulator.profile.schema import Profile


def load_overlays(paths: Iterable[Path]) -> tuple[OverlayFile, ...]:
    """Read overlays, each on top of those before it; a file that is named twice counts once. Raises InputError."""
    files = {path.resolve(): path for path in paths}.values()
    if not files:
        return ()
    # here, because the model takes a second to load, and most runs have no overlay
    import simulator.model.signals  # noqa: F401  # registers the signals
    from simulator.model.moment import SIGNALS
    from simulator.model.spreads import SPREADS

    units = {name: signal.unit for name, signal in SIGNALS.items()}
    catalogue = PLATFORM
    loaded = []
    for path in files:
        overlay, catalogue = load_overlay(path, catalogue, signals=units, spreads=SPREADS)
        loaded.append(overlay)
    return tuple(loaded)


def overlays_of(profile: Profile, profile_path: Path, team: Iterable[Path] = ()) -> tuple[OverlayFile, ...]:
    """The overlays of a run: the team's (crybsim.yaml's, or the flags' instead), then those that the profile names.

    Paths in a profile start from its own folder. Raises InputError.
    """
    return load_overlays([*team, *(profile_path.parent / name for name in profile.overlays)])
