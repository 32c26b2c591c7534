"""Data sources, a folder and dashboards in a Grafana that runs, made by its HTTP API.

Sources: https://grafana.com/docs/grafana/latest/developers/http_api/data_source/, …/folder/ and …/dashboard/. What is
made carries uids of ours, by which a second time finds it again; whatever else is there is left alone.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import httpx

from simulator.errors import InputError, UndeliveredError
from simulator.rehearsal.standing.answers import refusal

FOLDER_UID: Final = "crybsim-demo"
FOLDER_TITLE: Final = "crybsim demo"
_PROMETHEUS_TYPE: Final = "prometheus"
_SCRAPE_INTERVAL: Final = "15s"


@dataclass(frozen=True)
class DataSource:
    """One server as Grafana is to know it. `kind` is `prometheus` or `loki`; `url` is as seen from Grafana."""

    kind: str
    url: str

    @property
    def uid(self) -> str:
        return f"crybsim-{self.kind}"

    @property
    def document(self) -> dict[str, Any]:
        """As the API takes it."""
        own = {"httpMethod": "POST", "timeInterval": _SCRAPE_INTERVAL} if self.kind == _PROMETHEUS_TYPE else {}
        return {
            "uid": self.uid,
            "name": f"crybsim {self.kind.title()}",
            "type": self.kind,
            "access": "proxy",
            "url": self.url,
            "isDefault": False,
            "jsonData": own,
        }


class Grafana:
    """One Grafana. Methods raise UndeliveredError with what it said, InputError where the token may not do it."""

    def __init__(self, client: httpx.Client) -> None:
        self._client = client

    def fill(self, sources: Sequence[DataSource], dashboards: Sequence[Path]) -> dict[str, str]:
        """Make all of it. Returns the addresses of the dashboards by their titles."""
        for source in sources:
            self._put_source(source)
        self._put_folder()
        return dict(self._put_dashboard(path, sources) for path in dashboards)

    def _put_source(self, source: DataSource) -> None:
        what = f"data source {source.document['name']!r}"
        if self._is_there(f"/api/datasources/uid/{source.uid}", what):
            self._call("PUT", f"/api/datasources/uid/{source.uid}", source.document, what)
        else:
            self._call("POST", "/api/datasources", source.document, what)

    def _put_folder(self) -> None:
        what = f"folder {FOLDER_TITLE!r}"
        if not self._is_there(f"/api/folders/{FOLDER_UID}", what):
            self._call("POST", "/api/folders", {"uid": FOLDER_UID, "title": FOLDER_TITLE}, what)

    def _put_dashboard(self, path: Path, sources: Sequence[DataSource]) -> tuple[str, str]:
        try:
            content = json.loads(path.read_text("utf-8"))
        except (OSError, ValueError) as error:
            raise InputError(f"{path}: cannot be read as a dashboard: {error}") from error
        dashboard = content.get("dashboard", content)
        dashboard |= {"id": None}
        for variable in dashboard.get("templating", {}).get("list", ()):
            for source in sources:
                if variable.get("type") == "datasource" and variable.get("query") == source.kind:
                    name = source.document["name"]
                    variable["current"] = {"selected": True, "text": name, "value": source.uid}
        body = {"dashboard": dashboard, "folderUid": FOLDER_UID, "overwrite": True, "message": "crybsim demo"}
        title = str(dashboard.get("title"))
        answer = self._call("POST", "/api/dashboards/db", body, f"dashboard {title!r}")
        return title, str(self._client.base_url.join(str(answer.get("url", ""))))

    def _is_there(self, path: str, what: str) -> bool:
        response = self._send("GET", path, None, what)
        if response.status_code == httpx.codes.NOT_FOUND:
            return False
        self._check(response, what)
        return True

    def _call(self, method: str, path: str, body: dict[str, Any], what: str) -> dict[str, Any]:
        response = self._send(method, path, body, what)
        self._check(response, what)
        try:
            answer = response.json()
        except ValueError as error:
            raise UndeliveredError(f"{self._client.base_url}: {path} does not answer as a Grafana does") from error
        return answer if isinstance(answer, dict) else {}

    def _send(self, method: str, path: str, body: dict[str, Any] | None, what: str) -> httpx.Response:
        try:
            return self._client.request(method, path, json=body)
        except httpx.HTTPError as error:
            raise UndeliveredError(f"{self._client.base_url}: {what}: {refusal(error)}") from error

    def _check(self, response: httpx.Response, what: str) -> None:
        if response.is_success:
            return
        said = f"{self._client.base_url}: {what}: {response.status_code}"
        words = _words(response)
        match response.status_code:
            case httpx.codes.UNAUTHORIZED:
                raise InputError(f"{said}: the token is not taken ({words}); make a service account's token anew")
            case httpx.codes.FORBIDDEN:
                raise InputError(f"{said}: the token may not do that ({words}); its service account needs role Admin")
            case httpx.codes.CONFLICT:
                raise UndeliveredError(f"{said}: another one has this name ({words}); rename or remove that")
            case httpx.codes.PRECONDITION_FAILED:
                raise UndeliveredError(
                    f"{said}: somebody else's has the same name or a newer version ({words}); rename or remove that"
                )
        raise UndeliveredError(f"{said}: {words}")


def _words(response: httpx.Response) -> str:
    """What it says, without more."""
    try:
        body = response.json()
        return refusal(ValueError(str(body.get("message") or response.reason_phrase)))
    except (ValueError, AttributeError):
        return response.reason_phrase
