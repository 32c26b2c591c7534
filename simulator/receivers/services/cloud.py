"""Amazon SNS and WeChat Work.

Sources: https://docs.aws.amazon.com/sns/latest/api/API_Publish.html · https://developer.work.weixin.qq.com/document/path/90236
"""

from __future__ import annotations

from typing import Final
from urllib.parse import parse_qs
from xml.sax.saxutils import escape

from simulator.receivers.delivery import Answer, Delivery, Heard, answer_json, at, text_at
from simulator.wire.notifications import ALERTS_FIELD, Carried, take_alerts

SNS_SUBJECT: Final = 100  # characters
SNS_MESSAGE_BYTES: Final = 262_144
WECHAT_BYTES: Final = 2048


def receive_sns(delivery: Delivery) -> Answer:
    """`Publish` of the query protocol."""
    form = {name: values[0] for name, values in parse_qs(delivery.body.decode(errors="replace")).items()}
    target = next((form[key] for key in ("TopicArn", "TargetArn", "PhoneNumber") if form.get(key)), "")
    subject, message = form.get("Subject", ""), form.get("Message", "")
    problem = ""
    if form.get("Action") != "Publish":
        problem = f"the action {form.get('Action', '')!r} is not Publish"
    elif not target:
        problem = "Invalid parameter: TopicArn or TargetArn Reason: no value for required parameter"
    elif not message:
        problem = "Invalid parameter: Empty message"
    elif len(message.encode()) > SNS_MESSAGE_BYTES:
        problem = "Invalid parameter: Message too long"
    elif "Subject" in form and not _is_subject(subject):
        problem = "Invalid parameter: Subject"
    heard = Heard(target or "no target", subject, message, _attribute(form).alerts, problem=problem)
    if problem:
        code = f"<Error><Type>Sender</Type><Code>InvalidParameter</Code><Message>{escape(problem)}</Message></Error>"
        refused = f"<ErrorResponse>{code}<RequestId>crybsim</RequestId></ErrorResponse>"
        return Answer(400, refused.encode(), "text/xml", heard)
    accepted = (
        '<PublishResponse xmlns="http://sns.amazonaws.com/doc/2010-03-31/"><PublishResult><MessageId>crybsim</MessageId>'
        "</PublishResult><ResponseMetadata><RequestId>crybsim</RequestId></ResponseMetadata></PublishResponse>"
    )
    return Answer(200, accepted.encode(), "text/xml", heard)


def _is_subject(subject: str) -> bool:
    """ASCII without control characters, starting with a letter, digit or punctuation, under 100 characters."""
    return 0 < len(subject) < SNS_SUBJECT and subject.isascii() and subject.isprintable() and subject[0] != " "


def _attribute(form: dict[str, str]) -> Carried:
    for key, name in form.items():
        if name == ALERTS_FIELD and key.endswith(".Name"):
            return take_alerts(form.get(key.removesuffix(".Name") + ".Value.StringValue", ""))
    return take_alerts("")


def receive_wechat(delivery: Delivery) -> Answer:
    """`gettoken` first, then `message/send`; errors come with 200 and a code."""
    if delivery.rest == "gettoken":
        return answer_json(200, {"errcode": 0, "errmsg": "ok", "access_token": "crybsim", "expires_in": 7200})
    body = delivery.json()
    carried = take_alerts(text_at(body, "totag"))
    people = [name for name in (text_at(body, "touser"), text_at(body, "toparty"), carried.text.strip()) if name]
    kind = text_at(body, "msgtype")
    text = text_at(body, kind, "content")
    code, problem = 0, ""
    if at(body, "msgtype") is None or kind not in ("text", "markdown"):
        code, problem = 40008, "invalid message type"
    elif not people:
        code, problem = 82001, "touser, toparty and totag are all empty"
    elif not text_at(body, "agentid"):
        code, problem = 40056, "invalid agentid"
    elif not text.strip():
        code, problem = 44004, "text content is empty"
    elif len(text.encode()) > WECHAT_BYTES:
        code, problem = 45002, f"text content is longer than {WECHAT_BYTES} bytes"
    heard = Heard(", ".join(people) or "nobody", text=text, alerts=carried.alerts, problem=problem)
    return answer_json(200, {"errcode": code, "errmsg": problem or "ok"}, heard)
