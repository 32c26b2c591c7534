"""The list of alerts inside a notification, addresses and placeholders."""

from __future__ import annotations

import re
from urllib.parse import quote_plus, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.telemetry.observations import NotifiedAlert
from simulator.telemetry.samples import labels_of
from simulator.wire.notifications import decode_segment, encode_segment, masked, placeholder, take_alerts

texts = st.text(st.characters(exclude_categories=["Cs"]))
alerts = st.builds(
    lambda name, status, labels, seconds: NotifiedAlert(name, status, labels_of(labels), seconds * 1000),
    texts,
    st.sampled_from(["firing", "resolved"]),
    st.dictionaries(st.from_regex(r"[a-z_]{1,8}", fullmatch=True).filter(lambda name: name != "alertname"), texts),
    st.integers(0, 2**33),
)


def as_alertmanager_renders(listed: list[NotifiedAlert]) -> str:
    """What Go makes of ALERTS_TEMPLATE; `tests/stack` shows that the real one does."""

    def pairs(alert: NotifiedAlert) -> str:
        labels = [("alertname", alert.alert), *alert.labels]
        return "".join(f"{quote_plus(name)}={quote_plus(value)}&" for name, value in labels)

    body = "".join(f"{alert.status} {(alert.starts_at_ms or 0) * 1_000_000} {pairs(alert)};" for alert in listed)
    return f" crybsim-alerts({body})"


@given(before=texts, listed=st.lists(alerts, max_size=4), after=texts)
def test_the_list_comes_out_whole_and_leaves_the_text_as_it_was(
    before: str, listed: list[NotifiedAlert], after: str
) -> None:
    carried = take_alerts(before + as_alertmanager_renders(listed) + after)
    assert carried.text == before + after
    assert carried.alerts == tuple(listed)


def test_a_text_without_a_list_says_so() -> None:
    carried = take_alerts("crybsim-alerts(not closed")
    assert (carried.text, carried.alerts) == ("crybsim-alerts(not closed", None)


@given(texts.filter(bool))
def test_a_receivers_name_survives_a_url(name: str) -> None:
    segment = encode_segment(name)
    url = urlsplit(f"http://127.0.0.1:1/slack/{segment}/0/1")
    assert url.path == f"/slack/{segment}/0/1"
    assert re.fullmatch(r"[A-Za-z0-9_.~-]+", segment)
    assert segment not in (".", "..")
    assert decode_segment(segment) == name


@pytest.mark.parametrize(
    ("field", "form"),
    [
        ("routing_key", r"[a-z0-9]{32}"),
        ("service_key", r"[a-z0-9]{32}"),
        ("user_key", r"[A-Za-z0-9]{30}"),
        ("token", r"[A-Za-z0-9]{30}"),
        ("bot_token", r"\d+:[A-Za-z0-9_-]{35}"),
        ("api_key", r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"),
        ("access_key", r"[A-Z0-9]{20}"),
        ("secret_key", r"[A-Za-z0-9/+]{40}"),
        ("api_secret", r"crybsim-placeholder-\d+"),
    ],
)
def test_a_placeholder_has_the_form_of_its_secret_and_tells_its_number(field: str, form: str) -> None:
    for number in (1, 12, 345):
        assert re.fullmatch(form, placeholder(field, number))
        assert masked("key", placeholder(field, number)) == f"key #{number}"


@given(texts)
def test_a_real_key_is_never_shown(key: str) -> None:
    shown = masked("key", f"real{key}")
    assert shown == "key (masked)"
