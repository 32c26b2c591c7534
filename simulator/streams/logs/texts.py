"""Names and texts of synthetic people and things, drawn by Faker once, before the first line.

A pool is a table; its rows are drawn by Zipf's law, so that there are busy people and rare words. Addresses of clients
are those of the load generator's users (198.18.0.0/15, for benchmarks: RFC 2544), addresses of attackers are for
documentation (RFC 5737): no line accuses anybody's real machine.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from faker import Faker
from numpy.typing import NDArray

from simulator.catalog.accounts import account
from simulator.catalog.exceptions import FAILURES, FAILURES_POOL, UNAVAILABLE, UNAVAILABLE_POOL, ExceptionGroup
from simulator.catalog.exceptions import ZIPF_EXPONENT as EXCEPTIONS_EXPONENT

_SLOTS: Final = 4096
_PEOPLE: Final = 1024
_IDS: Final = 2048
_ALPHABET: Final = "0123456789abcdefghijklmnopqrstuvwxyz"

Table = Mapping[str, Sequence[str]]


@dataclass(frozen=True)
class Column:
    """Where a kernel finds a column: which slot says which row, and where the rows' texts are."""

    first_slot: int
    slots: int
    first_entry: int
    longest: int


class Pools:
    """The tables of one seed: person, agent, page, word, id, size, attacker, key, and the groups of exceptions."""

    def __init__(self, seed: int, registered_users: int) -> None:
        self._tables = _tables(seed, registered_users)
        self._slots: list[NDArray[np.int64]] = []
        self._first_slot: dict[str, int] = {}
        self._columns: dict[tuple[str, str, bool], Column] = {}
        self._texts = bytearray()
        self._entries = [0]

    def __contains__(self, table: str) -> bool:
        return table in self._tables

    def column(self, table: str, column: str, *, escaped: bool) -> Column:
        """A column, made ready for the kernel. Raises ValueError when the table has no such column."""
        columns, exponent = self._tables[table]
        if column not in columns:
            raise ValueError(f"pool {table} has no column {column!r}")
        known = (table, column, escaped)
        if known not in self._columns:
            rows = [
                (json.dumps(text, ensure_ascii=False)[1:-1] if escaped else text).encode() for text in columns[column]
            ]
            if table not in self._first_slot:
                self._first_slot[table] = _SLOTS * len(self._slots)
                self._slots.append(slots_of(len(rows), exponent))
            first_entry = len(self._entries) - 1
            for row in rows:
                self._texts.extend(row)
                self._entries.append(len(self._texts))
            self._columns[known] = Column(self._first_slot[table], _SLOTS, first_entry, max(map(len, rows)))
        return self._columns[known]

    def rows(self, table: str) -> list[dict[str, str]]:
        """A table row by row."""
        columns, _ = self._tables[table]
        return [dict(zip(columns, values, strict=True)) for values in zip(*columns.values(), strict=True)]

    def slots(self, table: str) -> NDArray[np.int64]:
        """Which row each slot stands for; a draw takes the slot of its lowest bits."""
        columns, exponent = self._tables[table]
        return slots_of(len(next(iter(columns.values()))), exponent)

    def arrays(self) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.uint8]]:
        """Slots, ends of entries, and texts of every column made ready so far."""
        slots = np.concatenate(self._slots) if self._slots else np.zeros(1, dtype=np.int64)
        return slots, np.array(self._entries, dtype=np.int64), np.frombuffer(bytes(self._texts) or b" ", dtype=np.uint8)


def slots_of(rows: int, exponent: float) -> NDArray[np.int64]:
    """A power of two of slots that stand for the rows by Zipf's law."""
    weights = (np.arange(rows) + 1.0) ** -exponent
    edges = np.cumsum(weights) / weights.sum()
    middles = (np.arange(_SLOTS) + 0.5) / _SLOTS
    return np.minimum(np.searchsorted(edges, middles), rows - 1).astype(np.int64)


def _tables(seed: int, registered_users: int) -> dict[str, tuple[Table, float]]:
    """Each pool with its Zipf exponent (0: all rows alike)."""
    faker = Faker("en_US")
    faker.seed_instance(seed)
    random = faker.random
    people = [account(1 + random.randrange(registered_users)) for _ in range(min(_PEOPLE, registered_users))]
    words = list(dict.fromkeys(faker.word() for _ in range(400)))
    return {
        "person": (
            {
                "id": [person.user_id for person in people],
                "name": [person.username for person in people],
                "email": [person.email for person in people],
                "display": [faker.name() for _ in people],
                "address": [_address((198 << 24) + (18 << 16) + person.number % (1 << 17)) for person in people],
            },
            0.7,
        ),
        "agent": ({"text": [faker.user_agent() for _ in range(48)]}, 1.2),
        "page": (
            {
                "path": [f"/{faker.uri_path(2)}" for _ in range(60)],
                "referer": _referers(faker.slug() for _ in range(60)),
            },
            1.0,
        ),
        "word": ({"text": words}, 1.0),
        "sentence": ({"text": [faker.sentence(8) for _ in range(200)]}, 0.0),
        "id": (
            {"cuid": ["c" + "".join(random.choices(_ALPHABET, k=24)) for _ in range(_IDS)]},
            0.0,
        ),
        "community": ({"name": [faker.slug()[:24].strip("-") for _ in range(200)]}, 1.0),
        "size": ({"bytes": [str(int(random.lognormvariate(7.86, 1.4)) + 2) for _ in range(1024)]}, 0.0),
        "attacker": (
            {
                "address": [f"203.0.113.{number}" for number in random.sample(range(1, 255), 40)],
                "name": [
                    *("root", "admin", "test", "ubuntu", "postgres", "oracle"),
                    *(faker.user_name() for _ in range(34)),
                ],
                "country": [faker.country_code() for _ in range(40)],
            },
            0.9,
        ),
        FAILURES_POOL: (_exceptions(FAILURES), EXCEPTIONS_EXPONENT),
        UNAVAILABLE_POOL: (_exceptions(UNAVAILABLE), EXCEPTIONS_EXPONENT),
    }


def _address(number: int) -> str:
    return ".".join(str(number >> shift & 255) for shift in (24, 16, 8, 0))


def _referers(slugs: Iterable[str]) -> list[str]:
    return ["-", *(f"https://platform.cryb.ai/{slug}" for slug in slugs)][:60]


def _exceptions(groups: tuple[ExceptionGroup, ...]) -> Table:
    return {
        "number": [str(number) for number in range(len(groups))],
        "type": [group.type for group in groups],
        "message": [group.message for group in groups],
        "code": [group.code for group in groups],
        "stack": [group.stack for group in groups],
    }
