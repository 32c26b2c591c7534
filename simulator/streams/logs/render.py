"""Lines at speed: programs of many events carried out into one buffer of bytes.

A line costs about a microsecond. There is no Python object for a line, let alone for a field of it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from simulator.compiled import inlined, kernel
from simulator.model.aspects import write_hex
from simulator.model.draws import bits
from simulator.streams.logs.template import Op, Program
from simulator.streams.logs.texts import Pools

Bytes = NDArray[np.uint8]
Ints = NDArray[np.int64]

_LITERAL, _PICK, _TIME, _MS, _S, _HEX, _INTEGER, _HOST = (int(op) for op in Op)
_MONTHS = np.frombuffer(b"JanFebMarAprMayJunJulAugSepOctNovDec", dtype=np.uint8)
_COLON, _DASH, _SLASH, _DOT, _SPACE, _NEWLINE = (ord(c) for c in ":-/. \n")
_ZERO, _T, _Z, _PLUS, _U, _C = (ord(c) for c in "0TZ+UC")


@dataclass(frozen=True)
class Lines:
    """What is to be written, line by line: its program and its host, and its event's bits, wall time and duration."""

    program: Ints
    host: Ints
    random: NDArray[np.uint64]
    at_ms: Ints
    microseconds: Ints

    def part(self, first: int, last: int) -> Lines:
        """Some of them."""
        return Lines(
            self.program[first:last],
            self.host[first:last],
            self.random[first:last],
            self.at_ms[first:last],
            self.microseconds[first:last],
        )

    @classmethod
    def none(cls) -> Lines:
        nothing = np.empty(0, dtype=np.int64)
        return cls(nothing, nothing, np.empty(0, dtype=np.uint64), nothing, nothing)


class Renderer:
    """Programs and texts in the arrays that the kernel reads."""

    def __init__(
        self,
        programs: Sequence[Program],
        literals: bytes,
        aspects: Sequence[int],
        pools: Pools,
        hosts: Sequence[str],
    ) -> None:
        self._first = np.cumsum([0, *(len(program.operations) for program in programs)]).astype(np.int64)
        self._operations = np.array([op for program in programs for op in program.operations], dtype=np.int64)
        self._longest = np.array([program.longest + 1 for program in programs], dtype=np.int64)
        self._literals = np.frombuffer(literals or b" ", dtype=np.uint8)
        self._aspects = np.array(aspects or [0], dtype=np.uint64)
        self._slots, self._entries, self._texts = pools.arrays()
        names = [host.encode() for host in hosts]
        self._host_ends = np.cumsum([0, *map(len, names)]).astype(np.int64)
        self._host_texts = np.frombuffer(b"".join(names), dtype=np.uint8)

    def render(self, lines: Lines) -> tuple[bytes, Ints]:
        """Every line with a line feed after it, and where each of them ends (after its line feed)."""
        out = np.empty(int(self._longest[lines.program].sum()), dtype=np.uint8)
        ends = np.empty(len(lines.program), dtype=np.int64)
        _render(
            self._first,
            self._operations,
            self._literals,
            self._aspects,
            self._slots,
            self._entries,
            self._texts,
            self._host_ends,
            self._host_texts,
            lines.program,
            lines.host,
            lines.random,
            lines.at_ms,
            lines.microseconds,
            out,
            ends,
        )
        return out[: ends[-1] if len(ends) else 0].tobytes(), ends


@inlined
def _two(out: Bytes, at: int, number: int) -> int:
    out[at] = _ZERO + number // 10
    out[at + 1] = _ZERO + number % 10
    return at + 2


@inlined
def _three(out: Bytes, at: int, number: int) -> int:
    out[at] = _ZERO + number // 100
    return _two(out, at + 1, number % 100)


@inlined
def _number(out: Bytes, at: int, number: int) -> int:
    if number < 0:
        out[at] = _DASH
        at += 1
        number = -number
    digits = 1
    bound = 10
    while number >= bound and digits < 18:
        bound *= 10
        digits += 1
    for place in range(at + digits - 1, at - 1, -1):
        out[place] = _ZERO + number % 10
        number //= 10
    return at + digits


@inlined
def _copy(out: Bytes, at: int, source: Bytes, first: int, length: int) -> int:
    for place in range(length):
        out[at + place] = source[first + place]
    return at + length


@inlined
def _date(day: int) -> tuple[int, int, int]:
    """Year, month and day of the month (H. Hinnant, "chrono-compatible low-level date algorithms")."""
    z = day + 719468
    era = z // 146097
    day_of_era = z - era * 146097
    year_of_era = (day_of_era - day_of_era // 1460 + day_of_era // 36524 - day_of_era // 146096) // 365
    day_of_year = day_of_era - (365 * year_of_era + year_of_era // 4 - year_of_era // 100)
    shifted = (5 * day_of_year + 2) // 153
    month = shifted + 3 if shifted < 10 else shifted - 9
    return year_of_era + era * 400 + (1 if month <= 2 else 0), month, day_of_year - (153 * shifted + 2) // 5 + 1


@inlined
def _clock(out: Bytes, at: int, seconds: int) -> int:
    at = _two(out, at, seconds // 3600)
    out[at] = _COLON
    at = _two(out, at + 1, seconds // 60 % 60)
    out[at] = _COLON
    return _two(out, at + 1, seconds % 60)


@inlined
def _millis(out: Bytes, at: int, milliseconds: int) -> int:
    out[at] = _DOT
    return _three(out, at + 1, milliseconds)


@inlined
def _time(out: Bytes, at: int, form: int, wall_ms: int, year: int, month: int, day: int) -> int:
    milliseconds = wall_ms % 1000
    seconds = wall_ms // 1000 % 86400
    if form == 0 or form == 2:  # 2026-01-05T20:00:00.123Z and 2026-01-05 20:00:00.123 UTC
        at = _number(out, at, year)
        out[at] = _DASH
        at = _two(out, at + 1, month)
        out[at] = _DASH
        at = _two(out, at + 1, day)
        out[at] = _T if form == 0 else _SPACE
        at = _millis(out, _clock(out, at + 1, seconds), milliseconds)
        if form == 0:
            out[at] = _Z
            return at + 1
        out[at], out[at + 1], out[at + 2], out[at + 3] = _SPACE, _U, _T, _C
        return at + 4
    if form == 1:  # 05/Jan/2026:20:00:00 +0000
        at = _two(out, at, day)
        out[at] = _SLASH
        at = _copy(out, at + 1, _MONTHS, 3 * (month - 1), 3)
        out[at] = _SLASH
        at = _number(out, at + 1, year)
        out[at] = _COLON
        at = _clock(out, at + 1, seconds)
        out[at], out[at + 1] = _SPACE, _PLUS
        return _two(out, _two(out, at + 2, 0), 0)
    if form == 3:  # Jan  5 20:00:00
        at = _copy(out, at, _MONTHS, 3 * (month - 1), 3)
        out[at] = _SPACE
        out[at + 1] = _SPACE if day < 10 else _ZERO + day // 10
        out[at + 2] = _ZERO + day % 10
        out[at + 3] = _SPACE
        return _clock(out, at + 4, seconds)
    at = _two(out, at, day)  # 05 Jan 2026 20:00:00.123
    out[at] = _SPACE
    at = _copy(out, at + 1, _MONTHS, 3 * (month - 1), 3)
    out[at] = _SPACE
    at = _number(out, at + 1, year)
    out[at] = _SPACE
    return _millis(out, _clock(out, at + 1, seconds), milliseconds)


@kernel
def _render(
    first: Ints,
    operations: Ints,
    literals: Bytes,
    aspects: NDArray[np.uint64],
    slots: Ints,
    entries: Ints,
    texts: Bytes,
    host_ends: Ints,
    host_texts: Bytes,
    programs: Ints,
    hosts: Ints,
    random: NDArray[np.uint64],
    at_ms: Ints,
    microseconds: Ints,
    out: Bytes,
    ends: Ints,
) -> None:
    at = 0
    known_day = np.int64(-(1 << 40))
    year, month, day = 0, 0, 0
    for line in range(len(programs)):
        today = at_ms[line] // 86400000
        if today != known_day:
            year, month, day = _date(today)
            known_day = today
        for place in range(first[programs[line]], first[programs[line] + 1]):
            op = operations[place, 0]
            one = operations[place, 1]
            other = operations[place, 2]
            if op == _LITERAL:
                at = _copy(out, at, literals, one, other)
            elif op == _PICK:
                drawn = bits(random[line], aspects[operations[place, 3]])
                entry = operations[place, 4] + slots[one + np.int64(drawn & np.uint64(other))]
                at = _copy(out, at, texts, entries[entry], entries[entry + 1] - entries[entry])
            elif op == _TIME:
                at = _time(out, at, one, at_ms[line], year, month, day)
            elif op == _MS:
                at = _number(out, at, microseconds[line] // 1000)
                at = _millis(out, at, microseconds[line] % 1000)
            elif op == _S:
                rounded = (microseconds[line] + 500) // 1000
                at = _number(out, at, rounded // 1000)
                at = _millis(out, at, rounded % 1000)
            elif op == _HEX:
                at = write_hex(out, at, bits(random[line], aspects[operations[place, 3]]), one)
            elif op == _HOST:
                first_byte = host_ends[hosts[line]]
                at = _copy(out, at, host_texts, first_byte, host_ends[hosts[line] + 1] - first_byte)
            else:
                drawn = bits(random[line], aspects[operations[place, 3]])
                at = _number(out, at, one + np.int64(drawn % np.uint64(other)))
        out[at] = _NEWLINE
        at += 1
        ends[line] = at
