"""The SMTP listener: takes every mail, delivers none.

Two headers that the copied alertmanager.yml adds tell the receiver and its alerts. STARTTLS is not offered (the copy
does not ask for it); AUTH is accepted with any credentials, which are not kept.
"""

from __future__ import annotations

import email
import email.policy
from collections.abc import Callable
from email.message import EmailMessage
from typing import Final

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, Session

from simulator.receivers.delivery import Heard, paragraphs
from simulator.receivers.html_text import visible_text
from simulator.wire.notifications import ALERTS_HEADER, RECEIVER_HEADER, decode_segment, take_alerts

LINE_OCTETS: Final = 998
"""Longest line of a mail without its end, RFC 5321 section 4.5.3.1.6; ours may be longer."""


class MailListener(SMTP):
    """One SMTP connection. Alertmanager's list of alerts is one long header line."""

    line_length_limit = 4_000_000


class MailHandler:
    """Passes what was heard on: receiver, and the mail."""

    def __init__(self, on_mail: Callable[[str, Heard], None]) -> None:
        self._on_mail = on_mail

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802 (aiosmtpd's name)
        """A mail came; it is accepted unless a server of the field would refuse its form."""
        content = envelope.content or b""
        raw = content if isinstance(content, bytes) else content.encode()
        receiver, heard = read_mail(raw, tuple(envelope.rcpt_tos))
        self._on_mail(receiver, heard)
        return f"554 5.6.0 {heard.problem}" if heard.problem else "250 2.0.0 Ok: queued as CRYBSIM"


def listen(handler: MailHandler) -> MailListener:
    """The protocol of one connection."""
    return MailListener(
        handler,
        hostname="crybsim.localhost",
        ident="crybsim",
        auth_require_tls=False,
        authenticator=lambda *_: AuthResult(success=True),
        enable_SMTPUTF8=True,
    )


def read_mail(raw: bytes, recipients: tuple[str, ...]) -> tuple[str, Heard]:
    """The Alertmanager receiver that a mail is from, and what it says."""
    message = email.message_from_bytes(raw, policy=email.policy.default)
    assert isinstance(message, EmailMessage)  # the default policy makes no other
    body = message.get_body(preferencelist=("plain", "html"))
    text = str(body.get_content()) if body is not None else ""
    if body is not None and body.get_content_subtype() == "html":
        text = visible_text(text)
    subject = str(message.get("Subject", "")).strip()
    head = raw.replace(b"\r\n", b"\n").split(b"\n\n", 1)[0]
    long = [line for line in head.split(b"\n") if len(line) > LINE_OCTETS and not line.startswith(_OWN)]
    problem = ""
    if long:
        problem = f"a header line is longer than {LINE_OCTETS} octets"
    elif not paragraphs(subject, text):
        problem = "the mail has neither subject nor text"
    return decode_segment(str(message.get(RECEIVER_HEADER, ""))), Heard(
        destination=", ".join(recipients),
        title=subject,
        text=text,
        alerts=take_alerts("".join(str(message.get(ALERTS_HEADER, "")).splitlines())).alerts,
        problem=problem,
    )


_OWN: Final = (f"{RECEIVER_HEADER}:".encode(), f"{ALERTS_HEADER}:".encode())
