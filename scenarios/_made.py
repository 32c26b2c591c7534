"""What the users of this process made, written down so that `crybsim load … --cleanup` can remove it."""

from __future__ import annotations

import os

from _run import RUN

from simulator.wire.created import Created, encode_created, tag_of

TAG = tag_of(RUN.manifest.run_id) if RUN else "#crybsim"
"""Ends each text that a user writes, so that it is known for what it is."""

_path = RUN.report.parent / f"created-{os.getpid()}.jsonl" if RUN else None
_file = None


def note(kind: str, made_id: object, *, by: str, number: int, host: str) -> None:
    """Write one thing down. Under plain `locust -f` nobody asks."""
    global _file
    if _path is None or not made_id:
        return
    if _file is None:
        _file = _path.open("ab", buffering=0)
    line = Created(kind=kind, id=str(made_id), by=by, number=number, host=host)
    _file.write(encode_created(line) + b"\n")
