"""A log line's template, compiled to operations that a kernel can follow.

    {"level":"info","time":"${time.iso}","method":"${method}","user":"${user.id}","trace_id":"${hex.32/trace}"}

| Placeholder | Becomes |
|---|---|
| `${method}` | the value of the row's label of that name, put in when the template is compiled |
| `${host}` | the host that writes the line |
| `${time.FORMAT}` | the event's wall time: iso, nginx, postgres, syslog, redis |
| `${duration.ms}`, `${duration.s}` | how long the event took, with three decimals |
| `${hex.N/NAME}` | N hexadecimal digits, at most 32 |
| `${int.LOW.HIGH/NAME}` | a whole number between them, both included |
| `${TABLE.COLUMN}`, `${TABLE.COLUMN/NAME}` | a text out of a pool (`texts.Pools`) |

What is drawn is drawn from the event's own bits and NAME (without one: the table's), so the same placeholder says the
same in every line about an event, and columns of one table belong together. A template that begins with a brace is a
JSON object: what is put into it is escaped.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum
from typing import Final

from simulator.model.aspects import aspect_key
from simulator.streams.logs.texts import Pools

_PLACEHOLDER: Final = re.compile(r"\$\{([^}]*)\}")
_LONGEST_NUMBER: Final = 20
_LONGEST_TIME: Final = 32
_LONGEST_HOST: Final = 64


class Op(IntEnum):
    """What an operation writes; its operands are said beside it."""

    LITERAL = 0  # start, length in the literals
    PICK = 1  # first slot, slots - 1, aspect, first entry of the column
    TIME = 2  # format
    DURATION_MS = 3
    DURATION_S = 4
    HEX = 5  # digits, 0, aspect
    INTEGER = 6  # low, number of values, aspect
    HOST = 7


TIMES: Final = ("iso", "nginx", "postgres", "syslog", "redis")
Operation = tuple[int, int, int, int, int]


@dataclass(frozen=True)
class Program:
    """One compiled template. `longest` is how many bytes it can write."""

    operations: tuple[Operation, ...]
    longest: int


class Compiler:
    """Compiles templates into operations over one store of literals and aspects."""

    def __init__(self, pools: Pools) -> None:
        self._pools = pools
        self._literals = bytearray()
        self._aspects: dict[str, int] = {}

    @property
    def literals(self) -> bytes:
        """Every literal of every program."""
        return bytes(self._literals)

    @property
    def aspects(self) -> list[int]:
        """What an event's bits are mixed with for each NAME."""
        return [int(aspect_key(name)) for name in self._aspects]

    def compile(self, template: str, labels: Mapping[str, str]) -> Program:
        """The program of a template for one row. Raises ValueError for a placeholder that means nothing."""
        is_json = template.startswith("{")
        operations: list[Operation] = []
        longest = 0
        text = ""
        position = 0

        def literal() -> None:
            nonlocal text, longest
            if text:
                encoded = text.encode()
                operations.append((Op.LITERAL, len(self._literals), len(encoded), 0, 0))
                self._literals.extend(encoded)
                longest += len(encoded)
                text = ""

        for match in _PLACEHOLDER.finditer(template):
            text += template[position : match.start()]
            position = match.end()
            name = match[1]
            if name in labels:
                text += json.dumps(labels[name], ensure_ascii=False)[1:-1] if is_json else labels[name]
                continue
            literal()
            operation, length = self._operation(name, is_json)
            operations.append(operation)
            longest += length
        text += template[position:]
        literal()
        return Program(tuple(operations), longest)

    def _operation(self, placeholder: str, is_json: bool) -> tuple[Operation, int]:
        path, _, name = placeholder.partition("/")
        match path.split("."):
            case ["host"]:
                return (Op.HOST, 0, 0, 0, 0), _LONGEST_HOST
            case ["time", form] if form in TIMES:
                return (Op.TIME, TIMES.index(form), 0, 0, 0), _LONGEST_TIME
            case ["duration", "ms"]:
                return (Op.DURATION_MS, 0, 0, 0, 0), _LONGEST_NUMBER
            case ["duration", "s"]:
                return (Op.DURATION_S, 0, 0, 0, 0), _LONGEST_NUMBER
            case ["hex", digits] if name and 0 < int(digits) <= 32:
                return (Op.HEX, int(digits), 0, self._aspect(name), 0), int(digits)
            case ["int", low, high] if name:
                return (Op.INTEGER, int(low), int(high) - int(low) + 1, self._aspect(name), 0), _LONGEST_NUMBER
            case [table, column] if table in self._pools:
                column_of = self._pools.column(table, column, escaped=is_json)
                aspect = self._aspect(name or table)
                return (
                    (Op.PICK, column_of.first_slot, column_of.slots - 1, aspect, column_of.first_entry),
                    column_of.longest,
                )
        raise ValueError(f"${{{placeholder}}} is no placeholder")

    def _aspect(self, name: str) -> int:
        return self._aspects.setdefault(name, len(self._aspects))
