"""Pushes the lines of one run, one request after the other: encodes the next while the last one is on its way.

A stream's lines arrive oldest first, because nothing is sent before what came earlier was taken. A server that is gone
or busy is waited for; nothing is kept meanwhile, for the model can be asked again at any time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from types import TracebackType
from typing import Self

import httpx
import numpy as np

from simulator.clock import Clock
from simulator.errors import UndeliveredError
from simulator.sinks.delivery import PATIENCE_SECONDS, Delivery, GaveUpError, Pause, RefusedError, StoppedError
from simulator.sinks.loki.advice import advice, is_final
from simulator.sinks.loki.batches import REQUEST_BYTES, Batcher, Parcel
from simulator.sinks.loki.endpoint import PUSH_PATH, Endpoint
from simulator.sinks.loki.limits import Limits
from simulator.sinks.loki.pace import Pace
from simulator.sinks.loki.tally import Tally, Totals
from simulator.telemetry.logs import LogBatch
from simulator.telemetry.samples import Labels
from simulator.wire.loki import FORMATS

_MOST_WORDS = 300

OnTaken = Callable[[Parcel], None]
"""Told of each request that was taken."""


class LokiPush:
    """Takes batches of lines to one Loki. A context manager; `write` may be called again and again, in time's order."""

    def __init__(
        self,
        endpoint: Endpoint,
        streams: Sequence[Labels],
        limits: Limits,
        clock: Clock,
        pause: Pause,
        *,
        form: str = "protobuf",
        rate_bytes: float | None = None,
        patience_seconds: float = PATIENCE_SECONDS,
        goes_on: bool = False,
        tell: Callable[[str], None] = lambda _: None,
        on_taken: OnTaken = lambda _: None,
        request_bytes: int = REQUEST_BYTES,
    ) -> None:
        """`rate_bytes`: lines' bytes a second at most, where that is less than the server allows. `goes_on`: what is
        refused is counted and told, not raised, and the next is sent. `tell` gets a line whenever something changes
        between well and not well."""
        self._name = f"Loki at {endpoint.url}"
        self._client = endpoint.client()
        self._tally = Tally(streams)
        self._batcher = Batcher(len(streams), limits, request_bytes=request_bytes)
        self._pace = Pace(len(streams), limits, clock, rate_bytes)
        self._pause = pause
        self._format = FORMATS[form](streams)
        self._delivery = Delivery(clock, pause, patience_seconds=patience_seconds)
        self._goes_on = goes_on
        self._tell = tell
        self._on_taken = on_taken
        self._told: set[str] = set()
        self._sender = ThreadPoolExecutor(1, thread_name_prefix="loki")
        self._sending: Future[None] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the connection, once the request on its way has met its fate."""
        self._sender.shutdown(wait=True)
        self._client.close()

    def write(self, batches: Iterable[LogBatch]) -> None:
        """Send every line, and wait for the last of them to be taken.

        Raises UndeliveredError where the server refuses what it would refuse again (unless it goes on), or stays away
        for longer than there is patience; StoppedError when there is to be an end.
        """
        for batch in batches:
            for parcel in self._batcher.cut(batch):
                body = self._format.encode(parcel.lines)
                self._wait()
                self._sending = self._sender.submit(self._send, parcel, body)
        self._wait()

    def totals(self) -> Totals:
        """What became of the lines so far."""
        return self._tally.totals(
            retried=self._delivery.retried,
            waited_seconds=self._delivery.waited_seconds,
            too_long=np.asarray(self._batcher.too_long),
        )

    def _wait(self) -> None:
        sending, self._sending = self._sending, None
        if sending is not None:
            sending.result()

    def _send(self, parcel: Parcel, body: bytes) -> None:
        seconds = self._pace.take(parcel)
        if seconds > 0 and self._pause(seconds):
            raise StoppedError("an end was wanted")
        try:
            self._delivery.deliver(lambda: self._post(body))
        except RefusedError as error:
            self._tally.was_refused(parcel)
            line = self._refusal(error)
            if not self._goes_on:
                raise UndeliveredError(line) from error
            self._tell_once(line)
        except StoppedError:
            raise
        except GaveUpError as error:
            raise UndeliveredError(f"{self._name} took nothing for too long: {_shortened(str(error))}") from error
        else:
            self._tally.taken(parcel, len(body))
            self._on_taken(parcel)

    def _post(self, body: bytes) -> httpx.Response:
        try:
            response = self._client.post(PUSH_PATH, content=body, headers=self._format.headers)
        except httpx.TransportError as error:
            self._tell_once(f"{self._name} does not answer ({type(error).__name__}); trying again")
            raise
        if is_final(response.status_code, response.text):
            raise RefusedError(response.status_code, response.text)
        if response.is_success:
            if self._delivery.problem:
                self._tell(f"{self._name} takes lines again")
                self._told.clear()
        elif response.status_code == 429 or response.status_code >= 500:
            hint = advice(response.status_code, response.text)
            self._tell_once(f"{self._name} answers {response.status_code}{f' ({hint})' if hint else ''}; trying again")
        return response

    def _refusal(self, error: RefusedError) -> str:
        hint = advice(error.status, error.text)
        return f"{self._name} refused lines: {_shortened(str(error))}{f'; {hint}' if hint else ''}"

    def _tell_once(self, line: str) -> None:
        kind = line[:80]
        if kind not in self._told:
            self._told.add(kind)
            self._tell(line)


def _shortened(words: str) -> str:
    return words if len(words) <= _MOST_WORDS else words[:_MOST_WORDS] + "…"
