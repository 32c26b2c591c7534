"""Lines of the hosts: syslog and auth.log (contract, section 7)."""

from __future__ import annotations

from typing import Final

from simulator.streams.logs.line import Line, Row, by_kind

_HEAD: Final = "${time.syslog} ${host} "
_SSHD: Final = _HEAD + "sshd[${int.2000.32000/pid}]: "
_ATTACKER: Final = "from ${attacker.address} port ${int.1024.65535/port} ssh2"

system = by_kind(
    {
        "session": _HEAD + "systemd[1]: Started session-${int.100.9999/session}.scope - Session of User deploy.",
        "timer": _HEAD + "systemd[1]: logrotate.service: Deactivated successfully.",
        "docker": _HEAD + 'dockerd[711]: level=info msg="health check of cryb-${word.text} passed"',
        "kernel": _HEAD + "kernel: [${int.100000.999999/uptime}.${int.100000.999999/micro}] TCP: request_sock_TCP: "
        "Possible SYN flooding on port 443. Sending cookies.",
    }
)
_SSH: Final = {
    "invalid": _SSHD + "Invalid user ${attacker.name} " + _ATTACKER.removesuffix(" ssh2"),
    "failed": _SSHD + "Failed password for root " + _ATTACKER,
    "accepted": _SSHD + "Accepted publickey for deploy from 10.0.0.${int.2.20/admin} port ${int.1024.65535/port} ssh2: "
    "ED25519 SHA256:${hex.32/fingerprint}",
}


def ssh(row: Row) -> tuple[Line, ...]:
    """Somebody at the door of a host."""
    alert = {} if row["kind"] == "accepted" else {"alert_type": "auth_failure"}
    return (Line(_SSH[row["kind"]], {"level": row["level"], **alert}),)
