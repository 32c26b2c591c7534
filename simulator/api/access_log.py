"""The API's log lines, as the contract's section 7 has them: one completed line a request, one more for each 500.

Lines are gathered and written together: a system call a line would cost more than many a request.
"""

from __future__ import annotations

import os
from pathlib import Path
from types import TracebackType
from typing import Final

import orjson

from simulator.api.exchange import Exchange
from simulator.clock import rfc3339

FLUSH_BYTES: Final = 64 * 1024


class AccessLog:
    """JSON lines to a file. The owner calls `flush` about once a second, and closes it."""

    def __init__(self, path: Path, hostname: str) -> None:
        self._file = path.open("ab", buffering=0)
        self._pending: list[bytes] = []
        self._size = 0
        self._common = {"pid": os.getpid(), "hostname": hostname, "service": "api"}

    def completed(self, exchange: Exchange, status: int, duration_ms: float, now_ms: int) -> None:
        """A request was answered."""
        url = exchange.path
        if exchange.query_string:
            url += "?" + exchange.query_string.decode("latin-1")
        self._write(
            {
                "level": "error" if status >= 500 else "warn" if status >= 400 else "info",
                "time": rfc3339(now_ms),
                **self._common,
                "reqId": exchange.request_id,
                "req": {
                    "method": exchange.method,
                    "url": url,
                    "hostname": exchange.headers.get(b"host", b"").decode("latin-1"),
                    "remoteAddress": exchange.address,
                    "remotePort": exchange.peer[1],
                },
                "res": {"statusCode": status},
                "responseTime": round(duration_ms, 3),
                "msg": "request completed",
                "method": exchange.method,
                "status": status,
                "duration": round(duration_ms, 3),
            }
        )

    def failed(self, exchange: Exchange, name: str, code: str, message: str, now_ms: int) -> None:
        """A request ran into an error of the server."""
        self._write(
            {
                "level": "error",
                "time": rfc3339(now_ms),
                **self._common,
                "reqId": exchange.request_id,
                "msg": message,
                "error": {"name": name, "message": message, "statusCode": 500, "code": code},
                "request": {
                    "id": exchange.request_id,
                    "method": exchange.method,
                    "url": exchange.path,
                    "ip": exchange.address,
                },
            }
        )

    def limited(self, key: str, address: str, now_ms: int) -> None:
        """Somebody sent too many events, or connected too often; requests beyond a limit have their own line."""
        self._operational("rate limit exceeded", {"key": key, "ip": address}, now_ms)

    def socket_refused(self, why: str, address: str, user_agent: str, now_ms: int) -> None:
        """A handshake of Socket.IO failed. As a security event it has that log's fields, too."""
        self._operational(
            f"socket authentication failed: {why}",
            {
                "event": "socket_auth_failed",
                "severity": "medium",
                "error": why,
                "srcip": address,
                "user_agent": user_agent,
                "endpoint": "/socket.io/",
                "success": False,
                "reason": why,
            },
            now_ms,
        )

    def flush(self) -> None:
        """Write what has been gathered."""
        if self._pending:
            self._file.write(b"".join(self._pending))
            self._pending.clear()
            self._size = 0

    def close(self) -> None:
        self.flush()
        self._file.close()

    def __enter__(self) -> AccessLog:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _operational(self, text: str, fields: dict[str, object], now_ms: int) -> None:
        self._write({"level": "warn", "time": rfc3339(now_ms), **self._common, "msg": text, **fields})

    def _write(self, line: dict[str, object]) -> None:
        encoded = orjson.dumps(line, option=orjson.OPT_APPEND_NEWLINE)
        self._pending.append(encoded)
        self._size += len(encoded)
        if self._size >= FLUSH_BYTES:
            self.flush()
