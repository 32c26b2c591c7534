"""Lines of authentication and security: winston JSON, `failed` in every failure (contract, section 7)."""

from __future__ import annotations

from typing import Final

from simulator.streams.logs.line import Line, Row

_HEAD: Final = '{"timestamp":"${time.iso}","level":"LEVEL","message":"MESSAGE","event":"EVENT","severity":"SEVERITY",'
_WHO: Final = (
    '"srcip":"${person.address}","user":"${person.name}","user_agent":"${agent.text}",'
    '"endpoint":"/api/v1/auth/ENDPOINT","method":"POST","session_id":"${hex.24/session}",'
)
_TRACE: Final = '"service":"auth","trace_id":"${hex.32/trace}"}'
_ENDPOINTS: Final = {
    "password": "login",
    "wallet": "login",
    "refresh": "refresh",
    "2fa": "verify-2fa",
    "oauth": "oauth/callback",
}
_EVENTS: Final = {
    "rate_limited": "rate_limit_exceeded",
    "account_locked": "account_lockout",
    "token_expired": "invalid_jwt",
    "invalid_signature": "web3_auth_failed",
}
_INCIDENTS: Final = {
    "rate_abuse": "api_abuse",
    "injection_attempt": "sql_injection_attempt",
    "malicious_upload": "malicious_file_upload",
    "bad_address": "suspicious_login_location",
    "brute_force": "brute_force_attack",
    "breach": "data_breach_attempt",
}


def logins(row: Row) -> tuple[Line, ...]:
    """One attempt to log in, by whatever method."""
    method, outcome = row["method"], row["_outcome"]
    if outcome == "success":
        level, event, severity = "info", "authentication_success", "low"
        message = f"{method} login of ${{person.name}} succeeded"
        rest = '"success":true,"attempts":1,'
    else:
        level, event, severity = "warn", _EVENTS.get(outcome, "authentication_failed"), "medium"
        message = f"{method} login of ${{person.name}} failed: {outcome}"
        rest = (
            f'"success":false,"attempts":${{int.1.5/attempts}},"reason":"{outcome}",'
            '"location":{"country":"${attacker.country}","ip_reputation":"unknown"},'
        )
    head = _filled(_HEAD, LEVEL=level, MESSAGE=message, EVENT=event, SEVERITY=severity)
    return (Line(head + _filled(_WHO, ENDPOINT=_ENDPOINTS[method]) + rest + _TRACE, {"level": level}),)


def incidents(row: Row) -> tuple[Line, ...]:
    """A security incident, with the address that it came from."""
    kind, severity = row["type"], row["severity"]
    level = "error" if severity in ("high", "critical") else "warn"
    message = f"security incident: {kind.replace('_', ' ')} from ${{attacker.address}}"
    head = _filled(
        _HEAD, LEVEL=level, MESSAGE=message, EVENT=_INCIDENTS.get(kind, "traffic_anomaly"), SEVERITY=severity
    )
    rest = (
        f'"srcip":"${{attacker.address}}","user":"${{attacker.name}}","attack_type":"{kind}",'
        '"location":{"country":"${attacker.country}","ip_reputation":"bad"},'
    )
    return (Line(head + rest + _TRACE, {"level": level}),)


def _filled(template: str, **words: str) -> str:
    for name, word in words.items():
        template = template.replace(name, word)
    return template
