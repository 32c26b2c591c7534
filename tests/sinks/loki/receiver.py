"""A receiver of pushes on a real port, with the rules of Loki that a client can break, and answers by a script.

Independent of the sink: it reads with other code, and keeps by itself what a Loki would keep.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from simulator.telemetry.samples import Labels
from tests.wire.loki_reader import Streams, read_push


@dataclass(frozen=True)
class Say:
    """An answer of the script. `takes`: what of the request is kept all the same, by stream (None: nothing);
    without a status there is no answer at all."""

    status: int | None
    text: str = ""
    retry_after: str = ""
    takes: int | None = None


OK = Say(204)
"""Takes everything."""


@dataclass
class Receiver:
    """What came, and what is held: by stream, by time and text, as a Loki recognises an entry."""

    window_ns: int = 3_600 * 10**9
    config: str | None = None
    script: list[Say] = field(default_factory=list)
    url: str = ""
    requests: list[tuple[int, Streams]] = field(default_factory=list)  # bytes of lines, streams
    headers: list[dict[str, str]] = field(default_factory=list)
    paths: list[str] = field(default_factory=list)
    held: dict[Labels, dict[tuple[int, bytes], None]] = field(default_factory=dict)
    broken: list[str] = field(default_factory=list)
    """Rules that were broken."""

    def push(self, streams: Streams) -> Say:
        """The answer to a request, whatever it is kept of it."""
        self.requests.append((sum(len(line) for _, entries in streams for _, line in entries), streams))
        if len({labels for labels, _ in streams}) < len(streams):
            self.broken.append("a stream is in a request twice")
        say = self.script.pop(0) if self.script else OK
        some = None if say is OK or say.status == 204 else say.takes or 0
        for labels, entries in streams:
            self._take(labels, entries if some is None else entries[:some])
        return say

    def lines(self) -> dict[Labels, list[bytes]]:
        """The lines of each stream, oldest first."""
        return {labels: [line for _, line in sorted(entries)] for labels, entries in self.held.items() if entries}

    def _take(self, labels: Labels, entries: list[tuple[int, bytes]]) -> None:
        own = self.held.setdefault(labels, {})
        times = [at for at, _ in entries]
        if times != sorted(times):
            self.broken.append(f"entries of {labels} are not oldest first")
        for at, line in entries:
            newest = max((known for known, _ in own), default=at)
            if at < newest - self.window_ns:
                self.broken.append(f"an entry of {labels} is too far behind")
            own[at, line] = None


@contextmanager
def receiving(receiver: Receiver) -> Iterator[Receiver]:
    """Serve on a free port of loopback."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            found = self.path.endswith("/config") and receiver.config is not None
            self._answer(200 if found else 404, (receiver.config or "") if found else "404 page not found")

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            receiver.headers.append({name.lower(): value for name, value in self.headers.items()})
            receiver.paths.append(self.path)
            say = receiver.push(read_push(self.headers["Content-Type"], body))
            if say.status is None:
                self.close_connection = True
                return
            self._answer(say.status, say.text, say.retry_after)

        def _answer(self, status: int, text: str, retry_after: str = "") -> None:
            self.send_response(status)
            if retry_after:
                self.send_header("Retry-After", retry_after)
            if status != 204:
                self.send_header("Content-Length", str(len(text.encode())))
            self.end_headers()
            if status != 204:
                self.wfile.write(text.encode())

        def log_message(self, format: str, *args: object) -> None:
            """Silence."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    receiver.url = f"http://127.0.0.1:{server.server_port}"
    try:
        yield receiver
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def lost_and_doubled(receiver: Receiver, wanted: dict[Labels, list[bytes]]) -> tuple[int, int]:
    """How many lines are missing, and how many are there that should not be."""
    held = receiver.lines()
    streams: Sequence[Labels] = list({**wanted, **held})
    missing = sum(max(len(wanted.get(one, [])) - len(held.get(one, [])), 0) for one in streams)
    extra = sum(max(len(held.get(one, [])) - len(wanted.get(one, [])), 0) for one in streams)
    return missing, extra
