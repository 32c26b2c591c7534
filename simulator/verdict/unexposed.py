"""What a run does not have, in words, with the next thing to do about it."""

from __future__ import annotations

from collections.abc import Collection

from simulator.catalog.catalogue import PLATFORM
from simulator.catalog.looked_at import sample_names
from simulator.catalog.sizes import Size
from simulator.profile.manifest import Manifest
from simulator.verdict.wording import listed

NOTHING_EXPOSES = "nothing in this run exposes"
LEARN = "`crybsim catalog learn` drafts what your rules use"
LARGER = "a platform of `size: tiny` leaves that out"


def unexposed(manifest: Manifest, metrics: Collection[str], *, which: str = "") -> str:
    """That nothing exposes these metrics, and what to do. `which` is a clause about them."""
    left_out = _left_out(manifest)
    is_size = {name.partition("{")[0] for name in metrics} <= left_out
    return f"{NOTHING_EXPOSES} {listed(tuple(dict.fromkeys(metrics)))}{which}; {LARGER if is_size else LEARN}"


def _left_out(manifest: Manifest) -> frozenset[str]:
    """The names that the catalogue has, and none of them on a platform as small as this run's."""
    if manifest.profile.platform.size is not Size.TINY:
        return frozenset()
    families = PLATFORM.families
    kept = {name for family in families if not family.not_tiny for name in sample_names(family)}
    return frozenset(name for family in families for name in sample_names(family)) - kept
