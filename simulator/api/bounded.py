"""A mapping that cannot grow without end: at its maximum, the oldest entry makes room for the newest."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Generic, TypeVar

K = TypeVar("K")
V = TypeVar("V")


class Bounded(Generic[K, V]):
    """At most `maximum` entries; entries put with `keep` are seeded ones, counted apart and never evicted.

    Iteration goes from the oldest to the newest, kept entries first. `on_evict` hears of each evicted value.
    """

    def __init__(self, maximum: int, on_evict: Callable[[V], None] | None = None) -> None:
        if maximum < 1:
            raise ValueError(f"a bounded mapping needs room for at least one entry, not {maximum}")
        self.maximum = maximum
        self.evicted = 0
        self._kept: dict[K, V] = {}
        self._entries: dict[K, V] = {}
        self._on_evict = on_evict

    def put(self, key: K, value: V) -> None:
        """Add or replace; the newest entry is the one put last."""
        if key in self._kept:
            self._kept[key] = value
            return
        if self._entries.pop(key, None) is None and len(self._entries) >= self.maximum:
            oldest = next(iter(self._entries))
            gone = self._entries.pop(oldest)
            self.evicted += 1
            if self._on_evict is not None:
                self._on_evict(gone)
        self._entries[key] = value

    def keep(self, key: K, value: V) -> None:
        """Add an entry that stays for good. The caller knows how many those are."""
        self._kept[key] = value

    def get(self, key: K) -> V | None:
        value = self._entries.get(key)
        return value if value is not None else self._kept.get(key)

    def pop(self, key: K) -> V | None:
        """Remove an entry; kept ones too."""
        value = self._entries.pop(key, None)
        return value if value is not None else self._kept.pop(key, None)

    def newest(self) -> Iterator[V]:
        """Values from the newest to the oldest."""
        yield from reversed(self._entries.values())
        yield from reversed(self._kept.values())

    def __contains__(self, key: K) -> bool:
        return key in self._entries or key in self._kept

    def __len__(self) -> int:
        return len(self._entries) + len(self._kept)

    def __iter__(self) -> Iterator[V]:
        yield from self._kept.values()
        yield from self._entries.values()
