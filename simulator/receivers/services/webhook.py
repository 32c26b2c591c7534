"""Alertmanager's own payload: generic webhooks, incident.io, companions of integrations without a list.

Sources: https://prometheus.io/docs/alerting/latest/configuration/#webhook_config ·
https://api-docs.incident.io/tag/Alert-Events-V2
"""

from __future__ import annotations

from simulator.clock import parse_rfc3339
from simulator.receivers.delivery import Answer, Delivery, Heard, answer_json, at, carried_at, list_at, text_at
from simulator.telemetry.observations import NotifiedAlert
from simulator.telemetry.samples import labels_of
from simulator.wire.notifications import ALERTS_FIELD


def receive_webhook(delivery: Delivery) -> Answer:
    """Version 4 of the payload, or one that the team made itself (`payload`, since Alertmanager 0.32)."""
    body = delivery.json()
    destination = f"webhook #{delivery.number}"
    text = delivery.body.decode(errors="replace")
    carried = carried_at(body, ALERTS_FIELD)
    if carried.alerts is not None:
        shown = text.replace(text_at(body, ALERTS_FIELD), "")
        return Answer(200, heard=Heard(destination, text=shown, alerts=carried.alerts))
    if body is None or text_at(body, "version") != "4":
        return Answer(200, heard=Heard(destination, text=text, companion=True))
    return Answer(200, heard=_heard(delivery, destination))


def receive_incidentio(delivery: Delivery) -> Answer:
    """An alert event of an HTTP alert source: 202."""
    heard = _heard(delivery, f"alert source #{delivery.number}")
    if "authorization" not in delivery.headers:
        problem = "no authorization header"
        refused = Heard(heard.destination, heard.title, heard.text, heard.alerts, problem=problem)
        return answer_json(401, {"type": "authentication_error", "errors": [problem]}, refused)
    if heard.problem:
        return answer_json(422, {"type": "validation_error", "errors": [heard.problem]}, heard)
    return answer_json(202, {"status": "success", "message": "Event accepted for processing"}, heard)


def listed_alerts(delivery: Delivery) -> tuple[NotifiedAlert, ...]:
    """The alerts of Alertmanager's payload, as a companion brings them."""
    return tuple(_alert(alert) for alert in list_at(delivery.json(), "alerts"))


def _heard(delivery: Delivery, destination: str) -> Heard:
    body = delivery.json()
    missing = [key for key in ("receiver", "status", "alerts", "groupKey") if at(body, key) is None]
    annotations = at(body, "commonAnnotations")
    summary = text_at(annotations, "summary") or text_at(annotations, "description")
    return Heard(
        destination=destination,
        title=summary,
        text=delivery.body.decode(errors="replace"),
        alerts=listed_alerts(delivery),
        problem=f"the payload lacks {', '.join(missing)}" if missing else "",
    )


def _alert(alert: object) -> NotifiedAlert:
    labels = at(alert, "labels")
    named = {str(key): str(value) for key, value in labels.items()} if isinstance(labels, dict) else {}
    try:
        started = parse_rfc3339(text_at(alert, "startsAt"))
    except ValueError:
        started = None
    return NotifiedAlert(
        alert=named.pop("alertname", ""),
        status=text_at(alert, "status"),
        labels=labels_of(named),
        starts_at_ms=started,
    )
