"""What the copied alertmanager.yml and the stand-in receivers agree on: addresses, placeholders, the list of alerts.

The copy is written by `simulator.stack`, the stand-ins are `simulator.receivers`; neither may import the other.
docs/decisions/0003-alerts-in-notifications.md says why the list of alerts travels inside the notification.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final
from urllib.parse import parse_qsl

from simulator.telemetry.observations import NotifiedAlert
from simulator.telemetry.samples import labels_of

RECEIVER_HEADER: Final = "X-Crybsim-Receiver"
"""Header of a mail that names the Alertmanager receiver."""

ALERTS_HEADER: Final = "X-Crybsim-Alerts"
"""Header of a mail that carries the list of alerts."""

ALERTS_FIELD: Final = "crybsim_alerts"
"""Key of the list of alerts where an integration has a map of templated fields."""

COMPANION: Final = "companion"
"""First part of the path to which the companion of an integration is sent."""

APP_SUFFIX: Final = "-app"
"""`/slack-app/…` is Slack's chat.postMessage, `/slack/…` an incoming webhook."""

PROXIED_HOSTS: Final = ("api.pushover.net", "events.pagerduty.com", "slack.com")
"""Services whose address is fixed inside Alertmanager: reached through the proxy, played by us under their own name."""

ALERTS_TEMPLATE: Final = (
    " crybsim-alerts({{ range .Alerts }}{{ .Status }} {{ .StartsAt.UnixNano }} "
    "{{ range .Labels.SortedPairs }}{{ urlquery .Name }}={{ urlquery .Value }}&{{ end }};{{ end }})"
)
"""Go template that renders every alert of a notification; only functions that Alertmanager has had since 0.20.

`urlquery` leaves letters, digits, `-`, `_`, `.`, `~`, `%` and `+`, so that nothing in a label can end the list.
"""

STAND_IN_SILENT: Final = "its stand-in did not answer"
"""How the problem of a notification begins that Alertmanager could not deliver to a receiver of ours."""

UNKNOWN_ALERTS: Final = "which alerts it is about is not known: no list came with it"
"""`problem` of a notification that was heard and is fine, but whose alerts could not be told: unobserved, not wrong."""

_CARRIED = re.compile(r" ?crybsim-alerts\(([A-Za-z0-9_.~%+=&; -]*)\)")
_PLAIN = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.")


@dataclass(frozen=True)
class Carried:
    """A text of a notification without the list of alerts, and the list (None when it is not there)."""

    text: str
    alerts: tuple[NotifiedAlert, ...] | None


def take_alerts(text: str) -> Carried:
    """Split a rendered text into what a person would have seen and the alerts that `ALERTS_TEMPLATE` added."""
    match = _CARRIED.search(text)
    if match is None:
        return Carried(text, None)
    alerts = tuple(_alert(entry) for entry in match[1].split(";") if entry)
    return Carried(text[: match.start()] + text[match.end() :], alerts)


def _alert(entry: str) -> NotifiedAlert:
    status, started_ns, pairs = entry.split(" ", 2)
    labels = dict(parse_qsl(pairs, keep_blank_values=True))
    return NotifiedAlert(
        alert=labels.pop("alertname", ""),
        status=status,
        labels=labels_of(labels),
        starts_at_ms=int(started_ns) // 1_000_000,
    )


def encode_segment(name: str) -> str:
    """A receiver's name as one part of a path or as a user name: `~2F` for a slash.

    Percent signs would not survive: Alertmanager appends to the path of a URL and then encodes it anew.
    """
    encoded = "".join(chr(byte) if byte in _PLAIN else f"~{byte:02X}" for byte in name.encode())
    return encoded.replace(".", "~2E") if encoded in (".", "..") else encoded


def decode_segment(segment: str) -> str:
    """The name that `encode_segment` was given; bytes that are no UTF-8 become U+FFFD."""
    raw = re.sub(rb"~([0-9A-F]{2})", lambda match: bytes.fromhex(match[1].decode()), segment.encode())
    return raw.decode(errors="replace")


_FORMS: Final = {
    "service_key": "crybsim{:025d}",
    "routing_key": "crybsim{:025d}",
    "user_key": "crybsim{:023d}",
    "token": "crybsim{:023d}",
    "bot_token": "{:d}:crybsim-placeholder-for-a-bot-token",
    "api_key": "00000000-0000-4000-8000-{:012d}",
    "access_key": "CRYBSIM{:013d}",
    "secret_key": "crybsim{:033d}",
}
_NUMBERED: Final = re.compile(
    r"crybsim(?:-placeholder-)?(\d+)|(\d+):crybsim-placeholder.*|00000000-0000-4000-8000-(\d{12})|CRYBSIM(\d{13})"
)


def placeholder(field: str, number: int) -> str:
    """What stands in for the `number`th different secret of its kind, in the form that the service documents."""
    return _FORMS.get(field, "crybsim-placeholder-{:d}").format(number)


def masked(noun: str, key: str) -> str:
    """`routing key #2` for a placeholder; a key that is none is not shown at all."""
    match = _NUMBERED.fullmatch(key)
    if match is None:
        return f"{noun} (masked)"
    return f"{noun} #{int(next(group for group in match.groups() if group))}"
