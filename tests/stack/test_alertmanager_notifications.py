"""The real Alertmanager on a redirected file: everything is heard, nothing goes elsewhere."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from simulator.errors import InputError
from simulator.stack.alertmanager_config import redirect
from simulator.stack.alertmanager_fields import INTEGRATIONS, release
from simulator.stack.binaries import Binaries
from simulator.stack.redirect_check import check_config

pytestmark = [pytest.mark.stack, pytest.mark.slow]

HERE = Path(__file__).parent
EVERY_KIND = (HERE / "testdata" / "every-kind-0.25.yml").read_text()
NAMESPACE = ("unshare", "--user", "--map-root-user", "--net")
ENDED = {"startsAt": "2020-01-01T00:00:00Z", "endsAt": "2020-01-02T00:00:00Z"}


def alert(name: str, **labels: str) -> dict[str, Any]:
    return {"labels": {"alertname": name, **labels}, "annotations": {"summary": f"{name} it is"}}


def rehearse(folder: Path, original: str, *rounds: Any, isolated: bool = False, **orders: Any) -> dict[str, Any]:
    """Run the lab; its outcome."""
    given = {"original": original, "folder": str(folder), "rounds": rounds, "isolated": isolated, **orders}
    done = subprocess.run(
        [*(NAMESPACE if isolated else ()), sys.executable, str(HERE / "alertmanager_lab.py")],
        input=json.dumps(given),
        capture_output=True,
        text=True,
        timeout=250,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    outcome: dict[str, Any] = json.loads(done.stdout)
    return outcome


@pytest.fixture(scope="session")
def namespace() -> None:
    """An empty network namespace can be had; ordinary users may be forbidden to."""
    try:
        tried = subprocess.run([*NAMESPACE, "true"], capture_output=True, text=True, timeout=20, check=False)
    except OSError as error:
        pytest.skip(f"no empty network namespace here: {error}")
    if tried.returncode:
        pytest.skip(f"no empty network namespace here: {tried.stderr.strip()}")


@pytest.mark.usefixtures("namespace")
def test_every_kind_is_heard_firing_and_resolved_and_nothing_goes_elsewhere(tmp_path: Path, binaries: Binaries) -> None:
    labels = {"severity": "critical", "odd": 'a&b=c;)é <b> %41 "q"\n+'}
    firing, ended = alert("HighErrorRate", **labels), {**alert("HighErrorRate", **labels), **ENDED}
    count = 13
    outcome = rehearse(tmp_path, EVERY_KIND, [[firing], count], [[ended], 2 * count], isolated=True)
    assert outcome["unroutable"] == 0
    assert outcome["failed"] == {}
    assert outcome["removed"] == {}
    known = {kind.kind.value for kind in INTEGRATIONS.values() if release(kind.since) <= (0, 25)}
    for status in ("firing", "resolved"):
        heard = [one for one in outcome["heard"] if one["status"] == status]
        assert len(heard) == count
        assert {one["kind"] for one in heard} == known
        for one in heard:
            (found,) = one["alerts"]
            assert (found["alert"], found["status"], dict(found["labels"])) == ("HighErrorRate", status, labels)
            assert (one["receiver"], one["problem"]) == ("everything", "")
            assert "crybsim" not in one["text"] + one["title"]
    assert {one["destination"] for one in outcome["heard"] if one["kind"] == "pagerduty"} == {
        "routing key #1",
        "service key #1",
    }
    assert "real" not in json.dumps(outcome)


@pytest.mark.usefixtures("namespace")
def test_the_kernel_would_have_noticed_an_attempt_to_go_elsewhere(tmp_path: Path, binaries: Binaries) -> None:
    elsewhere = (
        "route: {receiver: out, group_wait: 0s}\n"
        "receivers: [{name: out, webhook_configs: [{url: 'http://192.0.2.1/'}]}]\n"
    )
    outcome = rehearse(tmp_path, elsewhere, [[alert("Down")], "failure"], isolated=True, as_written=True)
    assert outcome["unroutable"] > 0
    assert [one["receiver"] for one in outcome["failures"]] == ["out"]


GROUPS = """\
route:
  receiver: team
  group_by: [alertname]
  group_wait: 500ms
  routes:
  - matchers: [to="chat"]
    receiver: "chat/один {{ x }}"
receivers:
- name: team
  slack_configs:
  - {api_url: '${SLACK}', channel: '#ops', text: '{{ len .Alerts.Firing }} firing'}
- name: "chat/один {{ x }}"
  telegram_configs:
  - bot_token: <secret>
    chat_id: ${CHAT}
  - {bot_token: <secret>, chat_id: -7, message: 'something is wrong'}
"""


def test_groups_stay_groups_and_each_message_gets_its_own_alerts(tmp_path: Path, binaries: Binaries) -> None:
    posted = [alert("Down", instance="a"), alert("Down", instance="b")]
    posted += [alert("ChatA", to="chat"), alert("ChatB", to="chat")]
    outcome = rehearse(tmp_path, GROUPS, [posted, 5])
    assert outcome["failed"] == {}
    assert len(outcome["heard"]) == 5
    slack = next(one for one in outcome["heard"] if one["kind"] == "slack")
    assert (slack["destination"], slack["text"]) == ("#ops", "2 firing")
    assert sorted(dict(found["labels"])["instance"] for found in slack["alerts"]) == ["a", "b"]
    chats = [one for one in outcome["heard"] if one["kind"] == "telegram"]
    assert {one["receiver"] for one in chats} == {"chat/один {{ x }}"}
    for destination in ("chat -1", "chat -7"):
        named = [one for one in chats if one["destination"] == destination]
        assert sorted(found["alert"] for one in named for found in one["alerts"]) == ["ChatA", "ChatB"]
    for one in chats:
        if one["destination"] == "chat -1":
            assert one["alerts"][0]["alert"] in one["text"]


def test_a_template_that_does_not_render_is_seen(tmp_path: Path, binaries: Binaries) -> None:
    broken = (
        "route: {receiver: team, group_wait: 0s}\nreceivers:\n- name: team\n  slack_configs:\n"
        "  - {api_url: 'https://hooks.slack.com/x', channel: '#ops', text: '{{ .Nope.x }}'}\n"
    )
    outcome = rehearse(tmp_path, broken, [[alert("Down")], "failure"])
    (failure,) = outcome["failures"]
    assert (failure["kind"], failure["receiver"]) == ("slack", "team")
    assert "can't evaluate field Nope" in failure["problem"]
    assert outcome["heard"] == []


def test_what_the_service_would_refuse_is_heard_with_its_problem(tmp_path: Path, binaries: Binaries) -> None:
    refused = (
        "route: {receiver: team, group_wait: 0s}\nreceivers:\n- name: team\n  pagerduty_configs:\n"
        "  - {routing_key: k, severity: '{{ .CommonLabels.severity }}'}\n"
    )
    outcome = rehearse(tmp_path, refused, [[alert("Down", severity="page")], 1])
    (heard,) = outcome["heard"]
    assert "'payload.severity' is invalid" in heard["problem"]
    assert heard["alerts"][0]["alert"] == "Down"


def test_without_send_resolved_the_end_is_not_told(tmp_path: Path, binaries: Binaries) -> None:
    quiet = (
        "route: {receiver: team, group_wait: 0s, group_interval: 1s}\nreceivers:\n- name: team\n  slack_configs:\n"
        "  - {api_url: 'https://hooks.slack.com/x', channel: '#ops'}\n  webhook_configs: [{url: 'https://x.org/'}]\n"
    )
    ended = {**alert("Down"), **ENDED}
    outcome = rehearse(tmp_path, quiet, [[alert("Down")], 2], [[ended], 3])
    told = [(one["kind"], one["status"]) for one in outcome["heard"]]
    assert sorted(told) == [("slack", "firing"), ("webhook", "firing"), ("webhook", "resolved")]


def refusal(original: str, binaries: Binaries) -> str:
    redirected = redirect(
        original, http_url="http://127.0.0.1:1", smtp="127.0.0.1:2", source="am.yml", base_dir=HERE, version="0.25"
    )
    with pytest.raises(InputError) as caught:
        check_config(redirected, binaries.amtool.path, "am.yml")
    return str(caught.value)


@pytest.mark.parametrize(
    ("original", "message"),
    [
        (
            "receivers: [{name: a}]\n# moved in the copy\n\nroute:\n  receiver: a\n  grup_by: [x]\n",
            "am.yml:6:1: field grup_by not found in type config.plain",
        ),
        (
            "route: {receiver: a}\nreceivers:\n- name: a\n  slack_configs:\n  - api_url: http://x\n    chanel: x\n",
            "am.yml:6:13: receivers[0] a: slack_configs[0].chanel: Alertmanager does not know this field; "
            "did you mean 'channel'?",
        ),
        ("route: {receiver: a, matchers: [x=y]}\nreceivers: [{name: a}]\n", "root route must not have any matchers"),
        ("route: {receiver: a}\nreceivers: [{name: a, slack_configs: [{}]}]\n", "no global Slack API URL set"),
    ],
)
def test_what_alertmanager_refuses_is_told_at_the_originals_line(
    original: str, message: str, binaries: Binaries
) -> None:
    assert message in refusal(original, binaries)


def test_the_reference_routes_are_accepted(binaries: Binaries) -> None:
    path = HERE.parents[1] / "monitoring" / "alertmanager" / "alertmanager.yml"
    redirected = redirect(
        path.read_text(),
        http_url="http://127.0.0.1:1",
        smtp="127.0.0.1:2",
        source=path.name,
        base_dir=path.parent,
        version=binaries.alertmanager.version,
    )
    check_config(redirected, binaries.amtool.path, path.name)
    assert redirected.removed_receivers == {}
