"""Alertmanager's time intervals at simulated instants: zones of our own, in which it is the simulated time of day.

Time intervals go by the wall clock, in a zone that the configuration names. The copy names zones that only this
Alertmanager knows (`ZONEINFO` tells it where they are). Their clocks show what clocks of the team's zone show in the
rehearsal: they run with the wall, and at each instant at which a time interval begins or ends they jump to it. So the
intervals stay as the team wrote them, and Alertmanager's own code judges them. Clocks jump at whole seconds only, so
the replay has to begin at an instant at which those of the wall fall on whole seconds (`rehearsal.virtual.replay`).
docs/decisions/0011-compressed-time.md says why not otherwise.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

from ruamel.yaml.nodes import MappingNode

from simulator.stack.redirect_tree import get, items, put, read_document, string, text_of, write_document
from simulator.wire.zoneinfo import Transition, encode_zone

ZONE_FOLDER: Final = "zoneinfo"
LOCATIONS_SINCE: Final = "0.25"
"""The first Alertmanager whose time intervals can name a zone (its CHANGELOG.md)."""

_PREFIX: Final = "Simulated/"


def with_simulated_zones(text: str, source: str) -> tuple[str, tuple[str, ...]]:
    """The configuration with every time interval in a simulated zone, and the zones it stands for.

    `Local`, the zone of the machine that production runs on, is taken for UTC.
    """
    root = read_document(text, source)
    zones: dict[str, None] = {}
    for key in ("time_intervals", "mute_time_intervals"):
        for named in items(get(root, key)):
            for interval in items(get(named, "time_intervals")):
                if isinstance(interval, MappingNode):
                    zone = text_of(get(interval, "location")) or "UTC"
                    zone = "UTC" if zone == "Local" else zone
                    zones[zone] = None
                    put(interval, "location", string(_PREFIX + zone))
    return write_document(root), tuple(zones)


def write_zones(folder: Path, zones: Sequence[str], jumps_ms: Sequence[int], to_wall_ms: Callable[[int], int]) -> None:
    """Write the zones where `ZONEINFO` points.

    `jumps_ms` are the simulated instants (epoch ms, rising) at which their clocks are set, the span's start first;
    `to_wall_ms` maps them to the wall. Written anew, they are in force after the configuration was loaded again.
    """
    for zone in zones:
        transitions = []
        for at_ms in jumps_ms:
            wall = round(to_wall_ms(at_ms) / 1000)
            simulated = at_ms // 1000
            local = simulated + _offset_seconds(zone, simulated)
            transitions.append(Transition(wall, local - wall))
        path = folder / _PREFIX / zone
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(encode_zone(transitions))


def zone_environment(folder: Path, environment: Mapping[str, str]) -> dict[str, str]:
    """The environment of an Alertmanager that is to find the zones."""
    return {**environment, "ZONEINFO": str(folder)}


def _offset_seconds(zone: str, simulated: int) -> int:
    offset = datetime.fromtimestamp(simulated, ZoneInfo(zone)).utcoffset()
    return 0 if offset is None else round(offset.total_seconds())
