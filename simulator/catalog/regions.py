"""Regions of the users where a profile names none, each with its share of them. The platform publishes no figures:
these are ours."""

from __future__ import annotations

from typing import Final

REGIONS: Final[dict[str, float]] = {"europe": 0.45, "north-america": 0.35, "asia": 0.2}
