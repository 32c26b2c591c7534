"""What `emit` and `backfill` have in common where they write to a receiver: flags, addresses, words."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated, Final

import typer

from simulator.profile.settings import load_settings
from simulator.sinks.remote_write.endpoint import Endpoint, endpoint
from simulator.sinks.remote_write.folder import state_folder
from simulator.sinks.remote_write.tally import Counts

FLAG: Final = "--remote-write"

RemoteWriteOption = Annotated[
    str | None,
    typer.Option(FLAG, metavar="URL", help="Write to this receiver of remote write; without a path: a Prometheus."),
]
RemoteWriteRateOption = Annotated[
    float | None,
    typer.Option("--remote-write-rate", metavar="N", min=1, help="Samples a second at most; default: no cap."),
]
SpoolOption = Annotated[
    Path | None,
    typer.Option(
        "--spool",
        metavar="DIR",
        help="Where remote write keeps how far it is and what waits; default: a folder in ~/.local/state for each URL.",
    ),
]


def chosen_endpoint(url: str) -> Endpoint:
    """The receiver of --remote-write, with credentials from the environment. Raises InputError."""
    return endpoint(url, os.environ, load_settings().allowed_hosts, flag=FLAG)


def spool_folder(given: Path | None, receiver: Endpoint, command: str, shard: str | None) -> Path:
    """--spool, or the place of this command's work for this receiver and shard."""
    return given or state_folder(os.environ, command, receiver.url, shard or "")


def document(counts: Counts) -> dict[str, object]:
    """Counts for --json."""
    return {
        "generated": counts.generated,
        "sent": counts.sent,
        "stale_markers": counts.stale,
        "retried": counts.retried,
        "dropped": dict(counts.dropped),
        "requests": counts.requests,
        "bytes": counts.bytes,
    }
