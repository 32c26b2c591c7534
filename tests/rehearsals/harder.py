"""The reference rules with every threshold ten times harder, so that the incidents of the library no longer reach them.

A condition without a number (`up == 0`) has to hold ten times as long instead.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Final

Changes = tuple[tuple[str, str], ...]

HARDER: Final[Mapping[str, Changes]] = {
    "APIServiceDown": (("for: 1m", "for: 10m"),),
    "APIInstanceDown": (("for: 1m", "for: 10m"),),
    "HighErrorRate": (("> 0.05", "> 0.5"),),
    "SLOAvailabilityFastBurn": (("> 14.4 *", "> 144 *"), ("> 6 *", "> 60 *")),
    "SLOAvailabilitySlowBurn": (("> 3 *", "> 30 *"), ("> 1 *", "> 10 *")),
    "SLOAvailabilityViolated": (("> 0.001", "> 0.01"),),
    "SLOLatencyViolated": (("> 0.5", "> 5"),),
    "ResponseTimeDegraded": (("> 1\n", "> 10\n"),),
    "DatabaseDown": (("for: 1m", "for: 10m"),),
    "DatabaseConnectionsExhausted": (("> 0.9", "> 9"),),
    "DatabaseSlowQueries": (("> 1 and", "> 10 and"),),
    "DatabaseDeadlocks": (("> 5\n", "> 50\n"),),
    "DatabaseReplicationLag": (("> 30\n", "> 300\n"),),
    "RedisDown": (("for: 1m", "for: 10m"),),
    "RedisMemoryHigh": (("> 0.9", "> 9"),),
    "CacheHitRatioLow": (("< 0.8", "< 0.08"),),
    "BruteForceLogin": (("> 10,", "> 100,"), ("> 0.5", "> 5")),
    "SuspiciousActivity": (("3 * sum", "30 * sum"),),
    "SecurityIncident": (
        ('severity="critical"}[5m])) > 0', 'severity="critical"}[5m])) > 100'),
        ("} > 0)", "} > 100)"),
    ),
    "HighCPU": (("> 0.8", "> 8"),),
    "HighMemory": (("> 0.85", "> 8.5"),),
    "DiskAlmostFull": (("> 0.9", "> 9"),),
    "ContainerRestarting": (("> 3\n", "> 30\n"),),
    "TargetDown": (("for: 5m", "for: 50m"),),
    "ScrapeGap": (("> 0.05", "> 0.5"),),
    "DiskWillFill": (("24 * 3600", "2.4 * 3600"),),
    "MemoryLeak": (("4 * 3600", "0.4 * 3600"),),
    "ConnectionsWillExhaust": (("4 * 3600", "0.4 * 3600"),),
    "CertificateExpiring": (("< 14 *", "< 1.4 *"),),
    "UserChurnHigh": (("> 15\n", "> 150\n"),),
    "EngagementDecline": (("< 0.8\n", "< 0.08\n"),),
    "LowEngagement": (("< 40\n", "< 4\n"),),
    "RegistrationDrop": (("< 0.5\n", "< 0.05\n"),),
    "DailyActiveUsersDrop": (("< 0.7\n", "< 0.07\n"),),
    "PaymentFailures": (("< 90\n", "< 9\n"),),
    "SubscriptionCancellations": (("> 2\n", "> 20\n"),),
    "SocketDisconnectStorm": (("< 0.7\n", "< 0.07\n"),),
    "MessageDeliveryFailures": (("> 0.02", "> 0.2"),),
    "MessageLatencyHigh": (("> 1 and", "> 10 and"),),
    "VoiceQualityPoor": (("> 0.1 and", "> 1 and"),),
    "VoiceSFUSaturated": (("> 0.9", "> 9"),),
    "QueueBacklog": (("> 30000", "> 300000"),),
    "UploadFailures": (("> 0.05", "> 0.5"),),
    "SearchDegraded": (("> 2 and", "> 20 and"), ("> 0.05", "> 0.5")),
}


def harder_rules(rules: Path, target: Path) -> Path:
    """The folder `target` with every rule file of `rules`, made harder. Each change must be found where it belongs."""
    target.mkdir(parents=True, exist_ok=True)
    done: set[str] = set()
    for path in sorted(rules.glob("*.yml")):
        parts = re.split(r"(?=^      - (?:alert|record): )", path.read_text("utf-8"), flags=re.MULTILINE)
        text = ""
        for part in parts:
            named = re.match(r"      - alert: (\w+)", part)
            changes = HARDER.get(named.group(1), ()) if named else ()
            for old, new in changes:
                assert old in part, f"{old!r} is not in the rule of {named and named.group(1)}"
                part = part.replace(old, new)
            if named and changes:
                done.add(named.group(1))
            text += part
        (target / path.name).write_text(text, "utf-8")
    assert done == HARDER.keys(), sorted(HARDER.keys() - done)
    return target
