"""Senders side by side: each lane does its jobs one after the other, so what goes by one lane keeps its order."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from queue import SimpleQueue
from typing import Final

from simulator.sinks.remote_write.courier import Courier

Job = Callable[[Courier], None]
_END: Final = None


class Lanes:
    """One thread for each courier. Threads that wait for a receiver hold up neither `close` nor the process's end."""

    def __init__(self, couriers: Sequence[Courier]) -> None:
        self._queues: list[SimpleQueue[tuple[Job, Future[None]] | None]] = [SimpleQueue() for _ in couriers]
        for number, (courier, queue) in enumerate(zip(couriers, self._queues, strict=True)):
            threading.Thread(target=_work, args=(courier, queue), name=f"sender {number}", daemon=True).start()

    def __len__(self) -> int:
        return len(self._queues)

    def submit(self, lane: int, job: Job) -> Future[None]:
        """Have it done after everything that this lane was given before."""
        future: Future[None] = Future()
        self._queues[lane].put((job, future))
        return future

    def close(self) -> None:
        """Let the threads end after what they were given. Cancel the futures first where that should not be done."""
        for queue in self._queues:
            queue.put(_END)


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
