"""Data source, folder and dashboards by Grafana's HTTP API, against a receiver that holds to its documentation.

No Grafana was at hand: what is checked is what the documentation of the API says of paths, bodies and codes.
"""

from __future__ import annotations

import copy
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from simulator.cli.demo_grafana import fill_grafana, opened_to
from simulator.cli.panels_view import dashboard_files
from simulator.errors import InputError, UndeliveredError
from simulator.profile.settings import Settings
from simulator.rehearsal.dashboards.grafana import DataSource, Grafana
from simulator.transport import http_client

TOKEN = "glsa_let-me-in"
PROMETHEUS = DataSource("prometheus", "http://127.0.0.1:9090")


class GrafanaStandIn:
    """What was made. `refuse` has the status and message with which it refuses a path."""

    def __init__(self) -> None:
        self.sources: dict[str, Any] = {}
        self.folders: dict[str, Any] = {}
        self.dashboards: dict[str, Any] = {}
        self.calls: list[str] = []
        self.refuse: dict[str, tuple[int, str]] = {}

    def answer(self, method: str, path: str, body: Any) -> tuple[int, Any]:
        """As https://grafana.com/docs/grafana/latest/developers/http_api/ says."""
        self.calls.append(f"{method} {path}")
        if path in self.refuse:
            status, message = self.refuse[path]
            return status, {"message": message}
        match method, path.split("/")[2:]:
            case "GET", ["datasources", "uid", uid]:
                return (200, self.sources[uid]) if uid in self.sources else (404, {"message": "Data source not found"})
            case "PUT", ["datasources", "uid", uid]:
                assert uid in self.sources
                self.sources[uid] = body
                return 200, {"message": "Datasource updated", "datasource": body}
            case "POST", ["datasources"]:
                assert {"name", "type", "url", "access"} <= body.keys()
                if any(one["name"] == body["name"] for one in self.sources.values()):
                    return 409, {"message": "data source with the same name already exists"}
                self.sources[body["uid"]] = body
                return 200, {"message": "Datasource added", "datasource": body}
            case "GET", ["folders", uid]:
                return (200, self.folders[uid]) if uid in self.folders else (404, {"message": "folder not found"})
            case "POST", ["folders"]:
                self.folders[body["uid"]] = body
                return 200, body | {"url": f"/dashboards/f/{body['uid']}/x"}
            case "POST", ["dashboards", "db"]:
                dashboard = body["dashboard"]
                assert dashboard["id"] is None
                assert body["folderUid"] in self.folders
                if dashboard["uid"] in self.dashboards and not body["overwrite"]:
                    return 412, {"status": "version-mismatch", "message": "changed by someone else"}
                self.dashboards[dashboard["uid"]] = dashboard
                return 200, {"uid": dashboard["uid"], "url": f"/d/{dashboard['uid']}/x", "status": "success"}
        return 404, {"message": "Not found"}


@contextmanager
def grafana(state: GrafanaStandIn) -> Iterator[str]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            body = json.loads(self.rfile.read(length)) if length else None
            if self.headers.get("Authorization") != f"Bearer {TOKEN}":
                status, answer = 401, {"message": "Invalid API key"}
            else:
                status, answer = state.answer(self.command, self.path, body)
            content = json.dumps(answer).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_POST = do_PUT = do_GET  # noqa: N815

        def log_message(self, format: str, *arguments: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def fill(url: str, token: str = TOKEN, source: DataSource = PROMETHEUS) -> dict[str, str]:
    with http_client(url, headers={"Authorization": f"Bearer {token}"}) as client:
        return Grafana(client).fill([source], dashboard_files(None, Settings()))


def test_all_is_made_and_a_second_time_changes_nothing() -> None:
    state = GrafanaStandIn()
    with grafana(state) as url:
        places = fill(url)
        first = copy.deepcopy((state.sources, state.folders, state.dashboards))
        assert fill(url) == places
    assert (state.sources, state.folders, state.dashboards) == first
    assert len(places) == len(state.dashboards) == 5
    assert places["CRYB / SLO"] == f"{url}/d/cryb-slo/x"
    assert state.sources["crybsim-prometheus"]["jsonData"]["timeInterval"] == "15s"
    assert state.calls.count("POST /api/datasources") == 1
    assert state.calls.count("POST /api/folders") == 1
    for dashboard in state.dashboards.values():
        (chosen,) = [one for one in dashboard["templating"]["list"] if one["name"] == "prometheus_datasource"]
        assert chosen["current"]["value"] == "crybsim-prometheus"


def test_another_address_is_put_into_the_data_source() -> None:
    state = GrafanaStandIn()
    with grafana(state) as url:
        fill(url)
        fill(url, source=DataSource("prometheus", "http://172.17.0.1:9090"))
    assert state.sources["crybsim-prometheus"]["url"] == "http://172.17.0.1:9090"


@pytest.mark.parametrize(
    ("path", "status", "kind", "words"),
    [
        ("/api/datasources/uid/crybsim-prometheus", 403, InputError, "may not do that"),
        ("/api/datasources", 409, UndeliveredError, "another one has this name"),
        ("/api/folders", 403, InputError, "folder 'crybsim demo': 403"),
        ("/api/dashboards/db", 412, UndeliveredError, "somebody else's has the same name or a newer version (no)"),
        ("/api/dashboards/db", 400, UndeliveredError, "dashboard 'CRYB / API performance': 400: no"),
    ],
)
def test_a_refusal_is_one_line_with_what_to_do(path: str, status: int, kind: type[Exception], words: str) -> None:
    state = GrafanaStandIn()
    state.refuse = {path: (status, "no")}
    with grafana(state) as url, pytest.raises(kind) as caught:
        fill(url)
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_wrong_token_is_said_and_not_shown() -> None:
    with grafana(GrafanaStandIn()) as url, pytest.raises(InputError, match="the token is not taken") as caught:
        fill(url, token="wrong-token")
    assert "wrong-token" not in str(caught.value)


def test_the_token_comes_from_the_environment_and_hosts_have_to_be_allowed(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("GRAFANA_TOKEN", raising=False)
    with pytest.raises(InputError, match="into GRAFANA_TOKEN"):
        fill_grafana("http://127.0.0.1:1", "http://127.0.0.1:9090", None, [])
    monkeypatch.setenv("GRAFANA_TOKEN", TOKEN)
    with pytest.raises(InputError, match="allowed_hosts"):
        fill_grafana("http://grafana.example:3000", "http://127.0.0.1:9090", None, [])
    state = GrafanaStandIn()
    with grafana(state) as url:
        places = fill_grafana(url, "http://127.0.0.1:9090", None, dashboard_files(None, Settings()))
    told = capsys.readouterr()
    assert "5 dashboards in folder 'crybsim demo'" in told.err
    assert all(place.startswith(f"{url}/d/cryb-") for place in places.values())
    assert TOKEN not in told.out + told.err


def test_a_container_reaches_prometheus_by_the_address_that_it_listens_on(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GRAFANA_TOKEN", TOKEN)
    state = GrafanaStandIn()
    with grafana(state) as url, opened_to("127.0.0.2", url) as gateway:
        assert gateway is not None
        fill_grafana(url, "http://127.0.0.1:9090", gateway, [])
        assert state.sources["crybsim-prometheus"]["url"] == gateway.url()
        with http_client(gateway.url()) as client:
            assert client.get("/api/folders/x", headers={"Authorization": f"Bearer {TOKEN}"}).status_code == 404
    with grafana(state) as url, opened_to("0.0.0.0", url) as gateway:  # noqa: S104
        fill_grafana(url, "http://127.0.0.1:9090", gateway, [])
    assert state.sources["crybsim-prometheus"]["url"].startswith("http://host.docker.internal:")
    assert "warning: Prometheus listens on http://0.0.0.0:" in capsys.readouterr().err
