"""A real Bugsink on loopback: started, asked through its own models, ended."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

FOLDER = Path(__file__).parents[2] / ".tools" / "bugsink"
_CONFIG = """\
from bugsink.settings.default import *  # noqa
SECRET_KEY = "not a secret: it lives as long as a test"
ALLOWED_HOSTS = ["127.0.0.1"]
SNAPPEA = {{"TASK_ALWAYS_EAGER": True}}
EMAIL_BACKEND = "django.core.mail.backends.dummy.EmailBackend"
DATABASES["default"]["NAME"] = "{folder}/db.sqlite3"
DATABASES["snappea"]["NAME"] = "{folder}/snappea.sqlite3"
for database in DATABASES.values():  # by default 5 s, after which an event is lost whose answer was 200
    database["OPTIONS"].update(query_timeout=300, timeout=300)
BUGSINK = {{
    "BASE_URL": "http://127.0.0.1:{port}",
    "PHONEHOME": False,
    "VALIDATE_ON_DIGEST": "strict",
    "INGEST_STORE_BASE_DIR": "{folder}/ingestion",
    "MAX_EVENTS_PER_5_MINUTES": {quota},
    "MAX_EVENTS_PER_PROJECT_PER_5_MINUTES": {quota},
}}
"""
_PROJECT = """
from projects.models import Project
from teams.models import Team
project = Project.objects.create(name="cryb", team=Team.objects.create(name="cryb"))
print(json.dumps({"id": project.id, "key": project.sentry_key.hex}))
"""
_EVENTS = """
from events.models import Event
print(json.dumps([
    {
        "id": event.event_id.hex,
        "issue": str(event.issue_id),
        "type": event.issue.calculated_type,
        "value": event.issue.calculated_value,
        "level": event.level,
        "tags": {tag.value.key.key: tag.value.value for tag in event.tags.select_related("value__key")},
        "data": json.loads(event.data),
    }
    for event in Event.objects.select_related("issue").order_by("timestamp")
]))
"""
_RELEASES = """
from releases.models import Release
print(json.dumps(sorted(Release.objects.values_list("version", flat=True))))
"""


@dataclass(frozen=True)
class Bugsink:
    """A server with one project."""

    folder: Path
    dsn: str

    def events(self) -> list[dict[str, Any]]:
        """Every event that it holds, with its issue and tags."""
        found: list[dict[str, Any]] = _asked(self.folder, _EVENTS)
        return found

    def releases(self) -> list[str]:
        """Every release that it knows."""
        found: list[str] = _asked(self.folder, _RELEASES)
        return found


@contextmanager
def running_bugsink(folder: Path, *, quota: int = 1_000_000) -> Iterator[Bugsink]:
    """A server; `quota`: events that it takes in five minutes. Skips the test where there is no Bugsink."""
    if not (FOLDER / ".complete").is_file():
        pytest.skip("there is no Bugsink in .tools; `make accept` brings it")
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    (folder / "bugsink_conf.py").write_text(_CONFIG.format(folder=folder, port=port, quota=quota))
    python = str(FOLDER / "bin" / "python")
    _run(folder, "migrate", "--verbosity", "0")
    project = _asked(folder, _PROJECT)
    command = [python, "-m", "gunicorn", "bugsink.wsgi", f"--bind=127.0.0.1:{port}", "--threads=4", "--timeout=120"]
    with (folder / "bugsink.log").open("wb") as log:
        process = subprocess.Popen(command, cwd=folder, env=_environment(folder), stdout=log, stderr=log)
        try:
            _wait(process, f"http://127.0.0.1:{port}/health/ready", folder / "bugsink.log")
            yield Bugsink(folder, f"http://{project['key']}@127.0.0.1:{port}/{project['id']}")
        finally:
            process.terminate()
            try:
                process.wait(30)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _environment(folder: Path) -> dict[str, str]:
    return {**os.environ, "DJANGO_SETTINGS_MODULE": "bugsink_conf", "PYTHONPATH": str(folder)}


def _run(folder: Path, *arguments: str) -> str:
    done = subprocess.run(
        [str(FOLDER / "bin" / "bugsink-manage"), *arguments],
        cwd=folder,
        env=_environment(folder),
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def _asked(folder: Path, script: str) -> Any:
    """What a script prints last, as JSON, in the server's own environment."""
    return json.loads(_run(folder, "shell", "-c", f"import json\n{script}").splitlines()[-1])


def _wait(process: subprocess.Popen[bytes], url: str, log: Path) -> None:
    deadline = time.monotonic() + 300
    while True:
        try:
            if httpx.get(url, timeout=60).status_code < 500:
                return
        except httpx.TransportError:
            pass
        assert process.poll() is None, log.read_text()
        assert time.monotonic() < deadline, log.read_text()
        time.sleep(0.2)
