"""Every integration and field that Alertmanager knows, up to 0.34, as data.

Source: the structs of `config/` and `notify/*/config.go` of prometheus/alertmanager at each release from 0.20 on.
A field stands with the first release that has it; 0.20 stands for "0.20 or before".
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from simulator.telemetry.observations import NotificationKind

NEWEST: Final = "0.34"
"""The newest release that this table was compared with."""


@dataclass(frozen=True)
class Integration:
    """One kind of `*_configs` of a receiver.

    `secrets` are replaced by placeholders, `files` are their variants that name a file, `needs_proxy` says that the
    address is fixed inside Alertmanager. `url` is the field of the endpoint, `""` where there is none.
    """

    key: str
    kind: NotificationKind
    since: str
    fields: Mapping[str, str]  # name -> first release
    url: str = ""
    secrets: tuple[str, ...] = ()
    sends_resolved: bool = True  # the default of send_resolved

    @property
    def files(self) -> dict[str, str]:
        """`api_key_file` -> `api_key` for each field that can be read from a file."""
        inline = (self.url, "chat_id", *self.secrets)
        return {f"{name}_file": name for name in inline if f"{name}_file" in self.fields}


def _fields(text: str) -> dict[str, str]:
    """`"0.20 a b 0.25 c"` -> `{"a": "0.20", "b": "0.20", "c": "0.25"}`; every kind has send_resolved."""
    return {"send_resolved": "0.20", **dict(_pairs(text))}


def _pairs(text: str) -> Iterator[tuple[str, str]]:
    since = ""
    for word in text.split():
        if word[0].isdigit():
            since = word
        else:
            yield word, since


_ALL = (
    Integration(
        key="slack_configs",
        kind=NotificationKind.SLACK,
        since="0.20",
        url="api_url",
        secrets=("app_token",),
        sends_resolved=False,
        fields=_fields(
            "0.20 http_config api_url channel username color title title_link pretext text fields short_fields footer"
            " fallback callback_id icon_emoji icon_url image_url thumb_url link_names mrkdwn_in actions"
            " 0.22 api_url_file 0.30 app_token app_token_file app_url timeout 0.31 message_text 0.32 update_message"
        ),
    ),
    Integration(
        key="email_configs",
        kind=NotificationKind.EMAIL,
        since="0.20",
        sends_resolved=False,
        fields=_fields(
            "0.20 to from hello smarthost auth_username auth_password auth_secret auth_identity headers html text"
            " require_tls tls_config 0.25 auth_password_file 0.30 threading 0.31 auth_secret_file force_implicit_tls"
        ),
    ),
    Integration(
        key="pagerduty_configs",
        kind=NotificationKind.PAGERDUTY,
        since="0.20",
        url="url",
        secrets=("routing_key", "service_key"),
        fields=_fields(
            "0.20 http_config service_key routing_key url client client_url description details images links severity"
            " class component group 0.25 service_key_file routing_key_file source 0.30 timeout"
        ),
    ),
    Integration(
        key="webhook_configs",
        kind=NotificationKind.WEBHOOK,
        since="0.20",
        url="url",
        fields=_fields("0.20 http_config url 0.21 max_alerts 0.26 url_file 0.28 timeout 0.32 payload"),
    ),
    Integration(
        key="opsgenie_configs",
        kind=NotificationKind.OPSGENIE,
        since="0.20",
        url="api_url",
        secrets=("api_key",),
        fields=_fields(
            "0.20 http_config api_key api_url message description source details responders tags note priority"
            " 0.24 api_key_file entity actions update_alerts"
        ),
    ),
    Integration(
        key="wechat_configs",
        kind=NotificationKind.WECHAT,
        since="0.20",
        url="api_url",
        secrets=("api_secret",),
        sends_resolved=False,
        fields=_fields(
            "0.20 http_config api_secret corp_id message api_url to_user to_party to_tag agent_id"
            " 0.22 message_type 0.31 api_secret_file"
        ),
    ),
    Integration(
        key="pushover_configs",
        kind=NotificationKind.PUSHOVER,
        since="0.20",
        secrets=("user_key", "token"),
        fields=_fields(
            "0.20 http_config user_key token title message url url_title sound priority retry expire html"
            " 0.26 user_key_file token_file device 0.27 ttl 0.29 monospace"
        ),
    ),
    Integration(
        key="victorops_configs",
        kind=NotificationKind.VICTOROPS,
        since="0.20",
        url="api_url",
        secrets=("api_key",),
        fields=_fields(
            "0.20 http_config api_key api_url routing_key message_type state_message entity_display_name"
            " monitoring_tool custom_fields 0.22 api_key_file"
        ),
    ),
    Integration(
        key="sns_configs",
        kind=NotificationKind.SNS,
        since="0.23",
        url="api_url",
        fields=_fields(
            "0.23 http_config api_url sigv4 topic_arn phone_number target_arn subject message attributes"
            " 0.33 use_aws_http_client"
        ),
    ),
    Integration(
        key="telegram_configs",
        kind=NotificationKind.TELEGRAM,
        since="0.24",
        url="api_url",
        secrets=("bot_token",),
        fields=_fields(
            "0.24 http_config api_url bot_token chat_id message disable_notifications parse_mode"
            " 0.26 bot_token_file 0.28 message_thread_id 0.31 chat_id_file"
        ),
    ),
    Integration(
        key="discord_configs",
        kind=NotificationKind.DISCORD,
        since="0.25",
        url="webhook_url",
        fields=_fields(
            "0.25 http_config webhook_url title message 0.27 webhook_url_file 0.28 content username avatar_url"
        ),
    ),
    Integration(
        key="webex_configs",
        kind=NotificationKind.WEBEX,
        since="0.25",
        url="api_url",
        fields=_fields("0.25 http_config api_url message room_id"),
    ),
    Integration(
        key="msteams_configs",
        kind=NotificationKind.MSTEAMS,
        since="0.26",
        url="webhook_url",
        fields=_fields("0.26 http_config webhook_url title text 0.27 webhook_url_file summary"),
    ),
    Integration(
        key="msteamsv2_configs",
        kind=NotificationKind.MSTEAMS,
        since="0.28",
        url="webhook_url",
        fields=_fields("0.28 http_config webhook_url webhook_url_file title text"),
    ),
    Integration(
        key="jira_configs",
        kind=NotificationKind.JIRA,
        since="0.28",
        url="api_url",
        fields=_fields(
            "0.28 http_config api_url project summary description labels priority issue_type reopen_transition"
            " resolve_transition wont_fix_resolution reopen_duration fields 0.29 api_type"
        ),
    ),
    Integration(
        key="rocketchat_configs",
        kind=NotificationKind.ROCKETCHAT,
        since="0.28",
        url="api_url",
        secrets=("token", "token_id"),
        sends_resolved=False,
        fields=_fields(
            "0.28 http_config api_url token_id token_id_file token token_file channel color title title_link text"
            " fields short_fields emoji icon_url image_url thumb_url link_names actions"
        ),
    ),
    Integration(
        key="incidentio_configs",
        kind=NotificationKind.INCIDENTIO,
        since="0.29",
        url="url",
        secrets=("alert_source_token",),
        fields=_fields("0.29 http_config url url_file alert_source_token alert_source_token_file max_alerts timeout"),
    ),
    Integration(
        key="mattermost_configs",
        kind=NotificationKind.MATTERMOST,
        since="0.30",
        url="webhook_url",
        fields=_fields(
            "0.30 http_config webhook_url webhook_url_file channel username text icon_url icon_emoji attachments type"
            " props priority 0.32 fallback color pretext author_name author_link author_icon title title_link fields"
            " thumb_url footer footer_icon image_url"
        ),
    ),
)

INTEGRATIONS: Final[Mapping[str, Integration]] = {integration.key: integration for integration in _ALL}

HOW_TO_SEND: Final = frozenset({"timeout", "app_url", "force_implicit_tls", "use_aws_http_client"})
"""Fields of integrations that say over which connection something is sent: nothing of it is left in a copy."""

RECEIVER_FIELDS: Final[Mapping[str, str]] = {"name": "0.20", "labels": "0.33"}

GLOBAL_FIELDS: Final[Mapping[str, str]] = dict(
    _pairs(
        "0.20 resolve_timeout http_config smtp_from smtp_hello smtp_smarthost smtp_auth_username smtp_auth_password"
        " smtp_auth_secret smtp_auth_identity smtp_require_tls slack_api_url pagerduty_url opsgenie_api_url"
        " opsgenie_api_key wechat_api_url wechat_api_secret wechat_api_corp_id victorops_api_url victorops_api_key"
        " 0.22 slack_api_url_file 0.24 opsgenie_api_key_file telegram_api_url"
        " 0.25 smtp_auth_password_file victorops_api_key_file webex_api_url"
        " 0.28 jira_api_url smtp_tls_config rocketchat_api_url rocketchat_token rocketchat_token_file"
        " rocketchat_token_id rocketchat_token_id_file 0.30 slack_app_token slack_app_token_file slack_app_url"
        " 0.31 smtp_auth_secret_file smtp_force_implicit_tls wechat_api_secret_file telegram_bot_token"
        " telegram_bot_token_file 0.32 mattermost_webhook_url mattermost_webhook_url_file"
    )
)

GLOBAL_KEPT: Final = ("resolve_timeout", "http_config", "smtp_from", "smtp_hello", "wechat_api_corp_id")
"""Fields of `global` that hold no address and no secret."""

TOP_LEVEL: Final[Mapping[str, str]] = dict(
    _pairs(
        "0.20 global route receivers inhibit_rules templates 0.22 mute_time_intervals 0.24 time_intervals"
        " 0.30 tracing 0.33 event_recorder"
    )
)

SENDS_ELSEWHERE: Final = ("tracing", "event_recorder")
"""Top-level blocks that send what happens to other servers."""


def needs(what: str, since: str) -> str:
    """That something needs a newer Alertmanager."""
    return f"{what} needs Alertmanager ≥ {since}"


def release(version: str) -> tuple[int, int]:
    """`"0.25.0"` -> `(0, 25)`. Raises ValueError."""
    major, minor, *_ = version.split(".")
    return int(major), int(minor)
