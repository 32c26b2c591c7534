"""Runs the cases of http_cases.py with FastHttpUser and with the scenarios' own client, and prints what was seen.

A process of its own, since Locust patches sockets. One line of JSON for each case: what each of the two saw, and what
the server saw of each.
"""

from __future__ import annotations

# ruff: noqa: E402
from gevent import monkey

monkey.patch_all()

import json
import socket
import struct
import sys
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import gevent
import trustme
from gevent import ssl
from gevent.server import StreamServer
from locust import FastHttpUser
from locust.env import Environment
from locust.exception import ResponseError

from tests.scenarios.http_cases import CASES, Call, Case

sys.path.insert(0, str(Path(__file__).parents[2] / "scenarios"))
from _fast_http import FastUser

_MOST_SECONDS = 60  # for anything that ought to happen at once


class Server:
    """Does what a case's scripts say, and writes down what it was asked."""

    def __init__(self, case: Case, context: ssl.SSLContext | None) -> None:
        self._case = case
        self._counts: dict[str, int] = {}
        self._connections = 0
        self.seen: list[dict[str, Any]] = []
        self.open = 0
        arguments = {"ssl_context": context} if context else {}
        self._server = StreamServer(("127.0.0.1", 0), self._serve, **arguments)
        self._server.start()
        self.port = self._server.server_port

    def stop(self) -> None:
        self._server.stop(timeout=0)

    def _serve(self, sock: Any, _address: object) -> None:
        self._connections += 1
        self.open += 1
        number = self._connections
        try:
            stream = sock.makefile("rb")
            while self._answer(sock, stream, number):
                pass
        except OSError:
            pass
        finally:
            sock.close()
            self.open -= 1

    def _answer(self, sock: Any, stream: Any, number: int) -> bool:
        first = stream.readline().decode("latin-1").split()
        if len(first) != 3:
            return False
        headers = {}
        while line := stream.readline().decode("latin-1").strip():
            name, _, value = line.partition(": ")
            headers[name.lower()] = value.replace(str(self.port), "PORT")
        body = stream.read(int(headers.get("content-length", 0)))
        method, path, _ = first
        self.seen.append({"line": [method, path], "headers": headers, "body": _shown(body), "connection": number})
        scripts = self._case.paths[path]
        count = self._counts[path] = self._counts.get(path, 0) + 1
        for step in scripts[min(count, len(scripts)) - 1]:
            if isinstance(step, bytes):
                sock.sendall(step.replace(b"{port}", str(self.port).encode()))
            elif step == "pause":
                gevent.sleep(0.02)
            elif step == "wait":
                stream.read()
            elif step == "reset":
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                return False
            else:
                return False
        return True


def observe(base: type[Any], case: Case, server: Server) -> list[dict[str, Any]]:
    """One user makes the case's calls; what each of them showed."""
    environment = Environment()
    events: list[dict[str, Any]] = []
    environment.events.request.add_listener(lambda **fired: events.append(fired))
    options = {"network_timeout": 20.0, "connection_timeout": 20.0, **case.options}
    options["default_headers"] = options.pop("headers", None)
    user = type("One", (base,), {"host": f"{case.scheme}://{case.login}127.0.0.1:{server.port}", **options})(
        environment
    )
    told = []
    for call in case.calls:
        events.clear()
        raised, response = "", None
        try:
            response = _call(user, call, server.port)
        except Exception as error:
            raised = f"{type(error).__name__}: {error}"
        told.append({"raised": raised, **_response(response), "events": [_event(one) for one in events]})
        _settle(case, server)
    seen: list[dict[str, Any]] = json.loads(json.dumps(told).replace(str(server.port), "PORT"))
    return seen


def _settle(case: Case, server: Server) -> None:
    """Where the server closes after its answer, let that be known here before the next call."""
    closing = any("close" in script and len(script) > 1 for scripts in case.paths.values() for script in scripts)
    with gevent.Timeout(_MOST_SECONDS):
        while closing and server.open:
            gevent.sleep(0.002)
    gevent.sleep(0.005)


def _call(user: Any, call: Call, port: int) -> Any:
    method, url, named = call
    named = dict(named)
    url = url.replace("{port}", str(port))
    renamed = named.pop("renamed", None)
    if "caught" in named:
        return _caught(user, method, url, named.pop("caught"))
    with user.client.rename_request(renamed) if renamed else nullcontext():
        return user.client.request(method, url, **named)


def _caught(user: Any, method: str, url: str, how: str) -> Any:
    if how == "uncaught block":
        with user.client.request(method, url) as response:
            return response
    if how == "without":
        response = user.client.request(method, url)
        response.success()
        return response
    if how == "rest":
        with user.rest(method, url) as response:
            assert response.js == {"a": [1, "é"]}, "not what was expected,"
        return response
    with user.client.request(method, url, catch_response=True) as response:
        match how:
            case "success":
                response.success()
            case "failure":
                response.failure("not good")
            case "failure by exception":
                response.failure(RuntimeError("not good"))
            case "mistake":
                raise KeyError("a mistake")
            case "response error":
                raise ResponseError("a bad response")
            case "raise":
                response.raise_for_status()
    return response


def _response(response: Any) -> dict[str, Any]:
    if response is None:
        return {}
    return {
        "status": response.status_code,
        "ok": response.ok,
        "content": _shown(_or_error(lambda: response.content)),
        "text": _shown(_or_error(lambda: response.text)),
        "json": _or_error(response.json),
        "headers": None if response.headers is None else list(response.headers.items()),
        "one header": None if response.headers is None else response.headers.get("x-a"),
        "url": response.url,
        "request": [response.request.method, response.request.url],
        **({} if hasattr(response, "request_meta") or not response.status_code else _on_the_way(response)),
    }


def _on_the_way(response: Any) -> dict[str, Any]:
    """What FastHttpUser does not tell of caught responses."""
    return {"timed": response.elapsed.total_seconds() > 0, "hops": len(response.history)}


def _or_error(look: Any) -> Any:
    try:
        return look()
    except Exception as error:
        return type(error).__name__


def _event(fired: dict[str, Any]) -> dict[str, Any]:
    error = fired["exception"]
    return {
        "keys": sorted(fired),
        "type": fired["request_type"],
        "name": fired["name"],
        "url": fired["url"],
        "context": fired["context"],
        "length": fired["response_length"],
        "timed": 0 < fired["response_time"] < _MOST_SECONDS * 1000,
        "exception": error and type(error).__name__,
        "words": error and str(error),
    }


def _shown(value: Any) -> Any:
    """Short enough to be printed; the same only for the same."""
    if isinstance(value, bytes):
        value = value.decode("latin-1")
    if isinstance(value, str) and len(value) > 200:
        return [len(value), hash(value)]
    return value


def main() -> None:
    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    for case in CASES:
        seen: dict[str, Any] = {"case": case.name}
        for who, base in (("stock", FastHttpUser), ("ours", FastUser)):
            server = Server(case, context if case.scheme == "https" else None)
            with gevent.Timeout(_MOST_SECONDS):
                seen[who] = {"told": observe(base, case, server), "asked": server.seen}
            server.stop()
        print(json.dumps(seen), flush=True)


if __name__ == "__main__":
    main()
