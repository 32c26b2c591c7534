"""How a request ended: the status that answered it, or why none did."""

from __future__ import annotations

import errno
import re
import socket
import ssl
from collections.abc import Iterator

import gevent

from simulator.wire.load_report import Unanswered

_TIMED_OUT = re.compile("timed out|.* never told to be ready")
_ABORTED = re.compile("cut off|ended at once|the server (hung up|closed|disconnected)|connection reset|broken pipe")
_NO_WAY = {errno.EADDRNOTAVAIL, errno.ENETUNREACH, errno.EHOSTUNREACH, errno.EMFILE, errno.ENFILE}


def ending(response: object, exception: BaseException | None) -> str:
    """Of an HTTP request, as Locust's request event tells it; nothing of what is not HTTP."""
    status = getattr(response, "status_code", None)
    if status:
        return str(status)
    if status is None or exception is None:
        return ""
    return unanswered(exception)


def unanswered(exception: BaseException) -> Unanswered:
    """Why there was no answer, by what a client raised, or by what that was raised for."""
    for error in _reasons(exception):
        number = getattr(error, "errno", None)
        if number == errno.ECONNREFUSED:
            return Unanswered.REFUSED
        if isinstance(error, (TimeoutError, gevent.Timeout)) or number == errno.ETIMEDOUT:
            return Unanswered.TIMED_OUT
        if isinstance(error, (socket.gaierror, ssl.SSLCertVerificationError)) or number in _NO_WAY:
            return Unanswered.NO_CONNECTION
    return Unanswered.ABORTED


def event_ending(problem: Exception | None) -> str:
    """Of an event sent by Socket.IO: the code of the error that answered it, why nothing did, or nothing."""
    if problem is None:
        return ""
    text = str(problem)
    if _TIMED_OUT.match(text):
        return Unanswered.TIMED_OUT
    if _ABORTED.match(text):
        return Unanswered.ABORTED
    return unanswered(problem.__cause__) if isinstance(problem.__cause__, OSError) else text


def _reasons(exception: BaseException) -> Iterator[BaseException]:
    """An exception, then what it wraps: clients differ in where they keep it."""
    waiting: list[object] = [exception]
    seen: set[int] = set()
    while waiting:
        error = waiting.pop(0)
        if not isinstance(error, BaseException) or id(error) in seen:
            continue
        seen.add(id(error))
        yield error
        wrapped = (getattr(error, name, None) for name in ("original", "reason"))
        waiting += [*wrapped, error.__cause__, error.__context__, *error.args]
