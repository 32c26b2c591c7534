"""A receiver of envelopes on a real port: reads them with sentry-sdk's parser, checks what the protocol asks for, and
answers by a script."""

from __future__ import annotations

import gzip
import json
import re
import threading
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from sentry_sdk.envelope import Envelope

KEY = "0123456789abcdef0123456789abcdef"
_AUTH = re.compile(rf"Sentry sentry_version=7, sentry_client=[\w./-]+, sentry_key={KEY}")


@dataclass(frozen=True)
class Say:
    """An answer: a status, and headers. Without a status there is none at all."""

    status: int | None = 200
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b"{}"


@dataclass
class Receiver:
    """What came: by type of item, payloads; and what was wrong with it."""

    answer: Callable[[int, str], Say] = lambda number, kind: Say()
    """Given the number of the request (from 0) and its item's type."""
    dsn: str = ""
    items: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    """Those that were taken."""
    requests: int = 0
    broken: list[str] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def of(self, kind: str) -> list[dict[str, Any]]:
        """Payloads of one type."""
        return [payload for name, payload in self.items if name == kind]

    def take(self, path: str, headers: dict[str, str], body: bytes) -> Say:
        """Read a request by https://develop.sentry.dev/sdk/data-model/envelopes/."""
        self._expect(path == "/api/7/envelope/", f"path {path}")
        self._expect(headers.get("content-type") == "application/x-sentry-envelope", "content type")
        self._expect(bool(_AUTH.fullmatch(headers.get("x-sentry-auth", ""))), "X-Sentry-Auth")
        self._expect(headers.get("content-encoding") == "gzip", "not gzipped")
        raw = gzip.decompress(body)
        _, header, rest = raw.split(b"\n", 2)
        self._expect(rest[json.loads(header)["length"] :] == b"\n", "length")
        envelope = Envelope.deserialize(raw)
        self._expect(len(envelope.items) == 1, "one report an envelope")
        (item,) = envelope.items
        payload = item.payload.json or json.loads(item.get_bytes())
        self._expect(envelope.headers.get("event_id") == payload["event_id"], "the header names the event")
        self._expect(uuid.UUID(payload["event_id"]).hex == payload["event_id"], "an id is a UUID without dashes")
        self._expect("sent_at" in envelope.headers, "sent_at")
        self._expect(KEY not in str(envelope.headers), "the key is in the envelope")
        with self.lock:
            say = self.answer(self.requests, item.type or "")
            self.requests += 1
            if say.status is not None and 200 <= say.status < 300:
                self.items.append((item.type or "", payload))
        return say

    def _expect(self, holds: bool, what: str) -> None:
        if not holds:
            self.broken.append(what)


@contextmanager
def receiving(receiver: Receiver) -> Iterator[Receiver]:
    """Serve on a free port of loopback."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            say = receiver.take(self.path, {name.lower(): value for name, value in self.headers.items()}, body)
            if say.status is None:
                self.close_connection = True
                return
            self.send_response(say.status)
            for name, value in say.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(say.body)))
            self.end_headers()
            self.wfile.write(say.body)

        def log_message(self, format: str, *args: object) -> None:
            """Silence."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    receiver.dsn = f"http://{KEY}@127.0.0.1:{server.server_port}/7"
    try:
        yield receiver
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
