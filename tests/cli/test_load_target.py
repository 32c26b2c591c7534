"""`crybsim load` with a target file: the same journeys at another API, once each, and cleaned up behind."""

from __future__ import annotations

import csv
import json
import re
import stat
from pathlib import Path
from typing import Any

import pytest

from simulator.catalog.accounts import account
from simulator.catalog.routes import BY_KEY
from simulator.cli.main import main
from simulator.resources import shipped
from tests.load.reference_api import HEADER, KEY, PREFIX, Disguise, key_of, manifest_of, serving

PROFILE: dict[str, Any] = {
    "name": "everything",
    "description": "All journeys.",
    "start": "2026-01-05T20:00:00",
    "duration": "10s",
    "load": {"max_users": 10, "journeys": {"uploader": 1, "moderator": 1, "newcomer": 1, "buyer": 1}},
}
MANIFEST = manifest_of(PROFILE)
TARGET: dict[str, Any] = {
    "base_path": PREFIX,
    "auth": {
        "header": "X-Session",
        "value": "Session {token}",
        "login": {"access_token": "result.tokens.accessToken", "refresh_token": "result.tokens.refreshToken"},
    },
    "envelope": {"data": "result", "success": "ok", "code": "fault.name"},
    "users": {"source": "minted", "file": "users.csv", "secret": "OUR_SECRET", "secret_form": "hex"},
    "exemption": {"header": HEADER, "value": "OUR_KEY"},
}
_CALLS = re.compile(r'self\.(?:call|_send)\(\s*"([A-Z]+)", f?"(/api/v1/[^"{]+)"')


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("OUR_SECRET", key_of(MANIFEST))
    monkeypatch.setenv("OUR_KEY", KEY)
    Path("everything.yaml").write_text(json.dumps(PROFILE))
    write_users(20)
    return tmp_path


def write_users(count: int) -> None:
    with Path("users.csv").open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(("id", "username", "email", "password"))
        rows.writerows(
            (who.user_id, who.username, who.email, who.password) for who in map(account, range(1, count + 1))
        )


def write_target(**changes: object) -> None:
    Path("target.yaml").write_text(json.dumps({**TARGET, **changes}))


def smoke(url: str, *more: str, run: str = "run") -> tuple[int, dict[str, Any]]:
    code = main(["load", "everything.yaml", "--smoke", "--host", url, "--out", run, *more])
    return code, json.loads(Path(run, "smoke.json").read_text())


def held(disguise: Disguise) -> dict[str, int]:
    store = disguise.app.platform.store
    tagged = [one for one in (*store.messages, *store.posts) if "#crybsim-run" in (one.content or "")]
    return {"texts": len(tagged), "files": len(store.files), "votes": sum(vote != 0 for vote in store.votes)}


@pytest.mark.slow
def test_the_same_journeys_at_an_api_in_disguise_and_cleaned_up(folder: Path, capsys: pytest.CaptureFixture[str]):
    write_target()
    with serving(MANIFEST, other=True) as (url, disguise):
        code, told = smoke(url, "--target", "target.yaml")
        shown = capsys.readouterr().err
        assert code == 0, shown
        assert disguise.strangers == disguise.seen["/elsewhere"] == disguise.seen["/api/v1/auth/login"] == 0
        before = held(disguise)
        assert main(["load", "--cleanup", "run", "--target", "target.yaml"]) == 0
        cleaned = capsys.readouterr().err
        assert held(disguise) == {"texts": 1, "files": 0, "votes": 0}  # a newcomer's post: nobody can sign in as them
        assert main(["load", "--cleanup", "run", "--target", "target.yaml", "--json"]) == 0
    assert before["files"] == 4
    assert before["texts"] > 6
    assert "4 uploads, 2 votes removed" in cleaned
    assert "left, as no route removes them: 1 account, 1 comment, 1 community, 2 payments, 1 post" in cleaned
    assert "#crybsim-run" in cleaned
    again = json.loads(capsys.readouterr().out)
    assert (again["removed"], again["failed"], sum(again["left"].values())) == ({}, {}, 6)

    assert [one["journey"] for one in told["journeys"] if one["ended_early"] or one["broken"]] == []
    assert len(told["journeys"]) == 7
    routes = {tuple(one["route"].split(" ")) for one in told["routes"]}
    assert routes <= set(BY_KEY)
    assert routes >= written_in_journeys()  # nothing is left to chance
    assert "POST /api/v1/uploads/attachment" in shown
    assert "smoke: pass" in shown
    for text in (key_of(MANIFEST), KEY):
        assert not [path for path in Path("run").rglob("*") if path.is_file() and text in path.read_text("utf-8")]


def written_in_journeys() -> set[tuple[str, str]]:
    """Every route that stands in a journey as it is."""
    files = (shipped("scenarios") / "_journeys").glob("*.py")
    found = {(method, path) for file in files for method, path in _CALLS.findall(file.read_text())}
    assert len(found) > 20
    return {one for one in found if one in BY_KEY}


@pytest.mark.slow
def test_tokens_that_end_are_renewed_and_what_fails_is_told(folder: Path, capsys: pytest.CaptureFixture[str]):
    Path("target.yaml").write_text(json.dumps({"users": {"source": "csv", "file": "users.csv"}}))
    errors = {"id": "e", "kind": "http_errors", "at": "0s", "for": "50m", "target": {"route": "/api/v1/search"}}
    broken = manifest_of({**PROFILE, "duration": "1h", "faults": [errors]})
    with serving(broken) as (url, disguise):
        disguise.expires_after = 4
        code, told = smoke(url, "--target", "target.yaml")
    assert code == 1, capsys.readouterr().err
    statuses = {one["route"]: one["statuses"] for one in told["routes"]}
    assert statuses["GET /api/v1/search"] == {"500": 2}
    assert statuses["POST /api/v1/auth/refresh"] == {"200": 1}
    assert statuses["POST /api/v1/auth/login"] == {"200": 6}
    assert [one["route"] for one in told["routes"] if one["outcome"] == "failed"] == ["GET /api/v1/search"]
    assert sum(one.get("401", 0) for one in statuses.values()) == 1
    assert "500" in capsys.readouterr().err


@pytest.mark.accept
def test_a_journey_without_its_routes_is_inconclusive(folder: Path, capsys: pytest.CaptureFixture[str]):
    write_target(routes={"/api/v1/servers": None})
    with serving(MANIFEST, other=True) as (url, _):
        code, told = smoke(url, "--target", "target.yaml")
    shown = capsys.readouterr().err
    assert code == 3, shown
    ends = {one["journey"]: one["ended_early"] for one in told["journeys"]}
    assert ends["lurker"] == ends["poster"] == "there is nothing to choose from"
    assert ends["buyer"] == ""
    assert "not there (target file)" in shown


def test_users_are_registered_once_and_kept_for_their_owner_alone(folder: Path, capsys: pytest.CaptureFixture[str]):
    from simulator.load.registration import register_missing
    from simulator.profile.target import load_target

    Path("t.yaml").write_text("users: {source: registered, file: kept.csv, count: 5}")
    target = load_target(Path("t.yaml"))
    with serving(MANIFEST) as (url, disguise):
        assert register_missing(target, url) == 5
        assert register_missing(target, url) == 0
        assert disguise.seen["/api/v1/auth/register"] == 5
        rows = kept()
        for row in rows:
            person = disguise.app.platform.people.by_login(row["username"])
            assert person is not None
            assert person.id == row["id"]
            assert disguise.app.platform.people.check_password(person, row["password"])
    assert stat.S_IMODE(Path("kept.csv").stat().st_mode) == 0o600
    Path("kept.csv").chmod(0o644)
    assert main(["load", "everything.yaml", "--target", "t.yaml", "--host", "http://127.0.0.1:9"]) == 2
    assert "kept.csv: holds passwords and others may read it; chmod 600 it" in capsys.readouterr().err


def test_where_the_api_takes_no_more_users_the_next_run_goes_on(folder: Path, capsys: pytest.CaptureFixture[str]):
    Path("t.yaml").write_text("users: {source: registered, file: kept.csv, count: 30, own_addresses: false}")
    with serving(MANIFEST) as (url, disguise):
        disguise.proxy = True
        assert main(["load", "everything.yaml", "--target", "t.yaml", "--host", url]) == 3
        assert re.search(
            r"\d+ of 30 users are registered; then the API answered 429; try again in \d+ s", capsys.readouterr().err
        )
        assert 2 < len(kept()) < 30


def kept() -> list[dict[str, str]]:
    with Path("kept.csv").open(newline="") as file:
        return list(csv.DictReader(file))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("base_path: v1", "t.yaml:1:12: base_path: 'v1' is not a path such as /api/v1"),
        ("basepath: /v1", "did you mean 'base_path'?"),
        ("auth: {value: Bearer}", "'Bearer {token}'"),
        ("routes: {/api/v1/post: null}", "the contract has no route '/api/v1/post'; did you mean '/api/v1/posts'?"),
        ("users: {source: minted, file: users.csv}", "minted tokens need `secret`"),
        ("users: {source: csv}", "csv users need `file`"),
        ("users: {source: csv, file: none.csv}", "none.csv: cannot be read: No such file"),
        ("users: {source: csv, file: everything.yaml}", "everything.yaml:1: has no column username, password"),
        ("users: {source: minted, file: users.csv, secret: NOT_SET}", "environment variable NOT_SET is not set"),
        (
            "users: {source: minted, file: users.csv, secret: OUR_KEY, secret_form: hex}",
            "what OUR_KEY holds is not hex",
        ),
        ("exemption: {header: X-A, value: NOT_SET}", "exemption.value: the environment variable NOT_SET is not set"),
        ("users: {source: registered, file: kept.csv}", "registered users need an API that is there"),
        ("url: ['http://api.example.org']", "is not this machine"),
    ],
)
def test_what_is_wrong_with_a_target_is_told_in_a_line(
    folder: Path, capsys: pytest.CaptureFixture[str], text: str, words: str
):
    Path("t.yaml").write_text(text)
    assert main(["load", "everything.yaml", "--target", "t.yaml"]) == 2
    shown = capsys.readouterr().err
    assert words in shown
    assert KEY not in shown
    assert len(shown.splitlines()) == 1
    assert not Path("runs").exists()


def test_each_virtual_user_is_another_person(folder: Path, capsys: pytest.CaptureFixture[str]):
    write_users(5)
    write_target()
    assert main(["load", "everything.yaml", "--target", "target.yaml", "--host", "http://127.0.0.1:9"]) == 2
    assert "users.csv has 5 users, and up to 10 take part" in capsys.readouterr().err
    Path("everything.yaml").write_text(json.dumps({**PROFILE, "load": {"max_users": 5, "model": "open"}}))
    assert main(["load", "everything.yaml", "--target", "target.yaml", "--host", "http://127.0.0.1:9"]) == 2
    assert "up to 1000 take part" in capsys.readouterr().err


def test_the_settings_name_a_target_too(folder: Path, capsys: pytest.CaptureFixture[str]):
    Path("crybsim.yaml").write_text("target: t.yaml\n")
    Path("t.yaml").write_text("base_path: v1")
    assert main(["load", "everything.yaml"]) == 2
    assert "t.yaml:1:12: base_path" in capsys.readouterr().err
