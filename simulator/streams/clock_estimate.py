"""What another machine's clock reads, from its answers to "what time is it?" (Cristian's algorithm). Pure.

The answer was read off that clock some time between asking and hearing, so half the round trip is by how much the
middle may be wrong. The quickest answer is the best; an old one grows worse as the two clocks drift apart.
"""

from __future__ import annotations

from collections import deque

DRIFT = 50e-6
"""By which share two clocks may run apart; quartz is within half of it."""

_REMEMBERED = 24


class ClockEstimate:
    """How far another clock is ahead of ours. Instants are microseconds."""

    def __init__(self) -> None:
        self._answers: deque[tuple[int, int, int]] = deque(maxlen=_REMEMBERED)  # heard at, possible error, offset

    def __len__(self) -> int:
        return len(self._answers)

    def hear(self, asked_us: int, heard_us: int, theirs_us: int) -> None:
        """Their clock read `theirs_us` some time between two instants of ours."""
        middle = (asked_us + heard_us) // 2
        self._answers.append((heard_us, (heard_us - asked_us + 1) // 2 + 1, theirs_us - middle))

    def at(self, now_us: int) -> tuple[int, int]:
        """By how much the estimate may be wrong now, and how far they are ahead. Raises ValueError without answers."""
        return min((error + round((now_us - heard) * DRIFT), offset) for heard, error, offset in self._answers)
