"""PagerDuty: Events API v2, and the older v1 that `service_key` selects.

Sources: https://developer.pagerduty.com/docs/send-alert-event · https://developer.pagerduty.com/docs/events-api-v1
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from simulator.receivers.delivery import Answer, Delivery, Heard, JsonObject, answer_json, at, carried_at, text_at
from simulator.wire.notifications import ALERTS_FIELD, masked

KEY_LENGTH: Final = 32
SUMMARY: Final = 1024  # characters
DEDUP_KEY: Final = 255
EVENT_BYTES: Final = 512_000
SEVERITIES: Final = ("critical", "error", "warning", "info")


def receive_pagerduty(delivery: Delivery) -> Answer:
    """An event of either version: v1 has a `service_key`."""
    body = delivery.json()
    if body is None:
        heard = Heard("no routing key", problem="Event object is invalid: not a JSON object")
        return _refuse(["The request body is not a JSON object"], heard)
    return _receive_v1(body) if "service_key" in body else _receive_v2(delivery, body)


def _receive_v2(delivery: Delivery, body: JsonObject) -> Answer:
    action = text_at(body, "event_action")
    summary, source, severity = (text_at(body, "payload", key) for key in ("summary", "source", "severity"))
    key = text_at(body, "routing_key")
    errors = []
    if len(key) != KEY_LENGTH:
        errors.append(f"'routing_key' must be {KEY_LENGTH} characters long")
    if action not in ("trigger", "acknowledge", "resolve"):
        errors.append("'event_action' is missing or invalid")
    if action == "trigger":
        errors += [f"'payload.{name}' is missing or blank" for name, value in _required(summary, source, severity)]
        if severity and severity not in SEVERITIES:
            errors.append(f"'payload.severity' is invalid (must be one of the following: {', '.join(SEVERITIES)})")
    elif not text_at(body, "dedup_key"):
        errors.append("'dedup_key' is missing or blank")
    if len(summary) > SUMMARY:
        errors.append(f"'payload.summary' is too long (maximum is {SUMMARY} characters)")
    if len(text_at(body, "dedup_key")) > DEDUP_KEY:
        errors.append(f"'dedup_key' is too long (maximum is {DEDUP_KEY} characters)")
    details = at(body, "payload", "custom_details")
    heard = Heard(
        destination=masked("routing key", key),
        title=summary,
        text=_details(details),
        alerts=carried_at(details, ALERTS_FIELD).alerts,
        resolved=action == "resolve",
        problem="; ".join(errors),
    )
    if errors:
        return _refuse(errors, heard)
    if len(delivery.body) > EVENT_BYTES:
        return answer_json(
            413, {"message": "Payload Too Large"}, replace(heard, problem="the event is larger than 512 kB")
        )
    answer = {"status": "success", "message": "Event processed", "dedup_key": text_at(body, "dedup_key")}
    return answer_json(202, answer, heard)


def _receive_v1(body: JsonObject) -> Answer:
    event, description, key = (text_at(body, name) for name in ("event_type", "description", "service_key"))
    errors = []
    if len(key) != KEY_LENGTH:
        errors.append(f"'service_key' must be {KEY_LENGTH} characters long")
    if event not in ("trigger", "acknowledge", "resolve"):
        errors.append("'event_type' is missing or invalid")
    if event == "trigger" and not description.strip():
        errors.append("'description' is missing or blank")
    if event != "trigger" and not text_at(body, "incident_key"):
        errors.append("'incident_key' is missing or blank")
    if len(description) > SUMMARY:
        errors.append(f"'description' is too long (maximum is {SUMMARY} characters)")
    details = at(body, "details")
    heard = Heard(
        destination=masked("service key", key),
        title=description,
        text=_details(details),
        alerts=carried_at(details, ALERTS_FIELD).alerts,
        resolved=event == "resolve",
        problem="; ".join(errors),
    )
    if errors:
        return _refuse(errors, heard)
    answer = {"status": "success", "message": "Event processed", "incident_key": text_at(body, "incident_key")}
    return answer_json(200, answer, heard)


def _required(summary: str, source: str, severity: str) -> list[tuple[str, str]]:
    fields = (("summary", summary), ("source", source), ("severity", severity))
    return [(name, value) for name, value in fields if not value.strip()]


def _refuse(errors: list[str], heard: Heard) -> Answer:
    body = {"status": "invalid event", "message": "Event object is invalid", "errors": errors}
    return answer_json(400, body, heard)


def _details(details: object) -> str:
    """Each detail but ours on lines of its own."""
    if not isinstance(details, dict):
        return ""
    return "\n".join(f"{key}: {value}".strip() for key, value in details.items() if key != ALERTS_FIELD)
