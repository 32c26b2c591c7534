"""The recorder of a run: every observation goes through here, to the timeline file and to whoever looks on."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from pathlib import Path
from types import TracebackType
from typing import Self

from simulator.telemetry.journal import encode
from simulator.telemetry.observations import Observation

Listener = Callable[[Observation], None]


class Recorder:
    """Keeps observations in the order they were told, by any thread. A line is on disk before it is shown."""

    def __init__(self, timeline: Path, listener: Listener) -> None:
        self._file = timeline.open("w", encoding="utf-8")
        self._listener = listener
        self._lock = threading.Lock()
        self._journal: list[Observation] = []

    def add(self, observation: Observation) -> None:
        """Record one observation. After `close` it is ignored: the journal is being judged."""
        with self._lock:
            if self._file.closed:
                return
            self._file.write(encode(observation) + "\n")
            self._file.flush()
            self._journal.append(observation)
            self._listener(observation)

    def extend(self, observations: Iterable[Observation]) -> None:
        """Record several, in order."""
        for observation in observations:
            self.add(observation)

    @property
    def journal(self) -> tuple[Observation, ...]:
        """Everything recorded so far."""
        with self._lock:
            return tuple(self._journal)

    def close(self) -> None:
        with self._lock:
            self._file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
