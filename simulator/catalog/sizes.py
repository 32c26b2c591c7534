"""How much a platform exposes: how many of its label values, and so of its series."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Size(StrEnum):
    """How many series one instance of everything exports: about 2,000 (tiny: the most frequent label values alone),
    some 8,000 (default), or some 11,000 (large: every route that the user journeys know). Instances multiply it."""

    TINY = "tiny"
    DEFAULT = "default"
    LARGE = "large"


@dataclass(frozen=True)
class Extent:
    """Which label values a platform tells apart: its size says so, and of the API's routes how many of the busiest,
    where the profile gives a number."""

    size: Size = Size.LARGE
    routes: int | None = None


WHOLE = Extent()
"""Everything that the catalogue has."""
