"""Each service: what it takes, what it refuses and in which words, what is recorded."""

from __future__ import annotations

import json
from urllib.parse import quote_plus, urlencode

import pytest

from simulator.receivers.delivery import Answer, Delivery
from simulator.receivers.services import KINDS, services
from simulator.telemetry.observations import NotifiedAlert
from simulator.wire.notifications import placeholder

LISTED = " crybsim-alerts(firing 5000000 alertname=Down&job=api&;resolved 0 alertname=Slow&;)"
ALERTS = (NotifiedAlert("Down", "firing", (("job", "api"),), 5), NotifiedAlert("Slow", "resolved", (), 0))
KEY = placeholder("routing_key", 1)


def send(service: str, body: object = None, *, rest: str = "", **more: object) -> Answer:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    delivery = Delivery(service, "team", 0, 1, rest=rest, body=raw, **more)  # type: ignore[arg-type]
    return services()[service](delivery)


def slack(**more: object) -> dict[str, object]:
    return {"attachments": [{"title": "T", "text": "x", "callback_id": LISTED, "fallback": "f"}], **more}


def pagerduty(**payload: object) -> dict[str, object]:
    inside = {"summary": "S", "source": "src", "severity": "critical", "custom_details": {"crybsim_alerts": LISTED}}
    return {"routing_key": KEY, "event_action": "trigger", "dedup_key": "d", "payload": {**inside, **payload}}


def pagerduty_v1(**more: object) -> dict[str, object]:
    event = {"service_key": KEY, "event_type": "trigger", "description": "S", "incident_key": "d"}
    return {**event, "details": {"crybsim_alerts": LISTED}, **more}


def discord(description: str = "x", title: str = "T") -> dict[str, object]:
    return {"content": "", "embeds": [{"title": title, "description": description, "color": 1}]}


def card(text: str, **more: object) -> dict[str, object]:
    blocks = [{"type": "TextBlock", "text": "T"}, {"type": "TextBlock", "text": text + LISTED}]
    attachment = {"contentType": "application/vnd.microsoft.card.adaptive", "content": {"body": blocks}}
    return {"type": "message", "attachments": [{**attachment, **more}]}


def wechat(**more: object) -> dict[str, object]:
    message = {"touser": "@all", "totag": LISTED, "agentid": "1", "msgtype": "text", "text": {"content": "x"}}
    return {**message, **more}


def sns(**more: str) -> bytes:
    attribute = "MessageAttributes.entry.1."
    fields = {"Action": "Publish", "TopicArn": "arn:topic", "Message": "x", "Subject": "T"}
    carried = {f"{attribute}Name": "crybsim_alerts", f"{attribute}Value.StringValue": LISTED}
    return urlencode({**fields, **carried, **more}).encode()


def pushover(**more: str) -> dict[str, tuple[str, ...]]:
    fields = {"token": "t" * 30, "user": placeholder("user_key", 2), "title": "T", "message": "x"}
    fields |= {"url_title": LISTED, "priority": "2", "retry": "60", "expire": "3600", **more}
    return {name: (value,) for name, value in fields.items()}


def webhook() -> dict[str, object]:
    down = {"status": "firing", "labels": {"alertname": "Down", "job": "api"}, "startsAt": "1970-01-01T00:00:00.005Z"}
    slow = {"status": "resolved", "labels": {"alertname": "Slow"}, "startsAt": "1970-01-01T00:00:00Z"}
    return {"version": "4", "receiver": "team", "status": "firing", "alerts": [down, slow], "groupKey": "{}"}


def jira(**more: object) -> dict[str, object]:
    fields = {"project": {"key": "OPS"}, "issuetype": {"name": "Bug"}, "summary": "T", "description": "x"}
    return {"fields": {**fields, "labels": ["ALERT{1}"], "crybsim_alerts": LISTED, **more}}


GENIE = {"authorization": f"GenieKey {placeholder('api_key', 3)}"}
OPSGENIE = {"message": "T", "description": "x", "source": f"am{LISTED}", "responders": [{"name": "ops"}]}
VICTOROPS = {"message_type": "CRITICAL", "state_message": "x", "entity_display_name": "T", "crybsim_alerts": LISTED}
ROCKET = {"x-auth-token": "a", "x-user-id": "b"}

ACCEPTED = [
    # service, request, status, answer, destination, title
    ("slack", send("slack", slack(channel="#ops")), 200, b"ok", "#ops", "T"),
    ("slack", send("slack", slack()), 200, b"ok", "channel of webhook #1", "T"),
    ("slack-app", send("slack-app", slack(channel="#ops")), 200, b'"ok": true', "#ops", "T"),
    ("mattermost", send("mattermost", slack(props={"card": LISTED})), 200, b"ok", "channel of webhook #1", "T"),
    (
        "rocketchat",
        send("rocketchat", {"channel": "#o", "attachments": [{"title": "T", "thumb_url": LISTED}]}, headers=ROCKET),
        200,
        b'"success": true',
        "#o",
        "T",
    ),
    ("pagerduty", send("pagerduty", pagerduty()), 202, b"Event processed", "routing key #1", "S"),
    ("pagerduty v1", send("pagerduty", pagerduty_v1()), 200, b"incident_key", "service key #1", "S"),
    ("webhook", send("webhook", webhook()), 200, b"", "webhook #1", ""),
    (
        "incidentio",
        send("incidentio", webhook(), headers={"authorization": "x"}),
        202,
        b"success",
        "alert source #1",
        "",
    ),
    ("own payload", send("webhook", {"any": 1, "crybsim_alerts": LISTED}), 200, b"", "webhook #1", ""),
    ("opsgenie", send("opsgenie", OPSGENIE, rest="v2/alerts", headers=GENIE), 202, b"processed", "ops", "T"),
    ("victorops", send("victorops", VICTOROPS, rest="key/ops"), 200, b"success", "routing key ops", "T"),
    ("pushover", send("pushover", b"", query=pushover()), 200, b'"status": 1', "user key #2", "T"),
    ("wechat", send("wechat", wechat(), rest="message/send"), 200, b'"errcode": 0', "@all", ""),
    ("sns", send("sns", sns()), 200, b"PublishResponse", "arn:topic", "T"),
    ("msteams", send("msteams", {"title": "T", "text": f"x{LISTED}"}), 200, b"1", "webhook #1", "T"),
    ("msteamsv2", send("msteamsv2", card("x")), 202, b"", "webhook #1", "T"),
    ("jira", send("jira", jira(), rest="rest/api/2/issue"), 201, b"OPS-1", "project OPS", "T"),
]


@pytest.mark.parametrize(("answer", "status", "content", "destination", "title"), [row[1:] for row in ACCEPTED])
def test_a_good_notification_is_accepted_and_its_alerts_are_known(
    answer: Answer, status: int, content: bytes, destination: str, title: str
) -> None:
    assert answer.status == status
    assert content in answer.content
    heard = answer.heard
    assert heard is not None
    assert (heard.destination, heard.title, heard.problem, heard.alerts) == (destination, title, "", ALERTS)
    assert "crybsim-alerts(" not in heard.text


@pytest.mark.parametrize(
    ("service", "body", "more", "destination"),
    [
        ("discord", discord(), {}, "webhook #1"),
        ("telegram", {"chat_id": "-5", "text": "<b>x</b> a &lt; b"}, {"rest": "bot1:x/sendMessage"}, "chat -5"),
        ("telegram", {"chat_id": "-5", "text": "a < b", "parse_mode": ""}, {"rest": "bot1:x/sendMessage"}, "chat -5"),
        ("webex", {"roomId": "r", "markdown": "x"}, {"headers": {"authorization": "Bearer x"}}, "room r"),
        ("webhook", ["a list"], {}, "webhook #1"),
    ],
)
def test_where_nothing_can_carry_the_list_a_companion_is_waited_for(
    service: str, body: object, more: dict[str, object], destination: str
) -> None:
    answer = send(service, body, **more)  # type: ignore[arg-type]
    assert answer.status < 300
    heard = answer.heard
    assert heard is not None
    assert (heard.destination, heard.problem, heard.alerts, heard.companion) == (destination, "", None, True)


@pytest.mark.parametrize(
    ("answer", "status", "problem"),
    [
        (send("slack", {"attachments": [{"callback_id": LISTED}]}), 400, "no_text"),
        (send("slack", b"{"), 400, "invalid_payload"),
        (send("slack", {"attachments": [{"text": "x"}] * 101}), 400, "too_many_attachments"),
        (send("slack-app", slack()), 200, "channel_not_found"),
        (send("mattermost", {"attachments": []}), 400, "No text specified."),
        (send("rocketchat", {"channel": "#o", "text": "x"}), 400, "You must be logged in to do this."),
        (send("pagerduty", pagerduty(summary="")), 400, "'payload.summary' is missing or blank"),
        (send("pagerduty", pagerduty(summary="é" * 1025)), 400, "'payload.summary' is too long"),
        (send("pagerduty", pagerduty(source=" ")), 400, "'payload.source' is missing or blank"),
        (send("pagerduty", pagerduty(severity="page")), 400, "'payload.severity' is invalid"),
        (send("pagerduty", {**pagerduty(), "routing_key": "short"}), 400, "'routing_key' must be 32 characters long"),
        (send("pagerduty", {**pagerduty(), "event_action": "fire"}), 400, "'event_action' is missing or invalid"),
        (send("pagerduty", pagerduty(custom_details={"x": "y" * 512_001})), 413, "larger than 512 kB"),
        (send("pagerduty", b"[]"), 400, "not a JSON object"),
        (send("pagerduty", pagerduty_v1(description="")), 400, "'description' is missing or blank"),
        (send("incidentio", webhook()), 401, "no authorization header"),
        (send("opsgenie", {}, rest="v2/alerts", headers=GENIE), 422, "Message can not be empty."),
        (
            send("opsgenie", {**OPSGENIE, "priority": "high"}, rest="v2/alerts", headers=GENIE),
            422,
            "Priority should be",
        ),
        (send("victorops", {"message_type": "PAGE"}, rest="key/ops"), 400, "message_type 'PAGE' is not one of"),
        (send("pushover", b"", query=pushover(message=" ")), 400, "message cannot be blank"),
        (send("pushover", b"", query=pushover(user="short")), 400, "user is invalid"),
        (send("pushover", b"", query=pushover(retry="5")), 400, "retry must be at least 30 seconds"),
        (send("telegram", {"chat_id": "1", "text": " "}, rest="bot1/sendMessage"), 400, "message text is empty"),
        (send("telegram", {"chat_id": "1", "text": "x" * 4097}, rest="bot1/sendMessage"), 400, "message is too long"),
        (
            send("telegram", {"chat_id": "1", "text": "<p>x", "parse_mode": "HTML"}, rest="bot1/sendMessage"),
            400,
            'Unsupported start tag "p"',
        ),
        (
            send("telegram", {"chat_id": "1", "text": "<b>x", "parse_mode": "HTML"}, rest="bot1/sendMessage"),
            400,
            "Can't find end tag",
        ),
        (send("webex", {"roomId": "r", "markdown": "x"}), 400, "valid access token"),
        (send("discord", discord("", "")), 400, "Cannot send an empty message"),
        (send("discord", discord("x" * 4097)), 400, "embeds.0.description: Must be 4096 or fewer"),
        (send("msteams", {"title": "T"}), 400, "Summary or Text is required."),
        (send("msteamsv2", card("x", contentType="text/plain")), 400, "not an adaptive card"),
        (send("wechat", wechat(touser=""), rest="message/send"), 200, "are all empty"),
        (send("wechat", wechat(text={"content": ""}), rest="message/send"), 200, "text content is empty"),
        (send("sns", sns(Subject="x" * 100)), 400, "Invalid parameter: Subject"),
        (send("sns", sns(Subject="two\nlines")), 400, "Invalid parameter: Subject"),
        (send("jira", jira(summary="x" * 256), rest="issue"), 400, "Summary must be one line"),
        (send("jira", jira(project={}), rest="issue"), 400, "valid project ID or key"),
    ],
)
def test_what_the_service_would_refuse_is_refused_in_its_words(answer: Answer, status: int, problem: str) -> None:
    assert answer.status == status
    assert answer.heard is not None
    assert problem in answer.heard.problem


def test_the_end_of_an_incident_is_told_by_the_services_own_word() -> None:
    resolved = [
        send("pagerduty", {**pagerduty(), "event_action": "resolve"}),
        send("pagerduty", pagerduty_v1(event_type="resolve")),
        send("opsgenie", {"source": f"am{LISTED}"}, rest="v2/alerts/alias/close", headers=GENIE),
        send("victorops", {**VICTOROPS, "message_type": "RECOVERY"}, rest="key/ops"),
    ]
    assert [answer.heard and answer.heard.resolved for answer in resolved] == [True] * 4


def test_requests_around_a_notification_are_answered_and_not_recorded() -> None:
    token = send("wechat", rest="gettoken", method="GET", query={"corpsecret": ("s",), "corpid": ("c",)})
    assert json.loads(token.content)["access_token"]
    assert token.heard is None
    assert send("opsgenie", {"message": "m"}, rest="v2/alerts/alias/message", method="PUT", headers=GENIE).heard is None
    assert send("telegram", {}, rest="bot1/getMe").heard is None


def test_jira_finds_the_issue_again_until_it_is_done() -> None:
    talk = services()["jira"]

    def ask(method: str, rest: str, body: object = None) -> Answer:
        query = {"transition": ("Done",)}
        return talk(Delivery("jira", "team", 0, 1, method, rest, query, body=json.dumps(body).encode()))

    jql = {"jql": 'statusCategory != Done and project="OPS" and labels="ALERT{1}" order by status ASC'}
    assert json.loads(ask("POST", "rest/api/3/search/jql", jql).content) == {"issues": []}
    assert ask("POST", "rest/api/3/issue", jira()).status == 201
    assert json.loads(ask("POST", "rest/api/2/search", jql).content)["issues"][0]["key"] == "OPS-1"
    updated = ask("PUT", "rest/api/2/issue/OPS-1", jira())
    assert (updated.status, updated.heard and updated.heard.title) == (204, "T")
    offered = json.loads(ask("GET", "rest/api/2/issue/OPS-1/transitions").content)["transitions"]
    assert offered == [{"id": "Done", "name": "Done"}]
    assert ask("POST", "rest/api/2/issue/OPS-1/transitions", {"transition": {"id": "Done"}}).status == 204
    assert json.loads(ask("POST", "rest/api/2/search", jql).content) == {"issues": []}
    assert ask("PUT", "rest/api/2/issue/OPS-9", jira()).status == 404


def test_every_service_has_a_kind_and_every_kind_a_service() -> None:
    assert set(services()) == set(KINDS)


@pytest.mark.parametrize("service", sorted(services()))
@pytest.mark.parametrize("body", [b"", b"\xff", b"null", b"[1]", b'{"attachments": 1, "embeds": {}, "payload": "x"}'])
def test_no_body_makes_a_service_stumble(service: str, body: bytes) -> None:
    assert 200 <= send(service, body, rest="x/sendMessage").status < 500


def test_a_key_that_is_no_placeholder_is_never_recorded() -> None:
    secret = "f" * 32
    answers = [
        send("pagerduty", {**pagerduty(), "routing_key": secret}),
        send("pagerduty", pagerduty_v1(service_key=secret)),
        send("opsgenie", {"message": "m"}, rest="v2/alerts", headers={"authorization": f"GenieKey {secret}"}),
        send("pushover", b"", query=pushover(user=secret, token=secret)),
        send("victorops", VICTOROPS, rest=f"{secret}/ops"),
    ]
    for answer in answers:
        assert secret not in repr(answer.heard)
    assert quote_plus(secret) == secret  # so that the check above would have seen it
