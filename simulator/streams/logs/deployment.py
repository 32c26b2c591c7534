"""Lines of /var/log/cryb-deploy.log (contract, section 7): what a deploy says while it replaces instances."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from simulator.profile.activity import parameter, service_of
from simulator.profile.manifest import Manifest
from simulator.profile.presence import release_name, releases, struck
from simulator.profile.schema import Fault

SERVICE: Final = "deployment"
HOST: Final = "cryb-node-1"
_PIPELINE: Final = "deploy"


@dataclass(frozen=True)
class DeployLine:
    """One line: when (wall time), the stream's `component`, the whole text."""

    at_ms: int
    component: str
    text: str


def deploy_lines(manifest: Manifest) -> tuple[DeployLine, ...]:
    """Every line that the run's deploys write, in the order of time."""
    lines = [
        _line(manifest.started_ms + at, component, text)
        for fault in manifest.profile.faults
        if fault.kind == "deploy"
        for at, component, text in _said(manifest, fault)
    ]
    return tuple(sorted(lines, key=lambda line: line.at_ms))


def _said(manifest: Manifest, fault: Fault) -> Iterator[tuple[int, str, str]]:
    profile, service = manifest.profile, service_of(fault)
    instances = struck(profile, fault)
    downtime = round(parameter(fault, "downtime"))
    last = fault.at
    for number, instance in enumerate(instances):
        ends = [end for end in releases(profile, instance) if fault.at < end <= fault.end + downtime]
        before = sum(end < ends[0] for end in releases(profile, instance))
        old, new = release_name(before), release_name(before + 1)
        if number == 0:
            text = f"release cryb-{service}@{new} ({fault.id}): {len(instances)} of {service} to replace"
            yield fault.at, _PIPELINE, text
        yield ends[0] - downtime, service, f"stopping cryb-{instance}, release {old}"
        yield ends[0], service, f"cryb-{instance} is up with release {new}"
        last = max(last, ends[0])
    yield last, _PIPELINE, f"{fault.id} is done"


def _line(at_ms: int, component: str, text: str) -> DeployLine:
    when = datetime.fromtimestamp(at_ms / 1000, UTC).strftime("%Y-%m-%d %H:%M:%S")
    return DeployLine(at_ms, component, f"[{when}] [{component}] {text}")
