"""How a request ended, by whatever a client raised."""

from __future__ import annotations

import errno
import importlib.util
import socket
import ssl
import urllib.error
from types import SimpleNamespace
from typing import Any

import gevent
import pytest
from geventhttpclient.response import HTTPConnectionClosed
from geventhttpclient.useragent import RetriesExceeded

from simulator.resources import shipped
from simulator.wire.load_report import Unanswered


def load() -> Any:
    """The module alone; those beside it import Locust, which patches sockets."""
    spec = importlib.util.spec_from_file_location("ending", shipped("scenarios") / "_ending.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


ending = load()


def caused(error: Exception, cause: BaseException) -> Exception:
    error.__cause__ = cause
    return error


@pytest.mark.parametrize(
    ("exception", "why"),
    [
        (ConnectionRefusedError(errno.ECONNREFUSED, "Connection refused"), Unanswered.REFUSED),
        (urllib.error.URLError(ConnectionRefusedError(errno.ECONNREFUSED, "no")), Unanswered.REFUSED),
        (RetriesExceeded("http://a", 0, original=TimeoutError("timed out")), Unanswered.TIMED_OUT),
        (gevent.Timeout(10), Unanswered.TIMED_OUT),
        (OSError(errno.ETIMEDOUT, "Connection timed out"), Unanswered.TIMED_OUT),
        (HTTPConnectionClosed("connection closed."), Unanswered.ABORTED),
        (ConnectionResetError(errno.ECONNRESET, "Connection reset by peer"), Unanswered.ABORTED),
        (ConnectionAbortedError("the user was stopped with the request on its way"), Unanswered.ABORTED),
        (socket.gaierror(socket.EAI_NONAME, "Name or service not known"), Unanswered.NO_CONNECTION),
        (OSError(errno.EADDRNOTAVAIL, "Cannot assign requested address"), Unanswered.NO_CONNECTION),
        (ssl.SSLCertVerificationError("self-signed"), Unanswered.NO_CONNECTION),
        (caused(RuntimeError("wrapped"), caused(OSError("again"), TimeoutError())), Unanswered.TIMED_OUT),
    ],
    ids=str,
)
def test_why_nobody_answered(exception: BaseException, why: Unanswered) -> None:
    assert ending.unanswered(exception) is why
    assert ending.ending(SimpleNamespace(status_code=0), exception) == why
    assert ending.ending(SimpleNamespace(status_code=503), exception) == "503"  # whatever befell its body


def test_what_is_not_http_says_so_itself() -> None:
    assert ending.ending(None, ValueError("a mistake in somebody's task")) == ""
    assert ending.ending(SimpleNamespace(status_code=0), None) == ""


def test_an_exception_that_wraps_itself_ends() -> None:
    error = RuntimeError("round")
    error.__context__ = caused(RuntimeError("and round"), error)
    assert ending.unanswered(error) is Unanswered.ABORTED


@pytest.mark.parametrize(
    ("problem", "end"),
    [
        (None, ""),
        (RuntimeError("timed out"), Unanswered.TIMED_OUT),
        (RuntimeError("was let in, but never told to be ready"), Unanswered.TIMED_OUT),
        (RuntimeError("cut off: the server hung up"), Unanswered.ABORTED),
        (RuntimeError("the server closed with code 1012"), Unanswered.ABORTED),
        (caused(RuntimeError("connection refused"), ConnectionRefusedError(errno.ECONNREFUSED, "no")), "refused"),
        (RuntimeError("RATE_LIMITED"), "RATE_LIMITED"),
        (RuntimeError("refused: jwt expired"), "refused: jwt expired"),
    ],
    ids=str,
)
def test_events(problem: Exception | None, end: str) -> None:
    assert ending.event_ending(problem) == end
