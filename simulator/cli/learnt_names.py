"""What a team's files call things that the catalogue lacks or calls otherwise: an overlay and its scrape jobs' meaning.

All of it is a guess from rules, dashboards and scrape jobs, for a person to correct. Files that cannot be read are told
and left out.
"""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import typer

import simulator.model.signals  # noqa: F401  # registers the signals
from simulator.catalog.catalogue import PLATFORM
from simulator.catalog.exposed import SUFFIXES
from simulator.cli.catalog.team_files import team_homes
from simulator.cli.discovery import Found
from simulator.engine.expressions import Expression, expressions_in
from simulator.errors import InputError
from simulator.profile.overlay import OverlayFile
from simulator.rehearsal.learning.homes import Homes, guess_jobs
from simulator.rehearsal.learning.overlay import learn_overlay
from simulator.streams.overlays import load_overlays

OVERLAY: Final = Path("overlays") / "learnt.yaml"


@dataclass(frozen=True)
class LearntNames:
    """`overlay` is the text of one (empty: nothing differs), `jobs` the catalogue's jobs by the team's, `reacts` the
    ids of the faults that the overlay binds metrics to."""

    overlay: str = ""
    summary: str = ""
    jobs: Mapping[str, str] = field(default_factory=dict)
    reacts: frozenset[str] = frozenset()
    added: frozenset[str] = frozenset()
    """Names that the overlay adds: the model does not drive them by faults of its own."""


def learn_names(found: Found) -> LearntNames:
    """Learn from all files that were found."""
    expressions: list[Expression] = []
    for path in dict.fromkeys((*found.rules, *found.dashboards)):
        try:
            expressions += expressions_in(path)
        except InputError as error:
            typer.echo(f"not learnt from: {error}", err=True)
    if not found.rules or not expressions:
        return LearntNames()
    scrapes = found.prometheus[0] if found.prometheus else None
    try:
        guessed = guess_jobs(expressions, PLATFORM, team_homes(scrapes, {}, PLATFORM, None))
        homes = team_homes(scrapes, guessed, PLATFORM, None)
    except InputError as error:
        typer.echo(f"scrape jobs not learnt from: {error}", err=True)
        guessed, homes = {}, Homes()
    learnt = learn_overlay(PLATFORM, [], expressions, homes=homes)
    for note in learnt.notes:
        typer.echo(f"not learnt: {note}", err=True)
    if not learnt.is_needed:
        return LearntNames(jobs=guessed)
    try:
        loaded = _loaded(learnt.text)
    except InputError as error:
        typer.echo(f"no overlay was written, crybsim catalog learn says more: {error}", err=True)
        return LearntNames(jobs=guessed)
    added = frozenset(one.name + part for one in loaded.content.add for part in ("", *SUFFIXES))
    return LearntNames(learnt.text, learnt.summary, guessed, reactions(loaded), added)


def _loaded(overlay: str) -> OverlayFile:
    """An overlay's text, read and checked. Raises InputError."""
    with tempfile.TemporaryDirectory(prefix="crybsim-") as folder:
        path = Path(folder) / OVERLAY.name
        path.write_text(overlay, encoding="utf-8")
        (loaded,) = load_overlays([path])
    return loaded


def reactions(overlay: OverlayFile) -> frozenset[str]:
    """The faults, by id or kind, that an overlay lets something of the team's react to."""
    parts = [part for added in overlay.content.add for part in (added, *added.series)]
    down = [fault for job in overlay.content.jobs.values() for fault in job.down_during]
    return frozenset([*(fault for part in parts for fault in part.during), *down])
