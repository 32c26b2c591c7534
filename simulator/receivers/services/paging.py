"""Opsgenie, VictorOps (Splunk On-Call) and Pushover.

Sources: https://docs.opsgenie.com/docs/alert-api ·
https://help.victorops.com/knowledge-base/rest-endpoint-integration-guide/ · https://pushover.net/api
"""

from __future__ import annotations

from typing import Final
from urllib.parse import parse_qs

from simulator.receivers.delivery import Answer, Delivery, Heard, answer_json, carried_at, list_at, paragraphs, text_at
from simulator.wire.notifications import ALERTS_FIELD, masked, take_alerts

OPSGENIE_LIMITS: Final = {"message": 130, "description": 15_000, "alias": 512, "entity": 512, "note": 25_000}
PUSHOVER_LIMITS: Final = {"title": 250, "message": 1024, "url": 512, "url_title": 100}
PUSHOVER_KEY: Final = 30  # characters
VICTOROPS_TYPES: Final = ("CRITICAL", "WARNING", "ACKNOWLEDGEMENT", "INFO", "RECOVERY")


def receive_opsgenie(delivery: Delivery) -> Answer:
    """`v2/alerts` creates, `…/close` closes; updates of message and description (PUT) say nothing new."""
    accepted = {"result": "Request will be processed", "took": 0.1, "requestId": "crybsim"}
    if delivery.method == "PUT":
        return answer_json(202, accepted)
    body = delivery.json()
    closes = delivery.rest.endswith("/close")
    scheme, _, key = delivery.headers.get("authorization", "").partition(" ")
    carried = carried_at(body, "source")
    errors = {}
    if body is None:
        errors["body"] = "not a JSON object"
    elif not closes and not text_at(body, "message").strip():
        errors["message"] = "Message can not be empty."
    for name, limit in OPSGENIE_LIMITS.items():
        if len(text_at(body, name)) > limit:
            errors[name] = f"{name} can not be longer than {limit} characters."
    priority = text_at(body, "priority")
    if priority and priority not in ("P1", "P2", "P3", "P4", "P5"):
        errors["priority"] = "Priority should be one of [ P1, P2, P3, P4, P5 ]"
    names = [text_at(responder, "name") or text_at(responder, "username") for responder in list_at(body, "responders")]
    destination = ", ".join(name for name in names if name) or masked("API key", key)
    heard = Heard(
        destination,
        text_at(body, "message"),
        text_at(body, "description"),
        carried.alerts,
        resolved=closes,
        problem="; ".join(errors.values()),
    )
    if scheme != "GenieKey":
        return answer_json(401, {"message": "Could not authenticate", "took": 0.1}, heard)
    if errors:
        return answer_json(422, {"message": "Request body is not processable.", "errors": errors}, heard)
    return answer_json(202, accepted, heard)


def receive_victorops(delivery: Delivery) -> Answer:
    """The REST endpoint: the routing key is the end of the path."""
    body = delivery.json()
    _, _, routing_key = delivery.rest.partition("/")
    message_type = text_at(body, "message_type")
    problem = ""
    if body is None:
        problem = "not a JSON object"
    elif message_type not in VICTOROPS_TYPES:
        problem = f"message_type {message_type!r} is not one of {', '.join(VICTOROPS_TYPES)}"
    elif not routing_key:
        problem = "no routing key in the path"
    heard = Heard(
        f"routing key {routing_key}",
        text_at(body, "entity_display_name"),
        text_at(body, "state_message"),
        carried_at(body, ALERTS_FIELD).alerts,
        resolved=message_type == "RECOVERY",
        problem=problem,
    )
    if problem:
        return answer_json(400, {"result": "failure", "message": problem}, heard)
    return answer_json(200, {"result": "success", "entity_id": text_at(body, "entity_id")}, heard)


def receive_pushover(delivery: Delivery) -> Answer:
    """`1/messages.json`; Alertmanager sends the parameters in the query."""
    form = parse_qs(delivery.body.decode(errors="replace"))
    fields = {name: values[0] for name, values in (*form.items(), *delivery.query.items()) if values}
    carried = take_alerts(fields.get("url_title", ""))
    fields["url_title"] = carried.text
    errors = [f"{name} is invalid" for name in ("token", "user") if len(fields.get(name, "")) != PUSHOVER_KEY]
    if not fields.get("message", "").strip():
        errors.append("message cannot be blank")
    errors += [
        f"{name} is longer than {limit} characters"
        for name, limit in PUSHOVER_LIMITS.items()
        if len(fields.get(name, "")) > limit
    ]
    errors += _priority_errors(fields)
    heard = Heard(
        masked("user key", fields.get("user", "")),
        fields.get("title", ""),
        paragraphs(fields.get("message", ""), fields.get("url", "")),
        carried.alerts,
        problem="; ".join(errors),
    )
    if errors:
        return answer_json(400, {"status": 0, "errors": errors, "request": "crybsim"}, heard)
    return answer_json(200, {"status": 1, "request": "crybsim"}, heard)


def _priority_errors(fields: dict[str, str]) -> list[str]:
    priority = fields.get("priority", "0") or "0"
    if priority not in ("-2", "-1", "0", "1", "2"):
        return ["priority is invalid, must be between -2 and 2"]
    if priority != "2":
        return []
    errors = []
    if _seconds(fields.get("retry", "")) < 30:
        errors.append("retry must be at least 30 seconds for emergency priority")
    if not 0 < _seconds(fields.get("expire", "")) <= 10_800:
        errors.append("expire must be between 1 and 10800 seconds for emergency priority")
    return errors


def _seconds(text: str) -> int:
    return int(text) if text.isdigit() else 0
