"""What is no alertmanager.yml is told at its place; no shape makes the copy stumble, or lets a secret through."""

from __future__ import annotations

import io
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ruamel.yaml import YAML

from simulator.errors import InputError
from simulator.stack.alertmanager_fields import GLOBAL_FIELDS, INTEGRATIONS
from tests.stack.alertmanager_copies import SMALL, copy_of

MISTAKES = [
    ("", "am.yml: not an alertmanager.yml: the document is not a mapping"),
    ("route: [", "am.yml:1:9: not YAML: "),
    ("a: 1\na: 2\n", "am.yml:2:1: the key 'a' is here twice"),
    ("receivers: []\n", "am.yml:1:1: route: there is no route"),
    ("route: {}\nreceivers: []\n", "am.yml:1:8: route.receiver: the first route names no receiver"),
    (
        "route:\n  receiver: team\n  routes: [{receiver: teem}]\nreceivers: [{name: team}]\n",
        "am.yml:3:23: route.routes[0].receiver: no receiver is called 'teem'; did you mean 'team'?",
    ),
    (
        "route:\n  receiver: team\n  routes:\n  - mute_time_intervals: [night]\nreceivers: [{name: team}]\n"
        "time_intervals: [{name: nights}]\n",
        "am.yml:4:27: route.routes[0].mute_time_intervals[0]: no time interval is called 'night'; did you",
    ),
    (
        "route: {receiver: a}\nreceivers: [{name: a}, {name: a}]\n",
        "am.yml:2:24: receivers[1].name: the name 'a' is here twice",
    ),
    (
        f"{SMALL}    slack_configs: [{{api_url: YOUR_URL_HERE}}]\n",
        "slack_configs[0].api_url: not a URL, Alertmanager does not",
    ),
    (f"{SMALL}    email_configs: [{{to: a@x.org, smarthost: localhost}}]\n", "smarthost: not host:port"),
    (
        f"{SMALL}    opsgenie_configs: [{{api_key: a, api_key_file: b}}]\n",
        "api_key_file: at most one of api_key and api_key_file may be configured",
    ),
    (
        f"{SMALL}    webhook_configs: [{{url: http://x, http_config: {{basic_auth: {{}}, bearer_token: x}}}}]\n",
        "http_config: at most one of basic_auth, bearer_token may be configured",
    ),
    (f"{SMALL}    slack_configs: [{{api_url: http://x, app_token: y}}]\n", "at most one of api_url and app_token"),
    ("a: &a [*a]\n", "an alias holds itself"),
]


@pytest.mark.parametrize(("original", "message"), MISTAKES)
def test_a_mistake_is_told_at_its_place(original: str, message: str) -> None:
    with pytest.raises(InputError) as caught:
        copy_of(original)
    assert message in str(caught.value)
    assert len(str(caught.value).splitlines()) == 1


def test_all_mistakes_are_told_at_once() -> None:
    original = f"{SMALL}    slack_configs: [{{api_url: bad}}]\n    webhook_configs: [{{url: worse}}]\n"
    with pytest.raises(InputError) as caught:
        copy_of(original)
    assert len(caught.value.problems) == 2


scalars = st.one_of(st.none(), st.booleans(), st.integers(), st.text(max_size=12))
trees = st.recursive(
    scalars,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                [
                    "route",
                    "receiver",
                    "receivers",
                    "name",
                    "global",
                    "http_config",
                    "templates",
                    "routes",
                    *INTEGRATIONS,
                ]
            )
            | st.sampled_from(sorted(GLOBAL_FIELDS)),
            inner,
            max_size=4,
        )
    ),
    max_leaves=25,
)


@settings(max_examples=60)
@given(tree=st.dictionaries(st.sampled_from(["route", "receivers", "global", "templates", "tracing"]), trees))
def test_no_shape_makes_it_stumble(tree: dict[str, Any]) -> None:
    stream = io.StringIO()
    YAML(typ="safe", pure=True).dump(tree, stream)
    with suppress(InputError):
        copy_of(stream.getvalue())


SECRETS = st.from_regex(r"sEcReT[a-z0-9]{6,20}", fullmatch=True)


@settings(max_examples=60)
@given(data=st.data(), key=st.sampled_from(sorted(INTEGRATIONS)))
def test_whatever_is_written_into_a_secret_field_stays_behind(data: st.DataObject, key: str) -> None:
    spec = INTEGRATIONS[key]
    hidden = [name for name in (spec.url, *spec.secrets, *spec.files) if name]
    hidden += ["auth_password", "auth_secret", "auth_password_file"] if key == "email_configs" else []
    chosen = data.draw(st.lists(st.sampled_from(hidden), unique=True)) if hidden else []
    integration: dict[str, Any] = {
        name: f"https://h.example/{data.draw(SECRETS)}" if name == spec.url else data.draw(SECRETS) for name in chosen
    }
    config = st.fixed_dictionaries(
        {},
        optional={
            "basic_auth": st.fixed_dictionaries({"password": SECRETS}),
            "authorization": st.fixed_dictionaries({"credentials": SECRETS}),
            "oauth2": st.fixed_dictionaries({"client_secret": SECRETS, "token_url": SECRETS}),
            "proxy_url": SECRETS,
            "tls_config": st.fixed_dictionaries({"key": SECRETS}),
            "http_headers": st.fixed_dictionaries({"X": st.fixed_dictionaries({"values": st.lists(SECRETS)})}),
        },
    )
    if key != "email_configs":
        integration["http_config"] = data.draw(config)
    try:
        redirected = copy_of(f"{SMALL}    {key}: [{integration!r}]\n")
        shown = redirected.text + redirected.probe + "".join(redirected.changes)
    except InputError as error:
        shown = str(error)
    assert "sEcReT" not in shown
