"""Answers of other APIs: where the data, the tokens and the codes are."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.profile.target import Envelope
from simulator.wire.envelope import look_up, read_code, read_data, read_token

CONTRACT, OTHER = Envelope(), Envelope(data="result.items", success=None, code="fault.name", bare=())


@pytest.mark.parametrize(
    ("envelope", "route", "body", "data", "problem"),
    [
        (CONTRACT, "/api/v1/posts", {"success": True, "data": [1]}, [1], ""),
        (CONTRACT, "/api/v1/posts", {"success": True, "data": None}, None, ""),
        (CONTRACT, "/api/v1/posts", {"success": True}, None, "the envelope has no data"),
        (CONTRACT, "/api/v1/posts", {"data": 1}, None, "the envelope has no success:true with data"),
        (CONTRACT, "/api/v1/posts", [], None, "the envelope has no success:true with data"),
        (CONTRACT, "/api/v1/servers", {"servers": []}, {"servers": []}, ""),
        (CONTRACT, "/api/v1/servers", {"error": "x"}, None, "an error with a status of success"),
        (CONTRACT, "/api/v1/servers", [], None, "the answer is not a JSON object"),
        (OTHER, "/api/v1/servers", {"result": {"items": [2]}}, [2], ""),
        (OTHER, "/api/v1/posts", {"result": [2]}, None, "the envelope has no result.items"),
    ],
)
def test_data(envelope: Envelope, route: str, body: object, data: object, problem: str):
    assert read_data(envelope, route, json.dumps(body).encode()) == (data, problem)


@pytest.mark.parametrize("content", [b"", b"<html>", None, b"\xff"])
def test_what_is_no_answer(content: bytes | None):
    assert read_data(CONTRACT, "/api/v1/posts", content)[0] is None
    assert read_data(CONTRACT, "/api/v1/posts", content)[1] != ""
    assert read_code(CONTRACT, content) == ""
    assert read_token("data.token", content, {}) == ""


def test_tokens_and_codes():
    body = b'{"data": {"tokens": {"accessToken": "a.b.c"}, "n": 1}, "fault": {"name": "TOKEN_EXPIRED"}}'
    assert read_token("data.tokens.accessToken", body, {}) == "a.b.c"
    assert read_token("data.n", body, {}) == ""
    assert read_token("cookie:accessToken", body, {"accessToken": "x.y.z"}) == "x.y.z"
    assert read_token("cookie:accessToken", body, {}) == ""
    assert (read_code(OTHER, body), read_code(CONTRACT, body)) == ("TOKEN_EXPIRED", "")


@given(st.recursive(st.none() | st.integers(), lambda inner: st.dictionaries(st.sampled_from("abc"), inner)))
def test_every_place_is_found(body: object):
    def places(part: object, prefix: str) -> None:
        if isinstance(part, dict):
            for key, value in part.items():
                assert look_up(body, f"{prefix}{key}") == value
                places(value, f"{prefix}{key}.")

    places(body, "")
    assert look_up(body, "absent.a", "nothing") == "nothing"
