"""What a sent message carries so that whoever receives it knows when it was sent, and by whom in which order.

    crybsim1.9f3a0c12.7be1d004.17.203.1c9a0f2e3d    run, process, user, number of the message, instant of sending

It travels in the message's `nonce`, or at the end of its text where a server drops the nonce. Only letters, digits and
dots, so that no JSON or HTML escapes it. The instant is in microseconds of the run's clock (`simulator.clock` of the
generator's leading process, or its estimate elsewhere).
"""

from __future__ import annotations

import re
from typing import Final, NamedTuple

_MARK: Final = "crybsim1."
_FORM: Final = re.compile(r"crybsim1\.([0-9a-f]+)\.([0-9a-f]+)\.([0-9a-f]+)\.([0-9a-f]+)\.([0-9a-f]+)")


class Stamp(NamedTuple):
    """Who sent a message, and when. `number` counts the messages of one user from 1."""

    run: str
    process: str
    user: int
    number: int
    sent_us: int


def encode_stamp(run: str, process: str, user: int, number: int, sent_us: int) -> str:
    """The stamp as text. `run` and `process` are lower-case hexadecimal."""
    return f"{_MARK}{run}.{process}.{user:x}.{number:x}.{sent_us:x}"


def decode_stamp(text: str) -> Stamp | None:
    """The stamp that a text is or contains, or None."""
    if text.startswith(_MARK):
        parts = text.split(".")
        if len(parts) == 6:
            try:
                return Stamp(parts[1], parts[2], int(parts[3], 16), int(parts[4], 16), int(parts[5], 16))
            except ValueError:
                return None
    found = _FORM.search(text)
    if found is None:
        return None
    run, process, user, number, sent = found.groups()
    return Stamp(run, process, int(user, 16), int(number, 16), int(sent, 16))
