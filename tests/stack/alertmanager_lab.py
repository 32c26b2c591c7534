"""Runs the real Alertmanager on a redirected file and hears what it notifies; prints the outcome as JSON.

A program, so that it can be started inside an empty network namespace (`unshare -rn`), where loopback is all there is
and the kernel counts every attempt to go elsewhere. Reads its orders as JSON from stdin: `original`, `folder`, `rounds`
(each a list of alerts to post, and the number of notifications or "failure" to wait for), `as_written` (do not
redirect), `isolated` (there is no loopback yet), `proxy` (false: no proxy for fixed addresses).
"""

from __future__ import annotations

import fcntl
import json
import socket
import struct
import sys
import time
from dataclasses import asdict
from pathlib import Path

from simulator.receivers import Receivers, notification_failures
from simulator.stack.alertmanager_config import redirect
from simulator.stack.binaries import find_binaries
from simulator.stack.local import LocalStack
from simulator.stack.redirect_check import check_config
from simulator.telemetry.observations import NotificationReceived
from simulator.transport import http_client

DEADLINE_SECONDS = 30.0
_SIOCSIFFLAGS, _IFF_UP_RUNNING = 0x8914, 0x41


def main() -> None:
    orders = json.load(sys.stdin)
    if orders.get("isolated"):
        _loopback_up()
    before = _unroutable()
    folder = Path(orders["folder"])
    heard: list[NotificationReceived] = []
    programs = find_binaries()
    with (
        Receivers(heard.append, folder) as receivers,
        LocalStack(folder, prometheus=programs.prometheus.path, alertmanager=programs.alertmanager.path) as stack,
    ):
        text, changes, removed = orders["original"], (), {}
        if not orders.get("as_written"):
            redirected = redirect(
                text,
                http_url=receivers.http_url,
                smtp=receivers.smtp_address,
                source="alertmanager.yml",
                base_dir=folder,
                proxy_url=receivers.proxy_url if orders.get("proxy", True) else None,
                ca_file=receivers.ca_file if orders.get("proxy", True) else None,
                version=programs.alertmanager.version,
            )
            check_config(redirected, programs.amtool.path, "alertmanager.yml")
            text, changes, removed = redirected.text, redirected.changes, redirected.removed_receivers
        with http_client(stack.start_alertmanager(text)) as client:
            for alerts, count in orders["rounds"]:
                client.post("/api/v2/alerts", json=alerts).raise_for_status()
                _wait(lambda count=count: _reached(heard, folder, client.get("/metrics").text, count))
            metrics = client.get("/metrics").text
        log = stack.log("alertmanager")
    json.dump(
        {
            "heard": [asdict(notification) for notification in heard],
            "failures": [asdict(failure) for failure in notification_failures(log)],
            "failed": _failed(metrics),
            "unroutable": _unroutable() - before,
            "copy": text,
            "changes": changes,
            "removed": removed,
            "log": log.read_text(),
        },
        sys.stdout,
    )


def _reached(heard: list[NotificationReceived], folder: Path, metrics: str, count: int | str) -> bool:
    if count == "failure":
        return bool(notification_failures(folder / "logs" / "alertmanager.log"))
    return len(heard) >= int(count)


def _wait(done) -> None:  # type: ignore[no-untyped-def]
    deadline = time.monotonic() + DEADLINE_SECONDS
    while not done() and time.monotonic() < deadline:
        time.sleep(0.05)


def _failed(metrics: str) -> dict[str, float]:
    """Failed notifications by integration, where there were any."""
    lines = (line for line in metrics.splitlines() if line.startswith("alertmanager_notifications_failed_total{"))
    values = {line.split('integration="')[1].split('"')[0]: float(line.rsplit(" ", 1)[1]) for line in lines}
    return {integration: value for integration, value in values.items() if value}


def _loopback_up() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
        fcntl.ioctl(control, _SIOCSIFFLAGS, struct.pack("16sH14x", b"lo", _IFF_UP_RUNNING))


def _unroutable() -> int:
    """How many packets of this network namespace had no way to go, IPv4 and IPv6."""
    names, values = (line.split() for line in Path("/proc/net/snmp").read_text().splitlines() if line.startswith("Ip:"))
    count = int(dict(zip(names, values, strict=True))["OutNoRoutes"])
    for line in Path("/proc/net/snmp6").read_text().splitlines() if Path("/proc/net/snmp6").exists() else ():
        if line.startswith("Ip6OutNoRoutes"):
            count += int(line.split()[1])
    return count


if __name__ == "__main__":
    main()
