"""`crybsim stack receivers`: stand-ins for Slack, PagerDuty, mail and the others, for servers elsewhere."""

from __future__ import annotations

import json
import signal
import tempfile
import threading
from pathlib import Path

import typer

from simulator.cli.stack.ports import HTTP_PORT, SMTP_PORT, HttpPortOption, SmtpPortOption
from simulator.receivers import Receivers
from simulator.telemetry.journal import encode
from simulator.telemetry.observations import NotificationReceived


def command(http_port: HttpPortOption = HTTP_PORT, smtp_port: SmtpPortOption = SMTP_PORT) -> None:
    """Listen in the place of Slack, PagerDuty, mail and the others, and print each notification as one JSON line.

    The alertmanager.yml that crybsim stack files writes sends here. The first line says where it listens.

    \b
    Examples:
      crybsim stack receivers
      crybsim stack receivers --http-port 0 --smtp-port 0
    """
    stopped = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stopped.set())
    with (
        tempfile.TemporaryDirectory(prefix="crybsim-") as folder,
        Receivers(_print, Path(folder), http_port=http_port, smtp_port=smtp_port) as listening,
    ):
        urls = {"http": listening.http_url, "smtp": f"smtp://{listening.smtp_address}"}
        typer.echo(json.dumps({"event": "ready", "urls": urls}))
        stopped.wait()


def _print(notification: NotificationReceived) -> None:
    typer.echo(encode(notification))
