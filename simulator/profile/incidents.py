"""Incidents put into a profile from outside: a fault of some kind at an instant relative to now, as `http_errors@-3h`.

The profile's start is "now". An incident of the past is before it, and a run has no faults before its start; so the
run is made to begin earlier, by as much as the earliest incident needs, and everything else that the profile says of
its run later by the same.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from simulator.catalog.faults import BY_NAME
from simulator.errors import InputError, did_you_mean
from simulator.profile.check_faults import check_faults
from simulator.profile.checks import Findings
from simulator.profile.document import parse_document
from simulator.profile.schema import Expect, Fault, Profile, Stage
from simulator.units import HOUR, MINUTE, format_duration, parse_duration

DEFAULT_LENGTH_MS: Final = 30 * MINUTE

_WRITTEN: Final = re.compile(r"(?P<kind>[^@]*)@(?P<sign>[-+])(?P<at>[^/]+)(?:/(?P<length>.+))?")
_CALM_AFTER_MS: Final = HOUR

_TYPICAL: Final = {
    "http_errors": 0.25,
    "latency": 0.5,
    "cpu_saturation": 0.75,
    "scrape_gap": 0.2,
    "database_slow": 0.5,
    "deadlocks": 0.12,
    "cache_miss_storm": 0.5,
    "websocket_disconnects": 0.5,
    "message_failures": 0.1,
    "message_latency": 0.3,
    "queue_backlog": 0.5,
    "upload_failures": 0.3,
    "search_degradation": 0.33,
    "voice_packet_loss": 0.33,
    "voice_jitter": 0.33,
    "voice_delay": 0.33,
    "sfu_capacity": 0.95,
    "payment_failures": 0.3,
    "registration_drop": 0.9,
    "engagement_decline": 0.25,
    "traffic_drop": 0.8,
}
"""Intensities at which it is an incident that people would know, where all of it would be the end of the platform:
about those of the shipped profiles. The other kinds are at their full intensity."""


@dataclass(frozen=True)
class Incident:
    """One of them: `at_ms` after now, which is negative in the past."""

    text: str
    kind: str
    at_ms: int
    length_ms: int

    @classmethod
    def parse(cls, text: str) -> Incident:
        """Read `KIND@-3h` or `KIND@+10m/45m`. Raises InputError."""
        found = _WRITTEN.fullmatch(text)
        if found is None:
            raise InputError(f"--incident {text}: write KIND@-3h, KIND@+10m, or KIND@-3h/45m for how long it lasts")
        if found["kind"] not in BY_NAME or found["kind"] == "custom":
            guess = did_you_mean(found["kind"], BY_NAME.keys() - {"custom"})
            message = f"{found['kind']!r} is not a fault kind{guess} (`crybsim catalog faults` lists them)"
            raise InputError(f"--incident {text}: {message}")
        try:
            at_ms = parse_duration(found["at"])
            length_ms = DEFAULT_LENGTH_MS if found["length"] is None else parse_duration(found["length"])
        except ValueError as error:
            raise InputError(f"--incident {text}: {error}") from error
        return cls(text, found["kind"], -at_ms if found["sign"] == "-" else at_ms, length_ms)

    def fault(self, number: int, lead_ms: int) -> Fault:
        """As a fault of a run that begins `lead_ms` before now."""
        kind = BY_NAME[self.kind]
        length = format_duration(self.length_ms)
        grows = any(parameter.name == "full_after" for parameter in kind.parameters)
        return Fault.model_validate(
            {
                "id": f"incident-{number}-{self.kind.replace('_', '-')}",
                "kind": self.kind,
                "at": format_duration(lead_ms + self.at_ms),
                "for": length,
                "intensity": _TYPICAL.get(self.kind, 1.0),
                "parameters": {"full_after": length} if grows else {},
            }
        )


@dataclass(frozen=True)
class Staged:
    """A profile with incidents: its run begins `lead_ms` before now."""

    profile: Profile
    lead_ms: int


def with_incidents(profile: Profile, incidents: Sequence[Incident]) -> Staged:
    """Put incidents into a profile. What it expects is left out, since it did not expect these. Raises InputError."""
    if not incidents:
        return Staged(profile, 0)
    lead_ms = max(0, *(-incident.at_ms for incident in incidents))
    if lead_ms and profile.load.day is not None:
        raise InputError(f"--incident: {profile.name} lets a day pass faster from its start on, and has no other past")
    faults = [fault.model_copy(update={"at": fault.at + lead_ms}) for fault in profile.faults]
    staged = [incident.fault(number, lead_ms) for number, incident in enumerate(incidents, 1)]
    last_ms = max(fault.end for fault in (*faults, *staged))
    stages = profile.load.stages
    if stages and lead_ms:
        stages = (Stage.model_validate({"for": format_duration(lead_ms), "to": 1.0}), *stages)
    changed = profile.model_copy(
        update={
            "start": profile.start - timedelta(milliseconds=lead_ms),
            "duration": max(profile.duration + lead_ms, last_ms + _CALM_AFTER_MS),
            "faults": (*faults, *staged),
            "silences": tuple(one.model_copy(update={"at": one.at + lead_ms}) for one in profile.silences),
            "load": profile.load.model_copy(update={"stages": stages}),
            "expect": Expect(),
        }
    )
    _check(changed, incidents)
    return Staged(changed, lead_ms)


def _check(profile: Profile, incidents: Sequence[Incident]) -> None:
    """What holds for every fault of a profile holds for these. Raises InputError."""
    first = len(profile.faults) - len(incidents)
    findings = Findings(parse_document("{}", file="", what="a profile"), ())
    check_faults(profile, findings)
    for problem in findings.problems:
        found = re.match(r"faults\[(\d+)\]", problem.path)
        number = int(found[1]) - first if found else -1
        text = incidents[number].text if number >= 0 else profile.name
        raise InputError(f"--incident {text}: {problem.message}")
