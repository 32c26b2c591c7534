"""Discord, Microsoft Teams (both kinds), Telegram and Webex: one message into one room.

Sources: https://discord.com/developers/docs/resources/webhook#execute-webhook and …/message#embed-object-embed-limits ·
https://learn.microsoft.com/en-us/outlook/actionable-messages/message-card-reference ·
https://learn.microsoft.com/en-us/connectors/teams/ · https://core.telegram.org/bots/api#sendmessage ·
https://developer.webex.com/docs/api/v1/messages/create-a-message
"""

from __future__ import annotations

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
from simulator.receivers.services.telegram_html import html_problem

DISCORD_CONTENT: Final = 2000  # characters
DISCORD_TITLE: Final = 256
DISCORD_DESCRIPTION: Final = 4096
DISCORD_EMBEDS: Final = 6000
TEAMS_BYTES: Final = 28 * 1024
TELEGRAM_TEXT: Final = 4096
WEBEX_BYTES: Final = 7439


def receive_discord(delivery: Delivery) -> Answer:
    """An incoming webhook: 204, or 400 with Discord's code for a form error."""
    body = delivery.json()
    content = text_at(body, "content")
    title = text_at(body, "embeds", 0, "title")
    text = text_at(body, "embeds", 0, "description")
    problem = ""
    if body is None:
        problem = "not a JSON object"
    elif not paragraphs(content, title, text):
        problem = "Cannot send an empty message"
    for name, value, limit in (
        ("content", content, DISCORD_CONTENT),
        ("embeds.0.title", title, DISCORD_TITLE),
        ("embeds.0.description", text, DISCORD_DESCRIPTION),
        ("embeds", title + text, DISCORD_EMBEDS),
    ):
        if len(value) > limit:
            problem = problem or f"{name}: Must be {limit} or fewer in length."
    destination = f"webhook #{delivery.number}"
    heard = Heard(destination, title, paragraphs(content, text), problem=problem, companion=True)
    if problem:
        return answer_json(400, {"message": problem, "code": 50006 if "empty" in problem else 50035}, heard)
    return Answer(204, heard=heard)


def receive_teams(delivery: Delivery) -> Answer:
    """A connector's MessageCard: `1`, or the reason as text."""
    body = delivery.json()
    carried = carried_at(body, "text")
    problem = ""
    if body is None:
        problem = "Bad payload received by generic incoming webhook."
    elif not paragraphs(carried.text, text_at(body, "summary")):
        problem = "Summary or Text is required."
    elif len(carried.text.encode()) > TEAMS_BYTES:
        problem = "Message size exceeds 28 KB"
    heard = Heard(
        f"webhook #{delivery.number}", text_at(body, "title"), carried.text, alerts=carried.alerts, problem=problem
    )
    return answer_text(400 if problem else 200, problem or "1", heard)


def receive_teams_workflow(delivery: Delivery) -> Answer:
    """A workflow that takes an adaptive card: 202."""
    body = delivery.json()
    card = at(body, "attachments", 0, "content")
    blocks = list_at(card, "body")
    texts = [carried_at(block, "text") for block in blocks]
    alerts = next((carried.alerts for carried in texts if carried.alerts is not None), None)
    shown = [carried.text for carried in texts]
    problem = ""
    if body is None or text_at(body, "type") != "message":
        problem = "the body is not a message with attachments"
    elif text_at(body, "attachments", 0, "contentType") != "application/vnd.microsoft.card.adaptive":
        problem = "the attachment is not an adaptive card"
    elif not paragraphs(*shown):
        problem = "the card has no text"
    elif len("".join(shown).encode()) > TEAMS_BYTES:
        problem = "Message size exceeds 28 KB"
    heard = Heard(
        f"webhook #{delivery.number}",
        shown[0] if shown else "",
        paragraphs(*shown[1:]),
        alerts=alerts,
        problem=problem,
    )
    if problem:
        return answer_json(400, {"error": {"code": "TriggerInputSchemaMismatch", "message": problem}}, heard)
    return Answer(202, heard=heard)


def receive_telegram(delivery: Delivery) -> Answer:
    """`sendMessage` of the Bot API; every other method is refused."""
    _, _, method = delivery.rest.partition("/")
    if method != "sendMessage":
        return answer_json(404, {"ok": False, "error_code": 404, "description": "Not Found"})
    body = delivery.json()
    chat, text = text_at(body, "chat_id"), text_at(body, "text")
    problem = ""
    if not chat:
        problem = "Bad Request: chat_id is empty"
    elif not text.strip():
        problem = "Bad Request: message text is empty"
    elif len(text) > TELEGRAM_TEXT:
        problem = "Bad Request: message is too long"
    elif text_at(body, "parse_mode") == "HTML":
        fault = html_problem(text)
        problem = f"Bad Request: can't parse entities: {fault}" if fault else ""
    heard = Heard(f"chat {chat}", text=text, problem=problem, companion=True)
    if problem:
        return answer_json(400, {"ok": False, "error_code": 400, "description": problem}, heard)
    message = {"message_id": 1, "date": 0, "chat": {"id": int(chat), "type": "group"}, "text": text}
    return answer_json(200, {"ok": True, "result": message}, heard)


def receive_webex(delivery: Delivery) -> Answer:
    """A message in markdown into a room."""
    body = delivery.json()
    room, text = text_at(body, "roomId"), text_at(body, "markdown")
    problem = ""
    if "authorization" not in delivery.headers:
        problem = "The request requires a valid access token set in the Authorization request header."
    elif not room:
        problem = "roomId cannot be null"
    elif not text.strip():
        problem = "Unable to post message without any text or file"
    elif len(text.encode()) > WEBEX_BYTES:
        problem = f"the message is longer than {WEBEX_BYTES} bytes"
    heard = Heard(f"room {room}", text=text, problem=problem, companion=True)
    if problem:
        return answer_json(400, {"message": problem, "errors": [{"description": problem}]}, heard)
    return answer_json(200, {"id": "crybsim", "roomId": room, "markdown": text}, heard)
