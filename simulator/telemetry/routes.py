"""Who answers a scrape: written beside the copied prometheus.yml, read by the emitter that stands in for the targets.

The file is JSON: `{"routes": [{"job": ..., "target": ..., ...}]}`, one object per target with the fields of `Route`.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

from simulator.errors import InputError

TARGET_PARAMETER: Final = "crybsim_target"
"""URL parameter by which a scrape says which target it is meant for, whatever relabelling did to the address."""


@dataclass(frozen=True)
class Route:
    """One target of one job of the team's prometheus.yml, and what stands in for it.

    Either `catalogue_job` and `instance` (the model answers), or `upstream` (a real local server answers; where the
    URL has no path the scrape's own is used), or neither: nobody knows such a target, so it is up and exposes nothing.
    """

    job: str
    target: str
    catalogue_job: str = ""
    instance: str = ""
    upstream: str = ""

    @property
    def is_mapped(self) -> bool:
        """Whether anything stands in for this target."""
        return bool(self.upstream or self.instance)


def write_routes(path: Path, routes: Iterable[Route]) -> None:
    """Write the file in one step, so that a reader never sees half of it."""
    draft = path.with_name(path.name + ".new")
    draft.write_text(json.dumps({"routes": [asdict(route) for route in routes]}, indent=2) + "\n", encoding="utf-8")
    draft.replace(path)


def read_routes(path: Path) -> tuple[Route, ...]:
    """Read it back. Raises InputError when the file is not such a file."""
    try:
        document = json.loads(path.read_bytes())
        return tuple(Route(**{key: str(value) for key, value in entry.items()}) for entry in document["routes"])
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise InputError(f"{path}: not a file of routes: {error}") from error
