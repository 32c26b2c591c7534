"""Pairs a message that cannot carry a list of alerts with the companion webhook that brings it.

Alertmanager hands one flush of a group to all integrations of a receiver at once, so the two arrive within
milliseconds, in either order. Two groups of one receiver may flush at the same time: a list whose alert names all occur
in a message goes with it; what is left is paired in order of arrival once patience has run out.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass, replace

from simulator.telemetry.observations import NotificationReceived, NotifiedAlert
from simulator.wire.notifications import UNKNOWN_ALERTS

PATIENCE_MS = 2_000


@dataclass(frozen=True)
class _List:
    at_ms: int
    alerts: tuple[NotifiedAlert, ...]


class Companions:
    """Messages and lists that wait for each other. Times are wall milliseconds, given by the caller."""

    def __init__(self) -> None:
        self._messages: dict[Hashable, list[NotificationReceived]] = {}
        self._lists: dict[Hashable, list[_List]] = {}

    def message(self, key: Hashable, message: NotificationReceived) -> list[NotificationReceived]:
        """A message without a list came; returns what is now complete."""
        self._messages.setdefault(key, []).append(message)
        return self._pair(key)

    def alerts(self, key: Hashable, at_ms: int, alerts: tuple[NotifiedAlert, ...]) -> list[NotificationReceived]:
        """A companion brought a list; returns what is now complete."""
        self._lists.setdefault(key, []).append(_List(at_ms, alerts))
        return self._pair(key)

    def expire(self, now_ms: int) -> list[NotificationReceived]:
        """Messages that have waited long enough, with what list is left for them or none."""
        finished = []
        for key, messages in self._messages.items():
            for message in [waiting for waiting in messages if waiting.at_ms + PATIENCE_MS <= now_ms]:
                messages.remove(message)
                lists = self._lists.get(key, [])
                near = [found for found in lists if abs(found.at_ms - message.at_ms) <= PATIENCE_MS]
                if near:
                    lists.remove(near[0])
                    finished.append(with_alerts(message, near[0].alerts))
                else:
                    finished.append(replace(message, problem=message.problem or UNKNOWN_ALERTS))
        for key in self._lists:
            self._lists[key] = [found for found in self._lists[key] if found.at_ms + 2 * PATIENCE_MS > now_ms]
        return finished

    def _pair(self, key: Hashable) -> list[NotificationReceived]:
        messages, lists = self._messages.setdefault(key, []), self._lists.setdefault(key, [])
        finished = []
        for message in list(messages):
            fitting = [found for found in lists if _is_about(message, found.alerts)]
            if fitting:
                messages.remove(message)
                lists.remove(fitting[0])
                finished.append(with_alerts(message, fitting[0].alerts))
        return finished


def with_alerts(message: NotificationReceived, alerts: Sequence[NotifiedAlert]) -> NotificationReceived:
    """The message with its alerts; it is firing while one of them is."""
    status = "firing" if any(alert.status == "firing" for alert in alerts) else "resolved"
    return replace(message, alerts=tuple(alerts), status=status if alerts else message.status)


def _is_about(message: NotificationReceived, alerts: Sequence[NotifiedAlert]) -> bool:
    shown = f"{message.title}\n{message.text}"
    return bool(alerts) and all(alert.alert in shown for alert in alerts)
