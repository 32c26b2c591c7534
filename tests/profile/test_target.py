"""Target files: the contract unless told otherwise, users shared out so that nobody is two, tokens that hold."""

from __future__ import annotations

import ipaddress
import json
import re
from pathlib import Path
from typing import Any

import jwt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from simulator.catalog.accounts import AUDIENCE, ISSUER, account
from simulator.errors import InputError
from simulator.profile.json_schema import target_schema
from simulator.profile.target import Target, load_target
from simulator.profile.target_users import TargetUsers, address_of, number_for, read_users, slots_for

ROOT = Path(__file__).parents[2]
DOCS = (ROOT / "docs" / "load.md").read_text("utf-8").partition("## Another API")[2].partition("\n## ")[0]


@given(st.integers(1, 40), st.integers(1, 8), st.integers(1, 60))
def test_processes_never_share_a_user_while_there_are_as_many_users(users: int, workers: int, each: int):
    taken = [
        [number_for(nth, worker=worker, workers=workers, users=users) for nth in range(each)]
        for worker in range(workers)
    ]
    assert all(1 <= number <= users for mine in taken for number in mine)
    if users >= workers:
        owners = [set(mine) for mine in taken]
        assert sum(map(len, owners)) == len(set().union(*owners))
        own = [len(range(worker, users, workers)) for worker in range(workers)]
        assert [len(mine) for mine in owners] == [min(each, count) for count in own]  # all, before one comes again


@given(st.integers(1, 5), st.integers(1, 40), st.integers(1, 500))
def test_as_many_workers_may_come_late_as_began_where_there_are_users_for_all(workers: int, most: int, users: int):
    slots = slots_for(workers=workers, most=most, users=users)
    assert slots in (workers, 2 * workers)
    if slots > workers:
        taken = [
            {number_for(nth, worker=one, workers=slots, users=users) for nth in range(most)} for one in range(slots)
        ]
        assert {len(mine) for mine in taken} == {most}
        assert len(set().union(*taken)) == slots * most
    else:
        assert users < 2 * workers * most


@given(st.integers(1, 10**6), st.integers(1, 10**6))
def test_each_user_has_an_address_of_its_own(one: int, other: int):
    ipaddress.IPv4Address(address_of(one))
    assert (address_of(one) == address_of(other)) == (one == other)


def test_an_empty_file_is_the_contract(tmp_path: Path):
    (tmp_path / "t.yaml").write_text("")
    target = load_target(tmp_path / "t.yaml")
    assert target.model_dump() == Target().model_dump()
    assert target.path("/api/v1/posts/:id") == "/api/v1/posts/:id"
    assert target.login_path == "/api/v1/auth/login"
    assert len(TargetUsers(target, accounts=77)) == 77
    assert TargetUsers(target, accounts=77).user(5) == account(5)


@pytest.mark.parametrize(
    ("text", "route", "path"),
    [
        ("base_path: /v2", "/api/v1/posts/:id", "/v2/posts/:id"),
        ("base_path: /v2/", "/api/v1/posts", "/v2/posts"),
        ("base_path: /v2", "/health", "/health"),
        ("routes: {/api/v1/posts: /feed}", "/api/v1/posts", "/feed"),
        ("routes: {/api/v1/posts: null}", "/api/v1/posts", None),
        ("base_path: /", "/api/v1/posts", "/posts"),
    ],
)
def test_where_a_route_is(tmp_path: Path, text: str, route: str, path: str | None):
    (tmp_path / "t.yaml").write_text(text)
    assert load_target(tmp_path / "t.yaml").path(route) == path


@pytest.mark.parametrize(
    ("form", "written"),
    [
        ("text", "s" * 32),
        ("hex", ("s" * 32).encode().hex()),
        ("base64", "c3Nzc3Nzc3Nzc3Nzc3Nzc3Nzc3Nzc3Nzc3Nzc3Nzc3M="),
    ],
)
def test_minted_tokens_are_the_contracts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, form: str, written: str):
    monkeypatch.setenv("A_SECRET", written)
    (tmp_path / "users.csv").write_text("id,email\nu-1,a@x.example\nu-2,\n")
    (tmp_path / "t.yaml").write_text(
        f"users: {{source: minted, file: users.csv, secret: A_SECRET, secret_form: {form}, lifetime_seconds: 600}}"
    )
    users = TargetUsers(load_target(tmp_path / "t.yaml"), accounts=0)
    assert len(users) == 2
    token = users.token(users.user(1), 1_700_000_000)
    claims = jwt.decode(
        token, "s" * 32, algorithms=["HS256"], audience=AUDIENCE, issuer=ISSUER, options={"verify_exp": False}
    )
    assert (claims["userId"], claims["email"], claims["exp"] - claims["iat"]) == ("u-1", "a@x.example", 600)
    bare = jwt.decode(users.token(users.user(2), 1), options={"verify_signature": False})
    assert "email" not in bare


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "has no column username, password"),
        ("username\na\n", "has no column password"),
        ("username,password\n", "has no users"),
        ("username,password\na,\n", "users.csv:2: password is empty"),
        ("username,password\na,hush-hush\na,hush-hush\n", "names a user twice"),
    ],
)
def test_users_that_are_not_right(tmp_path: Path, text: str, words: str):
    path = tmp_path / "users.csv"
    path.write_text(text)
    with pytest.raises(InputError, match=re.escape(words)) as caught:
        read_users(path, ("username", "password"))
    assert "hush" not in str(caught.value)


def test_the_schema_is_published():
    schema = json.loads((ROOT / "docs" / "schema" / "target.schema.json").read_text("utf-8"))
    assert schema == target_schema()
    Draft202012Validator.check_schema(schema)


def test_the_example_of_the_docs_is_right(tmp_path: Path):
    (text,) = re.findall(r"```yaml\n(.*?)```", DOCS, re.DOTALL)
    (tmp_path / "t.yaml").write_text(text)
    target = load_target(tmp_path / "t.yaml")
    assert target.path("/api/v1/posts/trending") == "/v2/feed/trending"
    content: dict[str, Any] = json.loads(target.model_dump_json(exclude_defaults=True))
    Draft202012Validator(target_schema()).validate(content)


def test_every_key_is_in_the_docs_with_the_words_of_the_schema():
    schema = target_schema()
    rows = dict(re.findall(r"^\| `([a-z_.]+)` \|[^|]*\| (.*) \|$", DOCS, re.MULTILINE))
    found: dict[str, str] = {}

    def walk(part: dict[str, Any], prefix: str = "") -> None:
        for name, content in part["properties"].items():
            references = [content, *content.get("anyOf", [])]
            reference = next((one["$ref"] for one in references if "$ref" in one), "")
            inner = schema["$defs"].get(reference.rpartition("/")[2], {})
            found[prefix + name] = " ".join((content.get("description") or inner["description"]).split())
            if "properties" in inner:
                walk(inner, f"{prefix}{name}.")

    walk(schema)
    assert rows == found
