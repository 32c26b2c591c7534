"""Which area of the catalogue (its module: http, database, redis, …) a family belongs to."""

from __future__ import annotations

from types import ModuleType
from typing import Final

from simulator.catalog import inventory
from simulator.catalog.families import Family

OVERLAY: Final = "overlay"
"""The area of what an overlay added."""

_AREAS: Final = {
    (family.job, family.name): name
    for name, module in vars(inventory).items()
    if isinstance(module, ModuleType)
    for family in getattr(module, "FAMILIES", ())
}

AREAS: Final = (*sorted(set(_AREAS.values())), OVERLAY)
"""Every area."""


def area_of(family: Family) -> str:
    """The area of a family, whatever an overlay calls it."""
    return _AREAS.get((family.job, family.key_name), OVERLAY)
