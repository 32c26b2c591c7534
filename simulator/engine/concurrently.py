"""Work of which some has to wait for other work, on several threads."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait


def run_concurrently(
    after: Sequence[frozenset[int]], weights: Sequence[int], work: Callable[[int], None], workers: int
) -> None:
    """Do `work(n)` for each number below `len(after)`, each when those that it has to come `after` are done.

    Of those that could begin the heaviest does, so that nothing long is left for the end. The first exception ends
    everything, once what has begun is over; it is raised then.
    """
    waiting = dict(enumerate(after))
    running: dict[Future[None], int] = {}
    done: set[int] = set()
    with ThreadPoolExecutor(workers) as pool:
        while waiting or running:
            ready = [number for number, earlier in waiting.items() if earlier <= done]
            for number in sorted(ready, key=lambda number: -weights[number]):
                del waiting[number]
                running[pool.submit(work, number)] = number
            for future in wait(running, return_when=FIRST_COMPLETED).done:
                done.add(running.pop(future))
                try:
                    future.result()
                except BaseException:
                    pool.shutdown(cancel_futures=True)
                    raise
