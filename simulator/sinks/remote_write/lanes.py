"""Senders side by side: each lane does its jobs one after the other, so what goes by one lane keeps its order."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from queue import SimpleQueue
from typing import Final

from simulator.sinks.remote_write.courier import Courier

Job = Callable[[Courier], None]
_END: Final = None


class Lanes:
    """One thread for each courier. One that waits for a receiver does not hold up the end of the process."""

    def __init__(self, couriers: Sequence[Courier]) -> None:
        self._queues: list[SimpleQueue[tuple[Job, Future[None]] | None]] = [SimpleQueue() for _ in couriers]
        self._threads = [
            threading.Thread(target=_work, args=pair, name="sender", daemon=True)
            for pair in zip(couriers, self._queues, strict=True)
        ]
        for thread in self._threads:
            thread.start()

    def __len__(self) -> int:
        return len(self._queues)

    def submit(self, lane: int, job: Job) -> Future[None]:
        """Have it done after everything that this lane was given before."""
        future: Future[None] = Future()
        self._queues[lane].put((job, future))
        return future

    def close(self, grace_seconds: float) -> bool:
        """Let the threads end after what they were given; whether they all did within so much time."""
        for queue in self._queues:
            queue.put(_END)
        deadline = time.monotonic() + grace_seconds
        for thread in self._threads:
            thread.join(max(deadline - time.monotonic(), 0.0))
        return not any(thread.is_alive() for thread in self._threads)


def _work(courier: Courier, queue: SimpleQueue[tuple[Job, Future[None]] | None]) -> None:
    with courier:
        while (item := queue.get()) is not _END:
            job, future = item
            if not future.set_running_or_notify_cancel():
                continue
            try:
                job(courier)
            except BaseException as error:
                future.set_exception(error)
            else:
                future.set_result(None)
            del item, job, future  # or the arrays of the last job would be kept until the next one comes
