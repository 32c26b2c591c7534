"""The platform's own exporters of security tools: security-exporter and security-automation (contract 5.8).

Wazuh, fail2ban, Suricata and ClamAV see what happens from their side: everyday noise, addresses of bad repute, guessed
passwords, and files that come in. Rule numbers and techniques are those of Wazuh's rules and of MITRE ATT&CK.
"""

from __future__ import annotations

from typing import Final

from simulator.catalog.families import Count, Dimension, Family, Flow, Level, Scores, constant, same, shares
from simulator.catalog.jobs import SECURITY, SECURITY_AUTOMATION
from simulator.telemetry.samples import MetricType

SCORE_BOUNDS: Final = (0.1, 0.3, 0.5, 0.7, 0.9, 1.0)
INFECTED: Final = 2e-4
"""Share of files that a scan finds something in."""

_ALERTS = ("level", "rule_id", "rule_description", "agent_name", "group")
_PATTERNS = ("pattern_type", "technique", "tactic")
_PLACES = ("country", "region", "threat_type")
_SIGNATURES = ("signature", "category", "severity", "protocol")
_WEB, _LOGIN = "web_attack", "authentication_failures"

EVERYDAY, ADDRESSES, GUESSES = (
    "security.everyday_suspicions",
    "security.address_suspicions",
    "security.guess_suspicions",
)
_FOUND: Final = {"everyday": EVERYDAY, "address": ADDRESSES, "guesses": GUESSES}


def _one(names: tuple[str, ...], *rows: tuple[float, tuple[str, ...]]) -> Dimension:
    return Dimension(names, tuple((values, share) for share, values in rows), tiny=1)


_SEEN: Final[dict[str, dict[str, Dimension]]] = {
    "wazuh": {
        "everyday": _one(
            _ALERTS,
            (0.8, ("5", "31101", "Web server 400 error code", "cryb-api-1", "web")),
            (0.2, ("10", "31151", "Multiple web server 400 error codes", "cryb-api-1", _WEB)),
        ),
        "address": _one(_ALERTS, (1.0, ("6", "31103", "SQL injection attempt", "cryb-api-1", _WEB))),
        "guesses": _one(_ALERTS, (1.0, ("10", "2502", "Missed the password more than once", "cryb-api-1", _LOGIN))),
    },
    "suricata": {
        "everyday": _one(
            _SIGNATURES,
            (0.7, ("ET SCAN Suspicious inbound", "Attempted Information Leak", "3", "TCP")),
            (0.3, ("ET POLICY Outdated client", "Not Suspicious Traffic", "3", "TCP")),
        ),
        "address": _one(
            _SIGNATURES, (1.0, ("ET CINS Active Threat Intelligence Poor Reputation IP", "Misc Attack", "2", "TCP"))
        ),
    },
    "patterns": {
        "everyday": _one(_PATTERNS, (1.0, ("scanning", "T1595", "reconnaissance"))),
        "address": _one(_PATTERNS, (1.0, ("exploit_attempt", "T1190", "initial-access"))),
        "guesses": _one(_PATTERNS, (1.0, ("brute_force", "T1110", "credential-access"))),
    },
    "places": {
        "everyday": _one(
            _PLACES,
            (0.5, ("US", "north-america", "scanning")),
            (0.3, ("DE", "europe", "scanning")),
            (0.2, ("SG", "asia", "scanning")),
        ),
        "address": _one(_PLACES, (1.0, ("NL", "europe", "bad_address"))),
        "guesses": _one(_PLACES, (1.0, ("BR", "south-america", "brute_force"))),
    },
}
_BANS = Flow(
    "security.bans",
    "security.guess_incidents",
    (constant("jail", "cryb-auth"), constant("action", "ban")),
)
_FLOWS = Flow(
    "security.flows",
    "http.served",
    (shares("protocol", {"TCP": 0.94, "UDP": 0.06}, tiny=1), shares("state", {"established": 0.97, "new": 0.03})),
)
_SCANS = Flow(
    "security.scans",
    "uploads.stored",
    (
        Dimension(
            ("result", "threat_name"),
            (
                (("clean", ""), 1.0 - INFECTED),
                (("infected", "Win.Test.EICAR_HDB-1"), 0.6 * INFECTED),
                (("infected", "Html.Phishing.Generic"), 0.4 * INFECTED),
            ),
        ),
    ),
)
_SCORED = Flow(
    "security.scored",
    EVERYDAY,
    (shares("_value", {"0.05": 40, "0.2": 30, "0.4": 16, "0.6": 9, "0.8": 4, "0.95": 1}),),
)
_DETECTED = {
    "bad_address": Flow(
        "security.automation.address", "security.address_incidents", (constant("type", "bad_address"),)
    ),
    "brute_force": Flow("security.automation.guesses", "security.guess_incidents", (constant("type", "brute_force"),)),
}
_ANSWERS = {"bad_address": "challenge", "brute_force": "ban"}

_C, _G, _H = MetricType.COUNTER, MetricType.GAUGE, MetricType.HISTOGRAM


def _counters(name: str, text: str, tool: str, *labels: str) -> tuple[Family, ...]:
    """One counter over all that a tool sees, each cause a flow of its own."""
    return tuple(
        Family(SECURITY, name, _C, text, Count(Flow(f"{tool}.{cause}", _FOUND[cause], (seen,)), same(*labels)))
        for cause, seen in _SEEN[tool].items()
    )


def _counter(name: str, text: str, flow: Flow, *labels: str, **where: tuple[str, ...]) -> Family:
    return Family(SECURITY, name, _C, text, Count(flow, same(*labels), where=where))


def _gauge(name: str, text: str, *dimensions: Dimension, scale: float = 1.0) -> Family:
    return Family(SECURITY, name, _G, text, Level("one", dimensions, scale=scale))


def _automation() -> tuple[Family, ...]:
    """What it detects it answers at once, so both counters agree."""
    found = []
    for kind, flow in _DETECTED.items():
        answered = Flow(flow.name, flow.signal, (*flow.dimensions, constant("action", _ANSWERS[kind])))
        for name, text, labels in (
            ("security_threats_detected_total", "Threats detected", ("type",)),
            ("security_threats_mitigated_total", "Threats mitigated", ("type", "action")),
        ):
            found.append(Family(SECURITY_AUTOMATION, name, _C, text, Count(answered, same(*labels))))
        if _ANSWERS[kind] == "ban":
            found.append(
                Family(SECURITY_AUTOMATION, "security_ips_banned_total", _C, "Addresses banned", Count(answered, {}))
            )
    return tuple(found)


FAMILIES: tuple[Family, ...] = (
    *_counters("wazuh_alerts_total", "Alerts of Wazuh", "wazuh", *_ALERTS[:-1]),
    *_counters("wazuh_rule_groups_total", "Alerts of Wazuh by group of rules", "wazuh", "group"),
    _gauge("wazuh_agents_connected", "Agents that report to Wazuh", scale=4.0),
    _counter("fail2ban_bans_total", "Bans", _BANS, "jail", "action"),
    _gauge(
        "fail2ban_banned_ips",
        "1 for each address that is banned",
        Dimension(("jail", "ip", "country"), ((("cryb-auth", "203.0.113.7", "BR"), 1.0),)),
    ),
    *_counters("suricata_alerts_total", "Alerts of Suricata", "suricata", *_SIGNATURES),
    _counter("suricata_flows_total", "Connections that Suricata saw", _FLOWS, "protocol", "state"),
    _counter("clamav_scans_total", "Files scanned", _SCANS, "result"),
    _counter("clamav_threats_total", "Threats found in files", _SCANS, "threat_name", result=("infected",)),
    _gauge(
        "security_intelligence_indicators",
        "Indicators of compromise that are known",
        Dimension(
            ("type", "source"),
            ((("ip", "feed"), 18400.0), (("domain", "feed"), 9300.0), (("hash", "feed"), 41200.0)),
            tiny=1,
            level=True,
        ),
    ),
    Family(
        SECURITY,
        "threat_score_histogram",
        _H,
        "Scores of suspicious activity",
        Scores(_SCORED, {}, SCORE_BOUNDS),
    ),
    *_counters("attack_patterns_total", "Patterns of attack seen", "patterns", *_PATTERNS),
    *_counters("geographic_threats_total", "Threats by origin", "places", *_PLACES),
    *_automation(),
)
