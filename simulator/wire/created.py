r"""What the users of a run made, one JSON line each, so that it can be removed again, also long after the run.

    {"kind":"message","id":"c1…","by":"user_000007","number":7,"host":"http://127.0.0.1:3001"}

Each process of the generator writes a file of its own; a line is written when the API has said that the thing is there.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from pydantic import TypeAdapter, ValidationError

PATTERN: Final = "created-*.jsonl"


def tag_of(run_id: str) -> str:
    """The words by which contents of a run are known wherever they are shown."""
    return f"#crybsim-{run_id}"


@dataclass(frozen=True, kw_only=True)
class Created:
    """One thing. `number` is the user's in the pool, 0 for one who is not of the pool."""

    kind: str
    id: str
    by: str
    number: int
    host: str


_CREATED: TypeAdapter[Created] = TypeAdapter(Created)


def encode_created(created: Created) -> bytes:
    """One line, without its end."""
    return _CREATED.dump_json(created)


def read_created(run: Path) -> Iterator[Created]:
    """Everything that the files of a run folder tell; a line that was cut off in mid-write is left out."""
    for path in sorted(run.glob(PATTERN)):
        for line in path.read_bytes().splitlines():
            try:
                yield _CREATED.validate_json(line)
            except ValidationError:
                continue
