"""Where the stand-in receivers listen unless told otherwise, as `stack files` writes it into the copies."""

from __future__ import annotations

from typing import Annotated, Final

import typer

HTTP_PORT: Final = 9099
SMTP_PORT: Final = 2525

HttpPortOption = Annotated[
    int, typer.Option("--http-port", metavar="N", min=0, max=65535, help="Receivers of Slack, PagerDuty, webhooks.")
]
SmtpPortOption = Annotated[int, typer.Option("--smtp-port", metavar="N", min=0, max=65535, help="Receivers of mail.")]
