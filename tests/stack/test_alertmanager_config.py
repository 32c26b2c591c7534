"""The text of the copy: where it leads, what it keeps, what it never holds."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from simulator.stack.alertmanager_config import Redirected
from simulator.stack.alertmanager_fields import GLOBAL_FIELDS, INTEGRATIONS
from simulator.stack.binaries import Binaries
from simulator.stack.redirect_check import check_config
from simulator.transport import is_loopback
from simulator.wire.notifications import ALERTS_TEMPLATE
from tests.stack.alertmanager_copies import EVERY_KIND, NEWER, SMALL, copy_of, load


def receiver(redirected: Redirected, index: int = 0) -> Any:
    return load(redirected.text)["receivers"][index]


def addresses(node: Any, path: str = "") -> list[tuple[str, str]]:
    """Every value at a field that Alertmanager connects to."""
    found = []
    if isinstance(node, dict):
        for key, value in node.items():
            place = f"{path}.{key}"
            connects = re.fullmatch(r"(.*_)?(api_url|app_url|webhook_url|smarthost|proxy_url|token_url|endpoint)", key)
            if connects or (key == "url" and "pushover" not in path and "payload" not in path):
                found.append((place, str(value)))
            found += addresses(value, place)
    elif isinstance(node, list):
        for index, value in enumerate(node):
            found += addresses(value, f"{path}[{index}]")
    return found


def host(address: str) -> str:
    return urlsplit(address if "://" in address else f"//{address}").hostname or ""


@pytest.mark.parametrize("original", [EVERY_KIND, NEWER])
def test_every_address_is_loopback_or_behind_the_local_proxy(original: str) -> None:
    tree = load(copy_of(original).text)
    found = addresses(tree)
    assert len(found) > 8
    for place, address in found:
        if not is_loopback(host(address)):
            assert (place, host(address)) == (".receivers[0].slack_configs[1].api_url", "slack.com")
            assert tree["receivers"][0]["slack_configs"][1]["http_config"]["proxy_url"].endswith("@127.0.0.1:7778")


@pytest.mark.parametrize("original", [EVERY_KIND, NEWER])
def test_no_secret_and_no_file_of_secrets_of_the_original_is_in_the_copy_or_the_report(original: str) -> None:
    assert "real" in original
    redirected = copy_of(original)
    for text in (redirected.text, redirected.probe, *redirected.changes):
        assert "real" not in text
        assert "/run/secrets" not in text


def test_every_integration_has_an_address_of_its_own_that_names_its_receiver() -> None:
    for original in (EVERY_KIND, NEWER):
        local = [
            urlsplit(address).path
            for place, address in addresses(load(copy_of(original).text)["receivers"])
            if host(address) == "127.0.0.1" and address.startswith("http") and "proxy_url" not in place
        ]
        assert len(set(local)) == len(local)
        assert all("/everything/" in path or "/newer/" in path for path in local)


def test_what_is_not_about_addresses_stays_as_written() -> None:
    before, after = load(EVERY_KIND), load(copy_of(EVERY_KIND).text)
    assert after["route"] == before["route"]
    assert after["global"]["resolve_timeout"] == "7m"
    for key, integrations in before["receivers"][0].items():
        for index, integration in enumerate(integrations if isinstance(integrations, list) else []):
            kept = {
                field: value
                for field, value in integration.items()
                if field
                in (
                    "channel",
                    "to",
                    "room_id",
                    "topic_arn",
                    "subject",
                    "chat_id",
                    "to_user",
                    "agent_id",
                    "corp_id",
                    "send_resolved",
                    "responders",
                )
            }
            assert kept.items() <= after["receivers"][0][key][index].items()


UNTOUCHED = """\
route:
  receiver: team
  group_by: ['...']
  routes:
  - matchers: [severity=~"a|b", 'x!="y"']
    mute_time_intervals: [nights]
    active_time_intervals: ["office hours"]
    group_wait: 30s
    continue: yes
  - match: {a: b}
    match_re:
      c: ^(d|e)$
inhibit_rules:
- source_matchers: [a="b"]
  target_match: {c: d}
  equal: [e]
time_intervals:
- name: nights
  time_intervals:
  - times: [{start_time: 00:00, end_time: 09:30}]
    weekdays: ['monday:friday']
    days_of_month: ['-3:-1']
mute_time_intervals:
- name: office hours
  time_intervals:
  - years: ['2026']
receivers:
- name: team
"""


def test_routes_intervals_and_inhibition_are_spelled_as_before() -> None:
    assert copy_of(UNTOUCHED).text == UNTOUCHED


def test_two_keys_stay_two_keys_and_the_same_key_stays_the_same() -> None:
    keys = [{"routing_key": key} for key in ("a-key", "b-key", "a-key")]
    redirected = copy_of(f"{SMALL}    pagerduty_configs: {keys}\n")
    placeholders = [each["routing_key"] for each in receiver(redirected)["pagerduty_configs"]]
    assert placeholders[0] == placeholders[2] != placeholders[1]
    assert all(len(key) == 32 for key in placeholders)


@pytest.mark.parametrize(
    "value", ["${SLACK_WEBHOOK_URL}", "$SLACK_WEBHOOK_URL", "<secret>", "'{{ slack_url }}'", "__URL__"]
)
def test_an_address_that_the_deployment_fills_in_is_redirected_all_the_same(value: str) -> None:
    redirected = copy_of(
        f"global: {{slack_api_url: \n    {value}}}\n{SMALL}    slack_configs: [{{channel: x}}]\n"
        if "{" not in value
        else f"global:\n  slack_api_url: {value}\n{SMALL}    slack_configs: [{{channel: x}}]\n"
    )
    assert receiver(redirected)["slack_configs"][0]["api_url"] == "http://127.0.0.1:7777/slack/team/0/1"


def test_a_mail_address_that_the_deployment_fills_in_gets_a_form_that_can_be_sent_to() -> None:
    mails = ["${TEAM_MAIL}", "${TEAM}@cryb.ai", "Ops <ops@cryb.ai>", "{{ .CommonLabels.mail }}"]
    redirected = copy_of(
        f"global: {{smtp_smarthost: '$HOST:$PORT', smtp_from: '$FROM'}}\n{SMALL}    email_configs: "
        f"{[{'to': mail} for mail in mails]}\n"
    )
    assert [each["to"] for each in receiver(redirected)["email_configs"]] == [
        "unfilled-2@placeholder.invalid",
        "unfilled-3@cryb.ai",
        "Ops <ops@cryb.ai>",
        "{{ .CommonLabels.mail }}",
    ]
    assert load(redirected.text)["global"]["smtp_from"] == "unfilled-1@placeholder.invalid"
    assert sum("not filled in" in change for change in redirected.changes) == 3


def test_mail_goes_out_in_the_clear_without_a_login() -> None:
    tree = load(copy_of(EVERY_KIND).text)
    mail = tree["receivers"][0]["email_configs"][0]
    assert (mail["smarthost"], mail["require_tls"]) == ("127.0.0.1:7725", False)
    assert not [key for key in (*mail, *tree["global"]) if "auth" in key or "tls_config" in key]


def test_shared_blocks_are_told_apart() -> None:
    original = (
        "slack: &slack {api_url: https://hooks.slack.com/x, channel: '#a'}\nroute: {receiver: a}\nreceivers:\n"
        "- {name: a, slack_configs: [*slack]}\n- {name: b, slack_configs: [{<<: *slack, channel: '#b'}]}\n"
    )
    redirected = copy_of(original)
    first, second = (receiver(redirected, index)["slack_configs"][0] for index in (0, 1))
    assert (first["channel"], second["channel"]) == ("#a", "#b")
    assert first["api_url"] != second["api_url"]
    assert [field.name for field in redirected.unknown] == ["slack"]


def test_the_list_of_alerts_is_added_where_it_is_not_seen() -> None:
    team = receiver(copy_of(EVERY_KIND))
    assert team["slack_configs"][0]["callback_id"] == ('{{ template "slack.default.callbackid" . }}' + ALERTS_TEMPLATE)
    assert team["pagerduty_configs"][0]["details"] == {"crybsim_alerts": ALERTS_TEMPLATE}
    assert team["webhook_configs"][0].keys() == {"url", "http_config"}


def test_companions_come_last_and_resolve_as_the_integration_does() -> None:
    telegram = "telegram_configs: [{bot_token: x, chat_id: 1, send_resolved: no}, {bot_token: x, chat_id: 2}]"
    redirected = copy_of(f"{SMALL}    webhook_configs: [{{url: 'http://x.org/'}}]\n    {telegram}\n")
    hooks = receiver(redirected)["webhook_configs"]
    assert [(urlsplit(hook["url"]).path, hook.get("send_resolved")) for hook in hooks] == [
        ("/webhook/team/0/1", None),
        ("/companion/telegram/team/0", "no"),  # YAML 1.2 reads a text, Alertmanager a boolean
        ("/companion/telegram/team/1", True),
    ]


def test_an_explicitly_empty_text_stays_empty() -> None:
    teams = receiver(copy_of(NEWER))["msteamsv2_configs"][0]
    assert teams["text"] == ALERTS_TEMPLATE


def test_newer_ways_to_slack() -> None:
    app, updated = receiver(copy_of(NEWER))["slack_configs"]
    assert app["api_url"] == "http://127.0.0.1:7777/slack-app/newer/0/1"
    assert updated["api_url"] == "https://slack.com/api/chat.postMessage"
    assert updated["http_config"]["proxy_url"] == "http://newer:1@127.0.0.1:7778"
    assert updated["http_config"]["tls_config"] == {"ca_file": "/run/ca.pem"}


def test_jira_keeps_its_version_and_is_told_which_transitions_to_offer() -> None:
    jira = receiver(copy_of(NEWER))["jira_configs"][0]
    assert jira["api_url"] == ("http://127.0.0.1:7777/jira/newer/0/1/rest/api/3?transition=To%20Do&transition=Done")


def test_without_a_proxy_what_needs_one_is_removed_and_reported() -> None:
    redirected = copy_of(EVERY_KIND, proxy_url=None, ca_file=None)
    assert redirected.removed_receivers.keys() == {"everything"}
    assert receiver(redirected)["pushover_configs"] == []
    assert len(receiver(redirected)["pagerduty_configs"]) == 1
    assert any("route: inconclusive: its receiver 'everything'" in change for change in redirected.changes)


def test_what_the_alertmanager_in_use_does_not_have_yet_is_left_out_by_name() -> None:
    redirected = copy_of(NEWER.replace("    labels: {team: ops}\n", ""), version="0.25.0+ds")
    why = redirected.removed_receivers["newer"]
    assert "msteams_configs needs Alertmanager ≥ 0.26;" in why
    assert "discord_configs.content needs Alertmanager ≥ 0.28" in why
    assert "timeout" not in why  # it says nothing of what is sent
    assert any(
        "msteams_configs: left out: needs Alertmanager >= 0.26, the one used here is 0.25.0+ds" in change
        for change in redirected.changes
    )
    left = receiver(redirected)
    assert "message_text" not in redirected.text
    assert [slack.get("channel") for slack in left["slack_configs"]] == []
    assert left["discord_configs"] == []
    assert redirected.lacking == ()
    assert copy_of(NEWER, version="0.34.1").removed_receivers == {}


def test_a_receiver_of_which_nothing_is_left_is_still_there_for_its_routes(binaries: Binaries) -> None:
    original = (
        "route: {receiver: team, routes: [{matchers: [a=b], receiver: chat}]}\n"
        "receivers:\n  - name: team\n  - name: chat\n    msteamsv2_configs: [{webhook_url: 'https://x.example/y'}]\n"
        "  - name: labelled\n    labels: {a: b}\n    webhook_configs: [{url: 'https://x.example/y'}]\n"
    )
    redirected = copy_of(original, version="0.25.0")
    assert load(redirected.text)["receivers"] == [{"name": "team"}, {"name": "chat"}, {"name": "labelled"}]
    assert load(redirected.text)["route"] == load(original)["route"]
    assert redirected.removed_receivers.keys() == {"chat", "labelled"}
    check_config(redirected, binaries.amtool.path, "am.yml")  # the real one takes it


def test_a_timeout_that_this_alertmanager_lacks_is_no_reason_not_to_hear() -> None:
    redirected = copy_of(f"{SMALL}    webhook_configs: [{{url: 'http://x.org/', timeout: 5s}}]\n", version="0.25.0")
    assert redirected.removed_receivers == {}
    assert "timeout" not in redirected.text
    assert any("timeout: left out: needs Alertmanager >= 0.28" in change for change in redirected.changes)


def test_an_unknown_kind_is_never_passed_on() -> None:
    redirected = copy_of(f"{SMALL}    pager2000_configs: [{{url: 'https://pager.example/leak'}}]\n")
    assert "pager" not in redirected.text
    assert redirected.removed_receivers == {"team": "crybsim does not know pager2000_configs"}
    assert [field.name for field in redirected.unknown] == ["pager2000_configs"]
    assert "leak" not in redirected.probe


@pytest.mark.parametrize("key", sorted(INTEGRATIONS))
def test_an_unknown_field_is_never_passed_on(key: str) -> None:
    redirected = copy_of(f"{SMALL}    {key}: [{{next_years_url: 'https://x.example/leak'}}]\n")
    assert "example" not in redirected.text
    assert "leak" not in redirected.probe
    assert any("next_years_url" in change for change in redirected.changes)


def test_every_global_field_that_is_known_is_either_kept_or_gone() -> None:
    fields = "".join(
        f"  {name}: https://leak.example/{name}\n"
        for name in GLOBAL_FIELDS
        if not name.endswith(("_file", "http_config", "tls_config")) and name != "slack_app_token"
    )
    tree = load(copy_of(f"global:\n{fields}{SMALL}").text)["global"]
    assert {name for name, value in tree.items() if "leak" in str(value)} == {
        "resolve_timeout",
        "smtp_from",
        "smtp_hello",
        "wechat_api_corp_id",
    }


@pytest.mark.parametrize("original", [EVERY_KIND, NEWER])
def test_the_copy_holds_no_field_that_alertmanager_does_not_know(original: str) -> None:
    for each in load(copy_of(original).text)["receivers"]:
        for key, integrations in each.items():
            for integration in integrations if isinstance(integrations, list) else []:
                assert set(integration) <= set(INTEGRATIONS[key].fields), key


def test_the_documentation_names_every_kind() -> None:
    documented = (Path(__file__).parents[2] / "docs" / "receivers.md").read_text()
    assert [key for key in INTEGRATIONS if f"`{key}`" not in documented] == []


def test_templates_become_absolute_and_container_paths_are_found_beside_the_file(tmp_path: Path) -> None:
    (tmp_path / "templates").mkdir()
    (tmp_path / "templates" / "a.tmpl").touch()
    written = ["templates/*.tmpl", "/etc/alertmanager/templates/*.tmpl", "absent/*.tmpl", str(tmp_path / "templates/*")]
    redirected = copy_of(f"templates: {written}\n{SMALL}", base_dir=tmp_path)
    here = f"{tmp_path}/templates/*"
    assert load(redirected.text)["templates"] == [f"{here}.tmpl", f"{here}.tmpl", f"{tmp_path}/absent/*.tmpl", here]
    assert any("templates[2]: matches no file here" in change for change in redirected.changes)
    assert any("templates[1]: not on this machine" in change for change in redirected.changes)


def test_template_files_that_this_alertmanager_cannot_read_are_left_out_and_what_they_define_is_told(
    tmp_path: Path,
) -> None:
    """`since` as a text, a field or a variable is no function."""
    texts = {
        "new": '{{ define "age" }}{{ .StartsAt | since | humanizeDuration }}{{ end }}',
        "newest": '{{ define "link" }}{{ safeUrl .ExternalURL }}{{ end }}',
        "plain": '{{ define "why" }}since {{ .since }} {{ $date }} {{ "tz" }} {{/* since */}}{{ end }}',
    }
    for name, text in texts.items():
        (tmp_path / f"{name}.tmpl").write_text(text, encoding="utf-8")
    used = " ".join(f'{{{{ template "{name}" . }}}}' for name in ("age", "link", "why"))
    slack = json.dumps([{"text": used, "api_url": "http://x"}])
    config = f"templates: ['*.tmpl']\nroute: {{receiver: x}}\nreceivers: [{{name: x, slack_configs: {slack}}}]\n"
    redirected = copy_of(config, base_dir=tmp_path, version="0.25.0")
    assert load(redirected.text)["templates"] == [f"{tmp_path}/plain.tmpl"]
    assert redirected.missing_templates == ("age", "link")
    changes = "\n".join(redirected.changes)
    assert "new.tmpl left out: its function since needs Alertmanager ≥ 0.28" in changes
    assert "newest.tmpl left out: its function safeUrl needs a newer Alertmanager than 0.25.0" in changes
    assert load(copy_of(config, base_dir=tmp_path, version="0.31.0").text)["templates"] == [f"{tmp_path}/*.tmpl"]


def test_odd_names_travel_safely() -> None:
    name = "ops/уведомления {{ .X }} %41"
    redirected = copy_of(
        f'route: {{receiver: "{name}"}}\nreceivers: [{{name: "{name}", webhook_configs: [{{url: http://x}}]}}]\n'
    )
    url = receiver(redirected)["webhook_configs"][0]["url"]
    assert re.fullmatch(r"http://127\.0\.0\.1:7777/webhook/[A-Za-z0-9~_.-]+/0/1", url)
