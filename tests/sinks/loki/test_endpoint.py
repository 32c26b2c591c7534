"""Addresses, tenants and credentials: what is taken, what is refused, what is never shown."""

from __future__ import annotations

import pytest

from simulator.errors import InputError
from simulator.sinks.loki.endpoint import endpoint
from simulator.sinks.loki.limits import Limits
from tests.sinks.loki.receiver import Receiver, receiving


@pytest.mark.parametrize(
    ("text", "url"),
    [
        ("http://127.0.0.1:3100", "http://127.0.0.1:3100"),
        ("http://127.0.0.1:3100/", "http://127.0.0.1:3100"),
        ("http://localhost:3100/loki/api/v1/push", "http://localhost:3100"),
        ("https://localhost/logs/loki/api/v1/push", "https://localhost/logs"),
        ("http://[::1]:3100", "http://[::1]:3100"),
    ],
)
def test_addresses_with_or_without_the_path_of_pushes(text: str, url: str) -> None:
    assert endpoint(text, {}).url == url


@pytest.mark.parametrize(
    "text",
    ["", "localhost:3100", "ftp://localhost", "http://", "http://localhost:0", "http://[", "http://localhost/?a=b"],
)
def test_other_texts_are_no_addresses(text: str) -> None:
    with pytest.raises(InputError, match="--loki: "):
        endpoint(text, {})


def test_a_host_has_to_be_allowed() -> None:
    with pytest.raises(InputError, match="allowed_hosts"):
        endpoint("http://loki.example.org:3100", {})
    assert endpoint("http://loki.example.org:3100", {}, ["loki.example.org"]).url


def test_a_password_in_the_address_is_refused_and_not_repeated() -> None:
    with pytest.raises(InputError, match="CRYBSIM_LOKI_PASSWORD") as caught:
        endpoint("http://me:hunter2@127.0.0.1:3100", {})
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize(
    ("environment", "header"),
    [
        ({"CRYBSIM_LOKI_TOKEN": "abc"}, "Bearer abc"),
        ({"CRYBSIM_LOKI_USER": "me", "CRYBSIM_LOKI_PASSWORD": "abc"}, "Basic bWU6YWJj"),
    ],
)
def test_credentials_and_tenant_are_shown_to_the_server_only(environment: dict[str, str], header: str) -> None:
    with receiving(Receiver()) as receiver:
        found = endpoint(receiver.url, environment, tenant="team-a")
        assert "abc" not in repr(found)
        with found.client() as client:
            client.post("/loki/api/v1/push", json={"streams": []})
    assert receiver.headers[0]["authorization"] == header
    assert receiver.headers[0]["x-scope-orgid"] == "team-a"


@pytest.mark.parametrize(
    "environment",
    [
        {"CRYBSIM_LOKI_USER": "me"},
        {"CRYBSIM_LOKI_TOKEN": ""},
        {"CRYBSIM_LOKI_TOKEN": "a", "CRYBSIM_LOKI_PASSWORD_FILE": "/nowhere", "CRYBSIM_LOKI_USER": "me"},
    ],
)
def test_credentials_that_make_no_sense(environment: dict[str, str]) -> None:
    with pytest.raises(InputError, match="CRYBSIM_LOKI_"):
        endpoint("http://127.0.0.1:3100", environment)


def test_limits_as_told_or_as_documented() -> None:
    with receiving(Receiver(config="limits_config:\n  ingestion_rate_mb: 8\n")) as receiver:
        assert endpoint(receiver.url, {}).limits().rate_bytes == 8 * 1024 * 1024
    with receiving(Receiver()) as receiver:
        assert endpoint(receiver.url, {}).limits() == Limits()
    with pytest.raises(InputError, match="no Loki answers there"):
        endpoint(receiver.url, {}).limits()
