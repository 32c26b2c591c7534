"""Faults of instances, hosts, certificates, and of the scrape itself."""

from __future__ import annotations

from simulator.catalog.faults.kinds import FaultKind, Parameter
from simulator.catalog.services import CONTAINERS, SERVICES
from simulator.units import DAY, HOUR, MINUTE, SECOND

_SHARE = "share of the service's instances, first to last, rounded up (with one instance, any intensity is all of it)"
_BACK = "how long an instance is away each time"
_FULL = "how long it takes at intensity 1"

KINDS: tuple[FaultKind, ...] = (
    FaultKind(
        name="outage",
        summary="instances cannot be reached: the API's port closes, an exporter or a whole host is gone",
        service="api",
        services=SERVICES,
        intensity=_SHARE,
        scopes=("service", "instance"),
        effects=(
            "up falls to 0",
            "requests stop where no instance is left, and move to the others where some are",
            "connections drop",
            "messages fail",
            "a host takes along what runs on it, and its counters begin anew",
        ),
        live="the API closes its listening port and its connections; the emitter refuses the scrapes of other services",
    ),
    FaultKind(
        name="deploy",
        summary="a new release is rolled out, one instance after the other",
        service="api",
        services=CONTAINERS,
        intensity=_SHARE,
        scopes=("service", "instance"),
        effects=(
            "up falls to 0 for a moment, instance by instance",
            "the instance's counters begin anew",
            "its container has a new id and image",
            "the release changes",
        ),
        live="the API closes its port for the moment (its process, and with it its own counters, stays)",
        parameters=(Parameter("downtime", "duration", 5 * SECOND, SECOND, 10 * MINUTE, _BACK),),
        restarts=True,
        own_rhythm=True,
    ),
    FaultKind(
        name="crash_loop",
        summary="instances crash and are started again, over and over",
        service="api",
        services=CONTAINERS,
        intensity=_SHARE,
        scopes=("service", "instance"),
        effects=(
            "up falls to 0 at each crash",
            "the container starts again, and its counters with it",
            "requests stop where no instance is left, and move to the others where some are",
        ),
        live="the API closes its port while it is away (its process, and with it its own counters, stays)",
        parameters=(
            Parameter("every", "duration", MINUTE, 10 * SECOND, HOUR, "from one crash to the next"),
            Parameter("downtime", "duration", 20 * SECOND, SECOND, 10 * MINUTE, _BACK),
        ),
        restarts=True,
        own_rhythm=True,
    ),
    FaultKind(
        name="cpu_saturation",
        summary="something else takes the CPUs of the hosts",
        service="node",
        intensity="share of the idle CPU time that it takes",
        scopes=("instance",),
        effects=("CPU use and load rise", "request and query duration rise", "event loops lag"),
        live="host metrics show it; the API, which runs on a real host, does not slow down",
    ),
    FaultKind(
        name="memory_leak",
        summary="a process takes more and more memory and gives none back",
        service="api",
        services=CONTAINERS,
        intensity="speed of the leak",
        scopes=("service", "instance"),
        effects=(
            "memory of the process and its container rises steadily",
            "available memory of its host falls",
            "garbage collection and event loop lag rise",
            "all of it is given back when the fault ends",
        ),
        live="process, container and host metrics show it; the reference API's own memory does not grow",
        parameters=(
            Parameter(
                "full_after",
                "duration",
                8 * HOUR,
                MINUTE,
                60 * DAY,
                f"until the memory that its host had to spare is gone; {_FULL}",
            ),
        ),
    ),
    FaultKind(
        name="disk_fill",
        summary="something fills the disks of the hosts; all of it is deleted when the fault ends",
        service="node",
        intensity="speed at which it fills",
        scopes=("instance",),
        effects=("free disk space falls steadily", "disk writes rise"),
        live="host metrics show it; no real disk is filled",
        parameters=(
            Parameter("full_after", "duration", 8 * HOUR, MINUTE, 60 * DAY, f"until the free space is gone; {_FULL}"),
        ),
    ),
    FaultKind(
        name="certificate_expiry",
        summary="certificates were not renewed, and run out",
        service="blackbox",
        intensity="share of the probed hosts, first to last, rounded up",
        scopes=(),
        effects=("the certificate's expiry comes near", "once it is over, probes of the host fail"),
        live="probe metrics show it",
        parameters=(
            Parameter(
                "remaining", "duration", 10 * DAY, MINUTE, 60 * DAY, "how long they are still valid at the onset"
            ),
        ),
        own_rhythm=True,
    ),
    FaultKind(
        name="scrape_gap",
        summary="some scrapes get no answer, though the service is well",
        service="api",
        services=SERVICES,
        intensity="share of scrapes that get no answer",
        scopes=("service", "instance"),
        effects=("up falls to 0 for single scrapes", "samples are missing"),
        live="the emitter refuses these scrapes; the API refuses none",
    ),
    FaultKind(
        name="target_flapping",
        summary="scrape targets come and go, though the service is well",
        service="api",
        services=SERVICES,
        intensity=_SHARE,
        scopes=("service", "instance"),
        effects=("up falls to 0 and rises to 1 by turns",),
        live="the emitter refuses and answers scrapes by turns; the API refuses none",
        parameters=(
            Parameter("period", "duration", 2 * MINUTE, 10 * SECOND, HOUR, "once gone and once there; half of it each"),
        ),
        own_rhythm=True,
    ),
    FaultKind(
        name="clock_skew",
        summary="clocks of hosts are wrong",
        service="node",
        intensity="share of the offset",
        scopes=("instance",),
        effects=("the host's time runs ahead", "its clock is no longer synchronized"),
        live="host metrics show it; no real clock is touched",
        parameters=(Parameter("offset", "duration", 2 * MINUTE, 1, DAY, "how far the clock is ahead"),),
    ),
)
