from __future__ import annotations

import asyncio
import stat

import httpx
import orjson
import pytest

from simulator.api.admin import AdminToken, OverrideJournal, create_admin, read_override
from simulator.errors import InputError

SECRET = {"authorization": "Bearer s3cret"}


@pytest.fixture
def admin(api, tmp_path):
    token = AdminToken(None, "api-1", {"CRYBSIM_ADMIN_TOKEN": "s3cret"})
    app = create_admin(api.app.platform, token, OverrideJournal(tmp_path / "journal.jsonl", "api-1"))

    def call(method: str, path: str, **options: object) -> httpx.Response:
        async def send() -> httpx.Response:
            async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://admin") as client:
                return await client.request(method, path, **{"headers": SECRET, **options})  # type: ignore[arg-type]

        return asyncio.run(send())

    return call


@pytest.mark.parametrize("headers", [{}, {"authorization": "Bearer wrong"}, {"authorization": "s3cret"}])
@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", "/state"), ("POST", "/overrides"), ("DELETE", "/overrides/x"), ("GET", "/elsewhere")],
)
def test_nothing_without_the_token(admin, headers, method, path):
    assert admin(method, path, headers=headers).status_code == 401


def test_an_override_acts_is_seen_is_journalled_and_ends(admin, api, tmp_path):
    fault = {"kind": "http_errors", "for": "2m", "intensity": 1.0, "target": {"route": "/api/v1/posts"}}
    made = admin("POST", "/overrides", json=fault)
    assert made.status_code == 201
    name = made.json()["id"]
    assert api.client.get("/api/v1/posts").status_code == 500
    state = admin("GET", "/state").json()
    assert state["active"] == [{"id": name, "kind": "http_errors", "intensity": 1.0}]
    assert set(state["overrides"]) == {name}
    assert state["held"]["posts"] == 600
    assert admin("DELETE", f"/overrides/{name}").status_code == 204
    assert api.client.get("/api/v1/posts").status_code == 200
    assert admin("DELETE", f"/overrides/{name}").status_code == 404
    journal = [orjson.loads(line) for line in (tmp_path / "journal.jsonl").read_bytes().splitlines()]
    assert [(entry["action"], entry["id"]) for entry in journal] == [("override", name), ("lift", name)]
    assert journal[0]["fault"]["kind"] == "http_errors"
    assert journal[0]["at"]


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ("{", "not JSON"),
        ("[]", "JSON object"),
        ('{"kind": "outtage", "for": "1m"}', "did you mean 'outage'"),
        ('{"kind": "outage"}', "for"),
        ('{"kind": "outage", "for": "90"}', "no unit"),
        ('{"kind": "latency", "for": "1m", "parameters": {"dely": "1s"}}', "did you mean 'delay'"),
        ('{"kind": "latency", "for": "1m", "parameters": {"delay": "x"}}', "not a duration"),
        ('{"kind": "latency", "for": "1m", "parameters": {"delay": "1h"}}', "out of bounds"),
        ('{"kind": "outage", "for": "1m", "intensity": 2}', "intensity"),
    ],
)
def test_what_is_wrong_with_an_override_is_told(admin, body, told):
    with pytest.raises(InputError, match=told):
        read_override(body.encode())
    answer = admin("POST", "/overrides", content=body)
    assert answer.status_code == 422
    assert told in answer.json()["error"]


def test_overrides_are_bounded(admin):
    codes = [
        admin("POST", "/overrides", json={"id": f"o{n}", "kind": "latency", "for": "1m"}).status_code
        for n in range(101)
    ]
    assert codes == [201] * 100 + [409]


def test_a_made_token_is_in_a_file_that_only_we_can_read(tmp_path):
    token = AdminToken(tmp_path, "api-1", {})
    assert token.path is not None
    assert stat.S_IMODE(token.path.stat().st_mode) == 0o600
    assert token.fits(f"Bearer {token.path.read_text().strip()}")
    assert not token.fits(None)
    token.forget()
    assert not token.path.exists()


def test_without_a_file_the_journal_is_stderr(capsys):
    OverrideJournal(None, "api-2").write(0, "lift", "x")
    assert orjson.loads(capsys.readouterr().err)["instance"] == "api-2"
