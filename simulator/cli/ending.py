"""SIGTERM as an orderly end, as Ctrl-C is one: what was started is stopped."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType


class Terminated(BaseException):
    """SIGTERM came."""


@contextmanager
def sigterm_ends_it() -> Iterator[None]:
    """Let SIGTERM raise Terminated meanwhile, once: the end must not be interrupted."""

    def end(number: int, frame: FrameType | None) -> None:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        raise Terminated

    before = signal.signal(signal.SIGTERM, end)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
