"""Which containers run on a host, and under which labels: a release brings a new container."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Final

import numpy as np

from simulator.catalog.cadvisor import LABELS, NEEDS, OWN, SERVICE_LABEL, TINY
from simulator.catalog.services import CONTAINERS
from simulator.catalog.sizes import Size
from simulator.model.keys import key
from simulator.model.moment import World
from simulator.profile.presence import host_of, instances_of, release_name, releases, service_name
from simulator.telemetry.samples import Labels, labels_of

_EVER: Final = int(np.iinfo(np.int64).max)


@dataclass(frozen=True)
class Placed:
    """A container of an instance, from `start` to `end` of grid time."""

    instance: str
    labels: Labels
    start: int
    end: int


def placed_on(world: World, host: str) -> tuple[Placed, ...]:
    """The containers of a host, one after the other for each instance on it."""
    profile = world.profile
    found = []
    services = TINY if profile.platform.size is Size.TINY else CONTAINERS
    for service in services:
        for instance in instances_of(profile, service):
            if host_of(profile, instance) != host:
                continue
            edges = [-_EVER, *(world.start + at for at in releases(profile, instance)), _EVER]
            for number, (start, end) in enumerate(pairwise(edges)):
                found.append(Placed(instance, _labels(world, instance, number), start, end))
    return tuple(found)


def _labels(world: World, instance: str, release: int) -> Labels:
    service = service_name(instance)
    many = len(world.instances(service)) > 1
    names = [f"{instance} {release} {part}" for part in range(4)]
    digest = "".join(f"{int(key(world.seed, 'container', name)):016x}" for name in names)
    needs = NEEDS.get(service, OWN)
    values = {
        "container_label_com_docker_compose_project": "cryb",
        SERVICE_LABEL: service,
        "id": f"/docker/{digest}",
        "image": needs.image.format(service=service, release=release_name(release)),
        "name": f"cryb-{instance}" if many else f"cryb-{service}",
    }
    return labels_of({label: values[label] for label in LABELS})
