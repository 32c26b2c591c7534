"""`crybsim stack status`: whether it stands, and where."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Final

import httpx
import typer

from simulator.cli.options import JsonOption
from simulator.cli.stack.shown import say, show
from simulator.errors import ExitCode
from simulator.stack.standing import StateFile
from simulator.transport import http_client

_READY_PATHS: Final = {"prometheus": "/-/ready", "alertmanager": "/-/ready", "emitter": "/"}


def command(as_json: JsonOption = False) -> int:
    """Say whether the stack of this folder is up, and where. Exit code 1 when it is not.

    \b
    Examples:
      crybsim stack status
      crybsim stack status --json
    """
    standing = StateFile().read()
    urls = standing.urls if standing else {}
    answering = {name: _answers(name, url) for name, url in urls.items() if name in _READY_PATHS}
    is_up = bool(answering) and all(answering.values())
    if as_json:
        typer.echo(json.dumps({"up": is_up, "answering": answering, "stack": asdict(standing) if standing else None}))
    elif standing is None:
        say("no stack is up here")
    elif not standing.is_ready:
        say(f"starting (pid {standing.pid})")
    else:
        show(standing)
        for name in (name for name, answers in answering.items() if not answers):
            say(f"{name} does not answer; see {standing.folder}/logs")
    return ExitCode.PASS if is_up else ExitCode.FAIL


def _answers(name: str, url: str) -> bool:
    try:
        with http_client(url, timeout=2.0) as client:
            return client.get(url + _READY_PATHS[name]).status_code == httpx.codes.OK
    except httpx.HTTPError:
        return False
