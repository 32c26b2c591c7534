"""Jira: search, create or edit an issue, move it to another status.

Source: https://developer.atlassian.com/cloud/jira/platform/rest/v3/api-group-issues/ (and v2). Unlike the others it has
a memory: Alertmanager resolves an alert by finding the issue that it created before.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from simulator.receivers.delivery import Answer, Delivery, Heard, answer_json, at, carried_at, list_at, text_at
from simulator.wire.notifications import ALERTS_FIELD

SUMMARY: Final = 255  # characters
DESCRIPTION: Final = 32_767


@dataclass
class _Issue:
    key: str
    project: str
    labels: frozenset[str]
    done: bool = False

    def as_found(self) -> dict[str, object]:
        category = "done" if self.done else "new"
        return {"id": self.key, "key": self.key, "fields": {"status": {"statusCategory": {"key": category}}}}


class Jira:
    """The issues of one run. A transition is offered by its name where the redirected URL names it."""

    def __init__(self) -> None:
        self._issues: dict[str, _Issue] = {}

    def receive(self, delivery: Delivery) -> Answer:
        """Answer one request of the REST API."""
        rest = re.sub(r"^rest/api/\d+/", "", delivery.rest)
        if rest in ("search", "search/jql"):
            return answer_json(200, {"issues": self._search(text_at(delivery.json(), "jql"))})
        if rest == "issue" and delivery.method == "POST":
            return self._create(delivery)
        key, _, action = rest.removeprefix("issue/").partition("/")
        issue = self._issues.get(key)
        if issue is None:
            return answer_json(404, {"errorMessages": ["Issue does not exist"], "errors": {}})
        if action == "transitions":
            return self._transit(issue, delivery)
        heard = _heard(delivery)
        return answer_json(400, _errors(heard.problem), heard) if heard.problem else Answer(204, heard=heard)

    def _search(self, jql: str) -> list[dict[str, object]]:
        wanted = re.search(r'labels="([^"]*)"', jql)
        open_only = "statusCategory != Done" in jql
        return [
            issue.as_found()
            for issue in self._issues.values()
            if wanted and wanted[1] in issue.labels and not (open_only and issue.done)
        ]

    def _create(self, delivery: Delivery) -> Answer:
        heard = _heard(delivery)
        fields = at(delivery.json(), "fields")
        if not text_at(fields, "summary").strip() and not heard.problem:
            heard = Heard(heard.destination, alerts=heard.alerts, problem="You must specify a summary of the issue.")
        if heard.problem:
            return answer_json(400, _errors(heard.problem), heard)
        project = text_at(fields, "project", "key")
        issue = _Issue(
            key=f"{project}-{len(self._issues) + 1}",
            project=project,
            labels=frozenset(str(label) for label in list_at(fields, "labels")),
        )
        self._issues[issue.key] = issue
        return answer_json(201, {"id": issue.key, "key": issue.key}, heard)

    def _transit(self, issue: _Issue, delivery: Delivery) -> Answer:
        names = delivery.query.get("transition", ())
        if delivery.method == "GET":
            return answer_json(200, {"transitions": [{"id": name, "name": name} for name in names]})
        issue.done = not issue.done
        return Answer(204)


def _heard(delivery: Delivery) -> Heard:
    fields = at(delivery.json(), "fields")
    summary = text_at(fields, "summary")
    description = at(fields, "description")
    text = description if isinstance(description, str) else ("" if description is None else str(description))
    problem = ""
    if fields is None:
        problem = "the request has no fields"
    elif not text_at(fields, "project", "key"):
        problem = "Specify a valid project ID or key"
    elif not text_at(fields, "issuetype", "name"):
        problem = "Specify an issue type"
    elif len(summary) > SUMMARY or "\n" in summary:
        problem = f"Summary must be one line of at most {SUMMARY} characters."
    elif len(text) > DESCRIPTION:
        problem = f"The entered text is too long. It exceeds the allowed limit of {DESCRIPTION} characters."
    destination = f"project {text_at(fields, 'project', 'key')}"
    return Heard(destination, summary, text, carried_at(fields, ALERTS_FIELD).alerts, problem=problem)


def _errors(problem: str) -> dict[str, object]:
    return {"errorMessages": [problem], "errors": {}}
