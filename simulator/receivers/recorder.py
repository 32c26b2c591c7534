"""From what a service heard to an observation of the journal."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from simulator.clock import Clock
from simulator.receivers.companions import Companions, with_alerts
from simulator.receivers.delivery import Heard
from simulator.telemetry.observations import NotificationKind, NotificationReceived, NotifiedAlert
from simulator.wire.notifications import UNKNOWN_ALERTS

_UNRENDERED = ("<no value>", "<error expanding template:")
"""What Go's templates and Prometheus leave in a text where a value is missing or an annotation does not render."""


class Recorder:
    """Called from one thread (the listeners' loop); tells `on_notification` of each notification once."""

    def __init__(self, on_notification: Callable[[NotificationReceived], None], clock: Clock) -> None:
        self._tell = on_notification
        self._clock = clock
        self._companions = Companions()

    def heard(self, kind: NotificationKind, service: str, receiver: str, index: int, heard: Heard) -> None:
        """Record a notification, at once or when its companion came."""
        shown = f"{heard.title}\n{heard.text}"
        unrendered = next((mark for mark in _UNRENDERED if mark in shown), "")
        message = NotificationReceived(
            at_ms=self._clock.now_ms(),
            kind=kind,
            receiver=receiver,
            destination=heard.destination,
            status="" if heard.resolved is None else ("resolved" if heard.resolved else "firing"),
            alerts=(),
            title=heard.title,
            text=heard.text,
            problem=heard.problem
            or (f"a template did not render: the text holds {unrendered!r}" if unrendered else ""),
        )
        if heard.alerts is not None:
            self._tell(with_alerts(message, heard.alerts))
        elif heard.companion:
            self._tell_all(self._companions.message((service, receiver, index), message))
        else:
            self._tell(replace(message, problem=message.problem or UNKNOWN_ALERTS))

    def companion(self, service: str, receiver: str, index: int, alerts: tuple[NotifiedAlert, ...]) -> None:
        """A companion brought the alerts of a message."""
        self._tell_all(self._companions.alerts((service, receiver, index), self._clock.now_ms(), alerts))

    def expire(self, *, everything: bool = False) -> None:
        """Let go of messages whose companion did not come; all of them when nothing more will."""
        self._tell_all(self._companions.expire(2**62 if everything else self._clock.now_ms()))

    def _tell_all(self, finished: list[NotificationReceived]) -> None:
        for message in finished:
            self._tell(message)
