"""Everything that the platform exposes, area by area."""

from __future__ import annotations

from simulator.catalog import business, database, http, node, postgres_exporter, redis
from simulator.catalog.families import Family

FAMILIES: tuple[Family, ...] = (
    *http.FAMILIES,
    *database.FAMILIES,
    *business.FAMILIES,
    *node.FAMILIES,
    *postgres_exporter.FAMILIES,
    *redis.FAMILIES,
)
"""Entries of one job and name are parts of one family: together they are what it exposes."""


def families_of(job: str) -> tuple[Family, ...]:
    """The entries of one job, sorted by name; entries of one family stay in their order."""
    return tuple(sorted((family for family in FAMILIES if family.job == job), key=lambda family: family.name))
