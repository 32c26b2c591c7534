"""What a block says about itself: its name (a ULID), meta.json, and tombstones, of which ours have none."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from typing import Final

from simulator.telemetry.interval import Interval

NO_TOMBSTONES: Final = b"\x01\x30\xba\x30\x01" + bytes(4)
"""The file `tombstones` of a block from which nothing was deleted: magic number, version 1, CRC-32C of nothing."""

_ALPHABET: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_LATEST_MS: Final = (1 << 48) - 1


@dataclass(frozen=True)
class BlockStats:
    """How much is in a block."""

    samples: int
    series: int
    chunks: int


@dataclass(frozen=True)
class BlockMeta:
    """The meta.json of a block. `span` holds all of its samples; `sources` are the blocks that it was made of."""

    ulid: str
    span: Interval
    stats: BlockStats
    sources: tuple[str, ...] = field(default=())

    def encode(self) -> bytes:
        """The file."""
        document = {
            "ulid": self.ulid,
            "minTime": self.span.start_ms,
            "maxTime": self.span.end_ms,
            "stats": {
                "numSamples": self.stats.samples,
                "numSeries": self.stats.series,
                "numChunks": self.stats.chunks,
            },
            "compaction": {"level": 1, "sources": list(self.sources or (self.ulid,))},
            "version": 1,
        }
        return (json.dumps(document, indent="\t") + "\n").encode()

    @classmethod
    def decode(cls, content: bytes) -> BlockMeta:
        """Read any block's file. Raises ValueError where it is not one."""
        try:
            document = json.loads(content)
            stats = document.get("stats", {})
            return cls(
                ulid=str(document["ulid"]),
                span=Interval(int(document["minTime"]), int(document["maxTime"])),
                stats=BlockStats(
                    int(stats.get("numSamples", 0)), int(stats.get("numSeries", 0)), int(stats.get("numChunks", 0))
                ),
                sources=tuple(map(str, document["compaction"].get("sources") or ())),
            )
        except (KeyError, TypeError, AttributeError) as error:
            raise ValueError(f"not the meta.json of a block: {error!r}") from error


def block_ulid(fingerprint: str, span: Interval) -> str:
    """The name of the block that holds `span` of what `fingerprint` stands for: always the same, and no other's.

    A ULID (https://github.com/ulid/spec) of the span's end, so that names sort as times do, and of a hash.
    """
    text = f"{fingerprint}/{span.start_ms}/{span.end_ms}"
    entropy = hashlib.blake2b(text.encode(), digest_size=10).digest()
    number = min(max(span.end_ms, 0), _LATEST_MS) << 80 | int.from_bytes(entropy, "big")
    return "".join(_ALPHABET[number >> shift & 31] for shift in range(125, -5, -5))
