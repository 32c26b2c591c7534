"""The overlays that a command uses: the team's, then the profile's."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from simulator.catalog.catalogue import Catalogue
from simulator.catalog.faults import BY_NAME
from simulator.errors import did_you_mean
from simulator.profile.load import load_profile, resolve_profile
from simulator.profile.overlaid import catalogue_of
from simulator.profile.overlay import OverlayFile
from simulator.profile.schema import Profile
from simulator.profile.settings import Settings, expand
from simulator.streams.overlays import load_overlays, overlays_of


def team_overlays(settings: Settings, flags: Sequence[str] | None) -> tuple[Path, ...]:
    """The files that --overlay names, else those of crybsim.yaml. Raises InputError for a pattern without a match."""
    if flags:
        return expand(flags, Path())
    return settings.files(settings.overlays) if settings.overlays else ()


def chosen_overlays(settings: Settings, flags: Sequence[str] | None, profile: str | None) -> tuple[OverlayFile, ...]:
    """The overlays of a command that may be given a profile. Raises InputError."""
    team = team_overlays(settings, flags)
    if profile is None:
        return load_overlays(team)
    path = resolve_profile(profile)
    return overlays_of(load_profile(path), path, team)


def chosen_catalogue(settings: Settings, flags: Sequence[str] | None, profile: str | None) -> Catalogue:
    """The catalogue with the team's overlays and a profile's. Raises InputError."""
    return catalogue_of(chosen_overlays(settings, flags, profile))


def reminders(overlays: Iterable[OverlayFile], profile: Profile) -> Iterator[str]:
    """What is allowed in an overlay, and still worth a second look: guesses, reactions to faults that nobody has."""
    ids = [fault.id for fault in profile.faults]
    for overlay in overlays:
        guessed = [added.name for added in overlay.content.add if added.confirm]
        if guessed:
            yield f"{overlay.path}: to be confirmed: {', '.join(guessed)}"
        awaited = {name for job in overlay.content.jobs.values() for name in job.down_during}
        for added in overlay.content.add:
            awaited.update(name for binding in (added, *added.series) for name in binding.during)
        for name in sorted(awaited - set(ids) - set(BY_NAME)):
            yield f"{overlay.path}: reacts to {name!r}, which is no fault of {profile.name}{did_you_mean(name, ids)}"
