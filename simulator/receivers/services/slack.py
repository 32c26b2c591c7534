"""Slack (incoming webhook and chat.postMessage) and the two that take much the same message: Mattermost, Rocket.Chat.

Sources: https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks ·
https://docs.slack.dev/reference/methods/chat.postMessage ·
https://developers.mattermost.com/integrate/webhooks/incoming/ ·
https://developer.rocket.chat/apidocs/post-message
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from simulator.receivers.delivery import (
    Answer,
    Delivery,
    Heard,
    answer_json,
    answer_text,
    at,
    carried_at,
    list_at,
    paragraphs,
    text_at,
)

MAX_ATTACHMENTS: Final = 100
SLACK_TEXT: Final = 40_000  # characters, then Slack cuts
MATTERMOST_TEXT: Final = 16_383


def receive_slack_webhook(delivery: Delivery) -> Answer:
    """An incoming webhook answers `ok`, or 400 with one word."""
    heard = _slack(delivery)
    return answer_text(400 if heard.problem else 200, heard.problem or "ok", heard)


def receive_slack_app(delivery: Delivery) -> Answer:
    """chat.postMessage and chat.update answer 200 always, and tell in the body."""
    heard = _slack(delivery)
    channel = text_at(delivery.json(), "channel")
    if not heard.problem and not channel:
        heard = replace(heard, problem="channel_not_found")
    if heard.problem:
        return answer_json(200, {"ok": False, "error": heard.problem}, heard)
    return answer_json(200, {"ok": True, "channel": channel, "ts": "1503435956.000247"}, heard)


def receive_mattermost(delivery: Delivery) -> Answer:
    """An incoming webhook answers `ok`."""
    body = delivery.json()
    carried = carried_at(body, "props", "card")
    title, text = _message(body)
    problem = ""
    if body is None:
        problem = "Unable to parse incoming data"
    elif not paragraphs(title, text):
        problem = "No text specified."
    elif len(text_at(body, "text")) > MATTERMOST_TEXT:
        problem = f"Text is longer than {MATTERMOST_TEXT} characters"
    destination = text_at(body, "channel") or f"channel of webhook #{delivery.number}"
    heard = Heard(destination, title, text, carried.alerts, problem=problem)
    if problem:
        return answer_json(400, {"message": problem, "status_code": 400}, heard)
    return answer_text(200, "ok", heard)


def receive_rocketchat(delivery: Delivery) -> Answer:
    """`chat.postMessage` of the REST API."""
    body = delivery.json()
    carried = carried_at(body, "attachments", 0, "thumb_url")
    title, text = _message(body)
    channel = text_at(body, "channel")
    problem = ""
    if not delivery.headers.get("x-auth-token") or not delivery.headers.get("x-user-id"):
        problem = "You must be logged in to do this."
    elif not channel:
        problem = "Body param 'roomId' or 'channel' is required"
    elif not paragraphs(title, text):
        problem = "the message has no text"
    heard = Heard(channel or "no channel", title, text, carried.alerts, problem=problem)
    return answer_json(400 if problem else 200, {"success": not problem, "error": problem}, heard)


def _slack(delivery: Delivery) -> Heard:
    """`problem` is Slack's own word for what is wrong."""
    body = delivery.json()
    carried = carried_at(body, "attachments", 0, "callback_id")
    title, text = _message(body)
    problem = ""
    if body is None:
        problem = "invalid_payload"
    elif len(list_at(body, "attachments")) > MAX_ATTACHMENTS:
        problem = "too_many_attachments"
    elif not paragraphs(title, text, *(text_at(part, "fallback") for part in list_at(body, "attachments"))):
        problem = "no_text"
    elif len(text) > SLACK_TEXT:
        problem = "msg_too_long"
    destination = text_at(body, "channel") or f"channel of webhook #{delivery.number}"
    return Heard(destination, title, text, carried.alerts, problem=problem)


def _message(body: object) -> tuple[str, str]:
    """Title and text of a message with attachments, as a person reads them."""
    title, texts = "", [text_at(body, "text")]
    for attachment in list_at(body, "attachments"):
        title = title or text_at(attachment, "title")
        texts += [text_at(attachment, key) for key in ("pretext", "text")]
        for field in list_at(attachment, "fields"):
            texts.append(f"{text_at(field, 'title')}: {text_at(field, 'value')}")
    if at(body, "blocks") is not None:
        texts += [text_at(block, "text", "text") for block in list_at(body, "blocks")]
    return title, paragraphs(*texts)
