"""A half-open span of wall time."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, order=True)
class Interval:
    """`[start_ms, end_ms)` in milliseconds since the Unix epoch. Raises ValueError when it ends before it starts."""

    start_ms: int
    end_ms: int

    def __post_init__(self) -> None:
        if self.end_ms < self.start_ms:
            raise ValueError(f"an interval cannot end ({self.end_ms}) before it starts ({self.start_ms})")

    def __contains__(self, at_ms: int) -> bool:
        return self.start_ms <= at_ms < self.end_ms

    @property
    def length_ms(self) -> int:
        return self.end_ms - self.start_ms

    def overlaps(self, other: Interval) -> bool:
        return self.start_ms < other.end_ms and other.start_ms < self.end_ms
