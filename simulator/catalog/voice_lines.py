"""From where on a call is poor: the contract's lines (section 4, "Quality threshold"), for API and users alike.

More than 5 % of the packets lost, more than 100 ms of jitter, a connection that failed. The contract names `latency` as
a reason and gives no line for it; here it is 400 ms from mouth to ear, above which ITU-T G.114 (05/2003) finds no
planning acceptable, or twice that there and back.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final

LOSS_PERCENT: Final = 5.0
JITTER_MS: Final = 100.0
ONE_WAY_MS: Final = 400.0


class Reason(StrEnum):
    """Why a call is poor; the contract's words."""

    PACKET_LOSS = "packet_loss"
    JITTER = "jitter"
    LATENCY = "latency"
    DISCONNECT = "disconnect"


def over_the_line(
    *,
    loss_percent: float | None = None,
    jitter_ms: float | None = None,
    rtt_ms: float | None = None,
    one_way_ms: float | None = None,
) -> tuple[Reason, ...]:
    """The lines that one report is over; what it does not tell is None."""
    found = []
    if (loss_percent or 0.0) > LOSS_PERCENT:
        found.append(Reason.PACKET_LOSS)
    if (jitter_ms or 0.0) > JITTER_MS:
        found.append(Reason.JITTER)
    if max(one_way_ms or 0.0, (rtt_ms or 0.0) / 2) > ONE_WAY_MS:
        found.append(Reason.LATENCY)
    return tuple(found)
