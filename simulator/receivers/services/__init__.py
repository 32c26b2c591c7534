"""What each service accepts and answers, by the name of its integration."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from simulator.receivers.delivery import Answer, Delivery
from simulator.receivers.services.chat import (
    receive_discord,
    receive_teams,
    receive_teams_workflow,
    receive_telegram,
    receive_webex,
)
from simulator.receivers.services.cloud import receive_sns, receive_wechat
from simulator.receivers.services.jira import Jira
from simulator.receivers.services.pagerduty import receive_pagerduty
from simulator.receivers.services.paging import receive_opsgenie, receive_pushover, receive_victorops
from simulator.receivers.services.slack import (
    receive_mattermost,
    receive_rocketchat,
    receive_slack_app,
    receive_slack_webhook,
)
from simulator.receivers.services.webhook import receive_incidentio, receive_webhook
from simulator.telemetry.observations import NotificationKind
from simulator.wire.notifications import APP_SUFFIX

Service = Callable[[Delivery], Answer]

KINDS: Mapping[str, NotificationKind] = {
    f"slack{APP_SUFFIX}": NotificationKind.SLACK,
    "msteamsv2": NotificationKind.MSTEAMS,
    **{kind.value: kind for kind in NotificationKind if kind is not NotificationKind.EMAIL},
}
"""Service in a redirected address -> kind of notification."""


def services() -> Mapping[str, Service]:
    """A fresh set, one per run: Jira remembers its issues."""
    return {
        "slack": receive_slack_webhook,
        f"slack{APP_SUFFIX}": receive_slack_app,
        "mattermost": receive_mattermost,
        "rocketchat": receive_rocketchat,
        "pagerduty": receive_pagerduty,
        "webhook": receive_webhook,
        "incidentio": receive_incidentio,
        "opsgenie": receive_opsgenie,
        "victorops": receive_victorops,
        "pushover": receive_pushover,
        "telegram": receive_telegram,
        "wechat": receive_wechat,
        "sns": receive_sns,
        "webex": receive_webex,
        "discord": receive_discord,
        "msteams": receive_teams,
        "msteamsv2": receive_teams_workflow,
        "jira": Jira().receive,
    }
